"""Sessions: how they are kept alive, listed and ended, and who is told."""

from datetime import datetime
from typing import Annotated, ClassVar, Literal
from uuid import UUID

from pydantic import Field

from contracts.identity import SealedText, Tokens, UserEvent
from contracts.message import Command, Model, Query
from contracts.timestamp import Timestamp

REFRESH_PURPOSE = "refresh token"

_QUEUE = "auth.commands"

EndReason = Literal["ended", "logout_all", "password_changed", "password_reset", "account_closed"]


class Session(Model):
    id: UUID
    created_at: Timestamp
    last_used_at: Timestamp
    """When its access token was last renewed."""
    expires_at: Timestamp
    user_agent: str | None
    address: str | None
    current: bool


class SessionList(Model):
    items: tuple[Session, ...]


class RefreshSession(Command[Tokens]):
    wire_name: ClassVar[str] = "auth.refresh_session.v1"
    queue: ClassVar[str] = _QUEUE
    reply_is_secret: ClassVar[bool] = True

    sealed_refresh_token: SealedText


class LogOut(Command[None]):
    """The caller's own session."""

    wire_name: ClassVar[str] = "auth.log_out.v1"
    queue: ClassVar[str] = _QUEUE
    success: ClassVar[int] = 204


class LogOutEverywhere(Command[None]):
    wire_name: ClassVar[str] = "auth.log_out_everywhere.v1"
    queue: ClassVar[str] = _QUEUE
    success: ClassVar[int] = 204


class EndSession(Command[None]):
    wire_name: ClassVar[str] = "auth.end_session.v1"
    queue: ClassVar[str] = _QUEUE
    success: ClassVar[int] = 204

    session_id: UUID


class ListSessions(Query[SessionList]):
    wire_name: ClassVar[str] = "auth.list_sessions.v1"
    queue: ClassVar[str] = "auth.queries"


class Revocation(Model):
    """Of a session or of an API token: no token of it is good any more."""

    id: UUID
    at: datetime


class RevocationPage(Model):
    items: tuple[Revocation, ...]


class ListRevocations(Query[RevocationPage]):
    """For a gateway that was not there to hear of them. Oldest first; the next page begins `after` the last."""

    wire_name: ClassVar[str] = "auth.list_revocations.v1"
    queue: ClassVar[str] = "auth.queries"

    since: datetime
    after: Revocation | None = None
    limit: Annotated[int, Field(ge=1, le=1000)] = 1000


class SessionEnd(UserEvent):
    """Whatever its name, no token of `session_id` is good from now on."""

    session_id: UUID
    version: int

    @property
    def aggregate_id(self) -> UUID:
        return self.session_id

    @property
    def aggregate_version(self) -> int:
        return self.version


class LoggedOut(SessionEnd):
    wire_name: ClassVar[str] = "auth.logged_out.v1"
    action: ClassVar[str] = "logged_out"


class SessionRevoked(SessionEnd):
    wire_name: ClassVar[str] = "auth.session_revoked.v1"
    action: ClassVar[str] = "session_revoked"

    reason: EndReason


class TokenReuseDetected(SessionEnd):
    """A refresh token came a second time, too late for a lost answer: somebody else may hold a copy."""

    wire_name: ClassVar[str] = "auth.token_reuse_detected.v1"
    action: ClassVar[str] = "token_reuse_detected"
