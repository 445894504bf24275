"""Personal API tokens: like a session that never logs in, for less than its owner may do."""

from typing import Annotated, ClassVar, Literal
from uuid import UUID

from pydantic import Field, StringConstraints

from contracts.identity import UserEvent
from contracts.message import Command, Model, Query
from contracts.passwords import TokenDigest
from contracts.people import Person
from contracts.text import NORMALISED, ONE_LINE
from contracts.timestamp import Timestamp

Scope = Literal["tasks:read", "tasks:write", "activity:read", "events:read", "webhooks:manage", "profile"]
TokenName = Annotated[str, NORMALISED, StringConstraints(min_length=1, max_length=100), ONE_LINE]


class ApiToken(Model):
    id: UUID
    name: str
    scopes: tuple[Scope, ...]
    created_at: Timestamp
    expires_at: Timestamp


class NewApiToken(ApiToken):
    token: str
    """Shown this once."""


class ApiTokenList(Model):
    items: tuple[ApiToken, ...]


class ApiTokenOwner(Model):
    """On whose behalf a token speaks, and for how long at most."""

    token_id: UUID
    user: Person
    scopes: tuple[str, ...]
    expires_at: Timestamp


class CreateApiToken(Command[NewApiToken]):
    wire_name: ClassVar[str] = "auth.create_api_token.v1"
    queue: ClassVar[str] = "auth.commands"
    success: ClassVar[int] = 201
    reply_is_secret: ClassVar[bool] = True

    name: TokenName
    scopes: Annotated[tuple[Scope, ...], Field(min_length=1, max_length=6)]
    expires_in_days: Annotated[int, Field(ge=1, le=366)]


class RevokeApiToken(Command[None]):
    wire_name: ClassVar[str] = "auth.revoke_api_token.v1"
    queue: ClassVar[str] = "auth.commands"
    success: ClassVar[int] = 204

    token_id: UUID


class ListApiTokens(Query[ApiTokenList]):
    wire_name: ClassVar[str] = "auth.list_api_tokens.v1"
    queue: ClassVar[str] = "auth.queries"


class FindApiToken(Query[ApiTokenOwner]):
    wire_name: ClassVar[str] = "auth.find_api_token.v1"
    queue: ClassVar[str] = "auth.queries"

    token_sha: TokenDigest


class _ApiTokenEvent(UserEvent):
    token_id: UUID

    @property
    def aggregate_id(self) -> UUID:
        return self.token_id


class ApiTokenCreated(_ApiTokenEvent):
    wire_name: ClassVar[str] = "auth.api_token_created.v1"
    action: ClassVar[str] = "api_token_created"

    @property
    def aggregate_version(self) -> int:
        return 1


class ApiTokenRevoked(_ApiTokenEvent):
    wire_name: ClassVar[str] = "auth.api_token_revoked.v1"
    action: ClassVar[str] = "api_token_revoked"

    @property
    def aggregate_version(self) -> int:
        return 2
