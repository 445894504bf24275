from typing import Any

import pytest
from pydantic import TypeAdapter, ValidationError

from contracts.api_tokens import CreateApiToken, NewApiToken
from contracts.catalogue import COMMANDS, QUERIES
from contracts.identity import Account, Email, GetSigningKeys, LogIn, RegisterAccount, SigningKeys, Tokens
from contracts.message import Command
from contracts.notices import SendVerificationMail
from contracts.people import Username
from contracts.sessions import RefreshSession

USERNAMES: TypeAdapter[str] = TypeAdapter(Username)
EMAILS: TypeAdapter[str] = TypeAdapter(Email)


@pytest.mark.parametrize("name", ["ada", "Ada", "a1_", "a.b-c_d", "0day", "x" * 50])
def test_a_username_is_letters_digits_and_a_little_more(name: str) -> None:
    assert USERNAMES.validate_python(name) == name


@pytest.mark.parametrize(
    "name",
    [
        "",
        "ab",
        "x" * 51,
        "_ada",
        ".ada",
        "-ada",
        "a da",
        "ada ",
        "ada\n",
        "ada@example",
        "ädä",
        "\u0430da",
        "a/b",
        "ada\u200b",
    ],
)
def test_a_username_is_nothing_else(name: str) -> None:
    """Pitfall F4"""
    with pytest.raises(ValidationError):
        USERNAMES.validate_python(name)


@pytest.mark.parametrize(
    "address",
    [
        "ada@example.org",
        "Ada.Lovelace+tasks@sub.example.co.uk",
        "o'brien@example.org",
        "a@b.c",
        "ada=x@example.org",
        "a?b@example.org",
        "josé@example.org",
        "x" * 64 + "@example.org",
        "ada@" + ".".join(["x" * 60] * 4) + ".org",
    ],
)
def test_an_address_is_kept_as_it_was_written(address: str) -> None:
    assert EMAILS.validate_python(address) == address


@pytest.mark.parametrize(
    "address",
    [
        "",
        "ada",
        "ada@",
        "@example.org",
        "ada@localhost",
        "ada@example.",
        "ada@.org",
        "ada@exa mple.org",
        "ada@exämple.org",
        "ada@@example.org",
        "ada@example.org@example.org",
        "ada @example.org",
        " ada@example.org",
        "ada@example.org\n",
        "ada\r\nBcc: eve@example.org",
        "ada@example.org,eve@example.org",
        "Ada <ada@example.org>",
        '"ada"@example.org',
        "ada;eve@example.org",
        "x" * 65 + "@example.org",
        "x@" + "y" * 64 + ".org",
        "ada@" + ".".join(["x" * 60] * 5),
        "ada\u200b@example.org",
        "ada\u202e@example.org",
        "ada\x85@example.org",
        "=?utf-8?q?eve=40example.org=2C?=@example.org",
        "=?utf-8?q?=0aBcc=3ax?=@example.org",
    ],
)
def test_an_address_names_one_mailbox_and_no_header(address: str) -> None:
    with pytest.raises(ValidationError):
        EMAILS.validate_python(address)


@pytest.mark.parametrize(
    ("message", "reply"),
    [(RegisterAccount, Account), (LogIn, Tokens), (GetSigningKeys, SigningKeys), (SendVerificationMail, None)],
)
def test_a_message_says_what_it_is_answered_with(message: Any, reply: Any) -> None:
    assert message.reply_type() == reply


def test_every_message_says_what_it_is_answered_with() -> None:
    for message in (*COMMANDS, *QUERIES):
        message.reply_type()


def test_a_message_without_an_answer_is_a_defect() -> None:
    class Vague(Command):  # type: ignore[type-arg]
        pass

    with pytest.raises(TypeError, match="Vague does not say what it is answered with"):
        Vague.reply_type()


def test_every_answer_with_a_token_in_it_is_a_secret() -> None:
    assert {command for command in COMMANDS if command.reply_is_secret} == {LogIn, RefreshSession, CreateApiToken}
    assert {command for command in COMMANDS if command.reply_type() in (Tokens, NewApiToken)} == {
        LogIn,
        RefreshSession,
        CreateApiToken,
    }
