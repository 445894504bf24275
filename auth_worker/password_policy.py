"""Which passwords are good enough. No I/O."""

import string
from collections.abc import Callable, Iterator
from typing import Literal

from zxcvbn import zxcvbn

from contracts.problems import FieldError

Policy = Literal["classic", "nist"]

MAX_LENGTH = 128
_MIN_LENGTH = {"classic": 12, "nist": 15}
_GUESSABLE = 2
"""zxcvbn's scores below this are guessed within a million tries."""
_RATED_LENGTH = 72
"""zxcvbn takes tens of milliseconds for this many characters, and much longer for more."""

_KINDS: tuple[tuple[str, Callable[[str], bool]], ...] = (
    ("an upper-case letter", str.isupper),
    ("a lower-case letter", str.islower),
    ("a digit", str.isdigit),
    ("a special character", lambda character: not character.isalnum() and character not in string.whitespace),
)


def weaknesses(password: str, *, policy: Policy, username: str, email: str) -> list[FieldError]:
    """Empty when the password is good enough."""
    return [
        FieldError(pointer="#/password", code=code, detail=detail)
        for code, detail in _find(password, policy, username, email)
    ]


def _find(password: str, policy: Policy, username: str, email: str) -> Iterator[tuple[str, str]]:
    length = len(password)
    if not _MIN_LENGTH[policy] <= length <= MAX_LENGTH:
        yield "password_length", f"must have {_MIN_LENGTH[policy]} to {MAX_LENGTH} characters"
        return
    if policy == "classic":
        missing = [name for name, is_kind in _KINDS if not any(map(is_kind, password))]
        if missing:
            yield "password_composition", f"must hold {', '.join(missing)}"
    personal = [username.lower(), email.lower(), email.lower().partition("@")[0]]
    if any(len(word) > 2 and word in password.lower() for word in personal):
        yield "password_personal", "must not hold the username or the e-mail address"
    elif zxcvbn(password[:_RATED_LENGTH], user_inputs=[*personal, "taskmesh"])["score"] < _GUESSABLE:
        yield "password_common", "is too easy to guess"
