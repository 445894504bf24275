"""What auth_worker is asked, and what it tells."""

import re
from typing import Annotated, Any, ClassVar, Literal
from uuid import UUID

from pydantic import AfterValidator, StringConstraints
from pydantic_core import PydanticCustomError

from contracts.message import Command, Event, Model, Query
from contracts.people import Person, Username
from contracts.text import ONE_LINE
from contracts.timestamp import Timestamp

_ADDRESS = re.compile(r"[^@\s\x00-\x1f\x7f<>(),;:\\\"\[\]]{1,64}@[A-Za-z0-9-]{1,63}(\.[A-Za-z0-9-]{1,63})+")


def _address(text: str) -> str:
    # A mail's header would decode =?utf-8?q?...?= into other addresses, or into line breaks.
    if not _ADDRESS.fullmatch(text) or "=?" in text:
        raise PydanticCustomError("email", "must be an e-mail address")
    return text


Email = Annotated[str, StringConstraints(max_length=254), ONE_LINE, AfterValidator(_address)]
SealedText = Annotated[str, StringConstraints(max_length=8192)]
"""Opened by the service alone that it was sealed for; see chassis.sealing."""

UserAgent = Annotated[str, StringConstraints(max_length=200)]

PASSWORD_PURPOSE = "password"  # noqa: S105  the name of a field
PASSWORDS = "auth.passwords"
"""The queue for what costs an argon2 hash, so that nothing cheap waits behind it."""


class Account(Model):
    id: UUID
    username: str
    email: str
    email_verified: bool
    display_name: str | None = None
    version: int
    created_at: Timestamp
    updated_at: Timestamp


class Tokens(Model):
    access_token: str
    token_type: Literal["Bearer"] = "Bearer"  # noqa: S105
    expires_in: int
    """Seconds."""
    refresh_token: str


class RegisterAccount(Command[Account]):
    wire_name: ClassVar[str] = "auth.register_account.v1"
    queue: ClassVar[str] = PASSWORDS
    success: ClassVar[int] = 201

    user_id: UUID
    username: Username
    email: Email
    sealed_password: SealedText


class LogIn(Command[Tokens]):
    """`login` is a username or an e-mail address."""

    wire_name: ClassVar[str] = "auth.log_in.v1"
    queue: ClassVar[str] = PASSWORDS
    reply_is_secret: ClassVar[bool] = True

    session_id: UUID
    login: Annotated[str, StringConstraints(max_length=254)]
    sealed_password: SealedText
    user_agent: UserAgent | None = None
    address: str | None = None
    """Of the client, for the owner to know his sessions by."""


class GetAccount(Query[Account]):
    wire_name: ClassVar[str] = "auth.get_account.v1"
    queue: ClassVar[str] = "auth.queries"

    user_id: UUID


class FindUser(Query[Person]):
    """By his username; capitals make no difference."""

    wire_name: ClassVar[str] = "auth.find_user.v1"
    queue: ClassVar[str] = "auth.queries"

    username: Username


class SigningKeys(Model):
    """The public halves, as JSON Web Keys."""

    keys: tuple[dict[str, Any], ...]


class GetSigningKeys(Query[SigningKeys]):
    wire_name: ClassVar[str] = "auth.get_signing_keys.v1"
    queue: ClassVar[str] = "auth.queries"


class UserEvent(Event):
    resource_type: ClassVar[str] = "user"

    user: Person
    changes: dict[str, Any]
    actor: Person | None
    audience: tuple[UUID, ...]


class AccountEvent(UserEvent):
    version: int

    @property
    def aggregate_id(self) -> UUID:
        return self.user.id

    @property
    def aggregate_version(self) -> int:
        return self.version


class UserRegistered(AccountEvent):
    wire_name: ClassVar[str] = "auth.user_registered.v1"
    action: ClassVar[str] = "registered"


class _LoginEvent(UserEvent):
    """Of a session, so that logging in leaves the account's version alone."""

    session_id: UUID

    @property
    def aggregate_id(self) -> UUID:
        return self.session_id

    @property
    def aggregate_version(self) -> int:
        return 1


class LoggedIn(_LoginEvent):
    wire_name: ClassVar[str] = "auth.logged_in.v1"
    action: ClassVar[str] = "logged_in"


class LoginFailed(_LoginEvent):
    """Only for accounts that exist: for others there is nobody to tell."""

    wire_name: ClassVar[str] = "auth.login_failed.v1"
    action: ClassVar[str] = "login_failed"
