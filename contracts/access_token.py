"""What an access token looks like, agreed between auth_worker, which signs it, and the gateway, which believes it."""

ALGORITHM = "ES256"
TYPE = "at+jwt"
AUDIENCE = "taskmesh-api"

API_TOKEN_PREFIX = "tm_"  # noqa: S105  how personal API tokens begin

ACCOUNT_SCOPE = "account"
"""Whoever logged in may also manage the account itself; no API token can."""
