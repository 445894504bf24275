"""What may stand in a name or a title: the same rule wherever a text comes in."""

import unicodedata

from pydantic import AfterValidator, BeforeValidator
from pydantic_core import PydanticCustomError

_BIDI_AND_ZERO_WIDTH = frozenset(
    "\u061c\u200b\u200c\u200d\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2060\u2061\u2062\u2063\u2064\u2066\u2067\u2068\u2069\ufeff"
)


def _normalise(text: object) -> object:
    return unicodedata.normalize("NFC", text.strip()) if isinstance(text, str) else text


def _refuse_invisible(text: str) -> str:
    """Control characters break logs and mails; bidirectional and zero-width ones make two texts look alike."""
    for character in text:
        if unicodedata.category(character) in ("Cc", "Cs") or character in _BIDI_AND_ZERO_WIDTH:
            raise PydanticCustomError("invisible_character", "must not hold control or invisible characters")
    return text


def _refuse_controls(text: str) -> str:
    """As above for texts of several lines, where line breaks, tabs and every script's joiners are right."""
    for character in text:
        if unicodedata.category(character) in ("Cc", "Cs") and character not in "\n\r\t":
            raise PydanticCustomError("control_character", "must not hold control characters")
    return text


NORMALISED = BeforeValidator(_normalise)
ONE_LINE = AfterValidator(_refuse_invisible)
SEVERAL_LINES = AfterValidator(_refuse_controls)
