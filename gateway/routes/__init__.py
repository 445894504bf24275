"""One file for each resource: small handlers, and the table that says what each operation takes and gives."""

from gateway.routes import (
    accounts,
    activity,
    api_tokens,
    commands,
    limits,
    passwords,
    problems,
    profile,
    service,
    sessions,
    signing_keys,
    tasks,
)

OPERATIONS = (
    *accounts.OPERATIONS,
    *profile.OPERATIONS,
    *passwords.OPERATIONS,
    *sessions.OPERATIONS,
    *api_tokens.OPERATIONS,
    *tasks.OPERATIONS,
    *activity.OPERATIONS,
    *commands.OPERATIONS,
    *problems.OPERATIONS,
    *limits.OPERATIONS,
    *signing_keys.OPERATIONS,
    *service.OPERATIONS,
)
