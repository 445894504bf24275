"""Changing, resetting and rating passwords."""

from typing import Annotated, ClassVar
from uuid import UUID

from pydantic import Field, StringConstraints

from contracts.identity import PASSWORDS, AccountEvent, Email, SealedText, UserEvent
from contracts.message import Command, Model, Query

TokenDigest = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]
"""SHA-256 of a token that came by mail: the token itself stays in the gateway."""


class ChangePassword(Command[None]):
    wire_name: ClassVar[str] = "auth.change_password.v1"
    queue: ClassVar[str] = PASSWORDS
    success: ClassVar[int] = 204

    sealed_current_password: SealedText
    sealed_new_password: SealedText


class RequestPasswordReset(Command[None]):
    """Answered alike whether or not there is such an account."""

    wire_name: ClassVar[str] = "auth.request_password_reset.v1"
    queue: ClassVar[str] = "auth.commands"
    success: ClassVar[int] = 202

    reset_id: UUID
    email: Email


class ResetPassword(Command[None]):
    wire_name: ClassVar[str] = "auth.reset_password.v1"
    queue: ClassVar[str] = PASSWORDS
    success: ClassVar[int] = 204

    token_sha: TokenDigest
    sealed_new_password: SealedText


class PasswordRating(Model):
    """`score` is zxcvbn's, 0 to 4."""

    score: Annotated[int, Field(ge=0, le=4)]
    acceptable: bool
    reasons: tuple[str, ...]


class RatePassword(Query[PasswordRating]):
    wire_name: ClassVar[str] = "auth.rate_password.v1"
    queue: ClassVar[str] = "auth.queries"

    sealed_password: SealedText
    username: Annotated[str, StringConstraints(max_length=254)] = ""
    email: Annotated[str, StringConstraints(max_length=254)] = ""


class PasswordChanged(AccountEvent):
    wire_name: ClassVar[str] = "auth.password_changed.v1"
    action: ClassVar[str] = "password_changed"


class PasswordReset(AccountEvent):
    """The password is another one, by a token that came by mail."""

    wire_name: ClassVar[str] = "auth.password_reset.v1"
    action: ClassVar[str] = "password_reset"


class PasswordResetRequested(UserEvent):
    """Of the request and not of the account: whoever asks for a mail changes nobody's account."""

    wire_name: ClassVar[str] = "auth.password_reset_requested.v1"
    action: ClassVar[str] = "password_reset_requested"

    reset_id: UUID

    @property
    def aggregate_id(self) -> UUID:
        return self.reset_id

    @property
    def aggregate_version(self) -> int:
        return 1
