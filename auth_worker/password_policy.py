"""Which passwords are good enough. No I/O."""

import string
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
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


@dataclass(frozen=True, slots=True)
class Rating:
    score: int
    """zxcvbn's, 0 to 4."""
    weaknesses: tuple[tuple[str, str], ...]
    """Code and sentence of each. Empty when the password is good enough."""


def rate(password: str, *, policy: Policy, username: str, email: str) -> Rating:
    personal = [word for word in (username.lower(), email.lower(), email.lower().partition("@")[0]) if len(word) > 2]
    # What zxcvbn does not look at can only make a password better.
    score = zxcvbn(password[:_RATED_LENGTH], user_inputs=[*personal, "taskmesh"])["score"] if password else 0
    return Rating(score, tuple(_find(password, policy, personal, score)))


def weaknesses(
    password: str, *, policy: Policy, username: str, email: str, pointer: str = "#/password"
) -> list[FieldError]:
    """Empty when the password is good enough."""
    rating = rate(password, policy=policy, username=username, email=email)
    return [FieldError(pointer=pointer, code=code, detail=detail) for code, detail in rating.weaknesses]


def _find(password: str, policy: Policy, personal: Sequence[str], score: int) -> Iterator[tuple[str, str]]:
    if not _MIN_LENGTH[policy] <= len(password) <= MAX_LENGTH:
        yield "password_length", f"must have {_MIN_LENGTH[policy]} to {MAX_LENGTH} characters"
        return
    if policy == "classic":
        missing = [name for name, is_kind in _KINDS if not any(map(is_kind, password))]
        if missing:
            yield "password_composition", f"must hold {', '.join(missing)}"
    if any(word in password.lower() for word in personal):
        yield "password_personal", "must not hold the username or the e-mail address"
    elif score < _GUESSABLE:
        yield "password_common", "is too easy to guess"
