"""What its owner does with an account, and how others find it."""

from typing import Annotated, Any, ClassVar

from pydantic import Field, SerializerFunctionWrapHandler, StringConstraints, model_serializer

from contracts.identity import PASSWORDS, Account, AccountEvent, Email, SealedText
from contracts.message import Command, Model, Query
from contracts.passwords import TokenDigest
from contracts.people import Person
from contracts.text import NORMALISED, ONE_LINE

DisplayName = Annotated[str, NORMALISED, StringConstraints(min_length=1, max_length=100), ONE_LINE]


class SendVerification(Command[None]):
    """Another mail with another token; earlier ones are good for nothing any more."""

    wire_name: ClassVar[str] = "auth.send_verification.v1"
    queue: ClassVar[str] = "auth.commands"
    success: ClassVar[int] = 202


class VerifyEmail(Command[None]):
    wire_name: ClassVar[str] = "auth.verify_email.v1"
    queue: ClassVar[str] = "auth.commands"
    success: ClassVar[int] = 204

    token_sha: TokenDigest


class ProfilePatch(Model):
    """What was named, and null where it was cleared."""

    display_name: DisplayName | None = None
    email: Email = ""

    @model_serializer(mode="wrap")
    def _only_what_was_named(self, handler: SerializerFunctionWrapHandler) -> dict[str, Any]:
        return {name: value for name, value in handler(self).items() if name in self.model_fields_set}


class UpdateProfile(Command[Account]):
    """Another e-mail address needs the password: whoever reads its mail can reset the password."""

    wire_name: ClassVar[str] = "auth.update_profile.v1"
    queue: ClassVar[str] = PASSWORDS

    patch: ProfilePatch
    sealed_current_password: SealedText | None = None
    if_match: tuple[int, ...] | None = None


class CloseAccount(Command[None]):
    wire_name: ClassVar[str] = "auth.close_account.v1"
    queue: ClassVar[str] = PASSWORDS
    success: ClassVar[int] = 204

    sealed_password: SealedText


class UserPage(Model):
    next: Person | None
    items: tuple[Person, ...]


class SearchUsers(Query[UserPage]):
    """Everybody but the caller whose username begins with `prefix`, in alphabetical order."""

    wire_name: ClassVar[str] = "auth.search_users.v1"
    queue: ClassVar[str] = "auth.queries"

    prefix: Annotated[str, StringConstraints(min_length=2, max_length=50)]
    after: Person | None = None
    limit: Annotated[int, Field(ge=1, le=200)] = 50


class EmailVerified(AccountEvent):
    wire_name: ClassVar[str] = "auth.email_verified.v1"
    action: ClassVar[str] = "email_verified"


class UserUpdated(AccountEvent):
    """That the e-mail address is another one is told; what it is, is not."""

    wire_name: ClassVar[str] = "auth.user_updated.v1"
    action: ClassVar[str] = "updated"


class UserDeleted(AccountEvent):
    """Whoever keeps something of this person deletes it."""

    wire_name: ClassVar[str] = "auth.user_deleted.v1"
    action: ClassVar[str] = "deleted"
