"""One file for each resource: small handlers, and the table that says what each operation takes and gives."""

from gateway.routes import (
    accounts,
    activity,
    commands,
    documents,
    events,
    limits,
    notifications,
    problems,
    service,
    signing_keys,
    tasks,
    webhooks,
)

OPERATIONS = (
    *accounts.OPERATIONS,
    *tasks.OPERATIONS,
    *activity.OPERATIONS,
    *events.OPERATIONS,
    *webhooks.OPERATIONS,
    *notifications.OPERATIONS,
    *commands.OPERATIONS,
    *problems.OPERATIONS,
    *limits.OPERATIONS,
    *signing_keys.OPERATIONS,
    *service.OPERATIONS,
    *documents.OPERATIONS,
)
