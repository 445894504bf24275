"""Who sends the load, and how many of his changes were accepted."""

import secrets
from dataclasses import dataclass
from uuid import UUID

import orjson

from load.client import Client
from load.requests import Answer, Request
from ops.errors import OpsError

PASSWORD = "Analytical-Engine-1843"  # noqa: S105  of accounts that exist for the load
_UNCERTAIN = {None, 202, 500, 502, 504}


async def register(client: Client) -> str:
    """The name of a fresh account."""
    name = f"load-{secrets.token_hex(5)}"
    body = orjson.dumps({"username": name, "email": f"{name}@example.org", "password": PASSWORD})
    expect(await client.send(Request("POST", "/v1/auth/register", body)), "Registering")
    return name


def login(username: str) -> Request:
    return Request("POST", "/v1/auth/login", orjson.dumps({"username": username, "password": PASSWORD}))


def expect(answer: Answer, what: str) -> Answer:
    if answer.accepted:
        return answer
    hint = " Start the stack without rate limits: RATE_LIMITS=off ./taskmesh up --detach" * (answer.status == 429)
    raise OpsError(f"{what} was answered with {answer.status}: {answer.body.decode(errors='replace')[:300]}{hint}")


@dataclass
class Account:
    client: Client
    token: str
    id: UUID
    accepted: int = 0
    uncertain: int = 0

    @classmethod
    async def open(cls, client: Client, token: str | None) -> "Account":
        """Of a token that is given, or a fresh one."""
        if token is None:
            answer = expect(await client.send(login(await register(client))), "Logging in")
            token = str(orjson.loads(answer.body)["access_token"])
        me = expect(await client.as_(token)(Request("GET", "/v1/users/me")), "The token")
        return cls(client, token, UUID(orjson.loads(me.body)["id"]))

    def __post_init__(self) -> None:
        self._send = self.client.as_(self.token)

    async def send(self, request: Request) -> Answer:
        answer = await self._send(request)
        if request.changes:
            self.accepted += answer.accepted and answer.status != 202
            self.uncertain += answer.status in _UNCERTAIN
        return answer
