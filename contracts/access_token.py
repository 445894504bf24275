"""What an access token looks like, agreed between auth_worker, which signs it, and the gateway, which believes it."""

ALGORITHM = "ES256"
TYPE = "at+jwt"
AUDIENCE = "taskmesh-api"
