"""One file for each resource: small handlers, and the table that says what each operation takes and gives."""

from gateway.routes import (
    accounts,
    activity,
    commands,
    comments,
    documents,
    events,
    files,
    limits,
    notifications,
    problems,
    service,
    sharing,
    signing_keys,
    task_lists,
    tasks,
    webhooks,
)

OPERATIONS = (
    *accounts.OPERATIONS,
    *tasks.OPERATIONS,
    *task_lists.OPERATIONS,
    *sharing.OPERATIONS,
    *comments.OPERATIONS,
    *files.OPERATIONS,
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
