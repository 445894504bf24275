"""One file for each resource: small handlers, and the table that says what each operation takes and gives."""

from gateway.routes import (
    accounts,
    activity,
    commands,
    limits,
    problems,
    service,
    sharing,
    signing_keys,
    task_lists,
    tasks,
)

OPERATIONS = (
    *accounts.OPERATIONS,
    *tasks.OPERATIONS,
    *task_lists.OPERATIONS,
    *sharing.OPERATIONS,
    *activity.OPERATIONS,
    *commands.OPERATIONS,
    *problems.OPERATIONS,
    *limits.OPERATIONS,
    *signing_keys.OPERATIONS,
    *service.OPERATIONS,
)
