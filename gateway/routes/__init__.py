"""One file for each resource: small handlers, and the table that says what each operation takes and gives."""

from gateway.routes import (
    accounts,
    activity,
    commands,
    documents,
    events,
    limits,
    problems,
    service,
    signing_keys,
    tasks,
)

OPERATIONS = (
    *accounts.OPERATIONS,
    *tasks.OPERATIONS,
    *activity.OPERATIONS,
    *events.OPERATIONS,
    *commands.OPERATIONS,
    *problems.OPERATIONS,
    *limits.OPERATIONS,
    *signing_keys.OPERATIONS,
    *service.OPERATIONS,
    *documents.OPERATIONS,
)
