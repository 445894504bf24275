from collections.abc import Callable
from typing import Annotated, Any

import pytest
from pydantic import TypeAdapter, ValidationError

from contracts.text import NORMALISED, ONE_LINE, SEVERAL_LINES

read_line: Callable[[Any], str] = TypeAdapter(Annotated[str, NORMALISED, ONE_LINE]).validate_python
read_lines: Callable[[Any], str] = TypeAdapter(Annotated[str, NORMALISED, SEVERAL_LINES]).validate_python

INVISIBLE = {
    "arabic letter mark": "\u061c",
    "zero-width space": "\u200b",
    "zero-width non-joiner": "\u200c",
    "zero-width joiner": "\u200d",
    "left-to-right mark": "\u200e",
    "right-to-left mark": "\u200f",
    "left-to-right embedding": "\u202a",
    "right-to-left override": "\u202e",
    "word joiner": "\u2060",
    "left-to-right isolate": "\u2066",
    "pop directional isolate": "\u2069",
    "byte order mark": "\ufeff",
}
CONTROLS = {"NUL": "\x00", "bell": "\x07", "escape": "\x1b", "delete": "\x7f", "next line": "\x85"}
BREAKS = {"line feed": "\n", "carriage return": "\r", "tab": "\t"}


def code(read: Callable[[Any], str], text: str) -> str:
    with pytest.raises(ValidationError) as refused:
        read(text)
    [error] = refused.value.errors(include_input=False)
    return error["type"]


@pytest.mark.parametrize("character", [*INVISIBLE.values(), *CONTROLS.values(), *BREAKS.values()], ids=ascii)
def test_a_line_holds_nothing_that_nobody_sees(character: str) -> None:
    assert code(read_line, f"a{character}b") == "invisible_character"


@pytest.mark.parametrize("character", CONTROLS.values(), ids=ascii)
def test_several_lines_hold_no_controls(character: str) -> None:
    assert code(read_lines, f"a{character}b") == "control_character"


@pytest.mark.parametrize("character", [*BREAKS.values(), *INVISIBLE.values()], ids=ascii)
def test_several_lines_hold_breaks_and_every_scripts_joiners(character: str) -> None:
    assert read_lines(f"a{character}b") == f"a{character}b"


@pytest.mark.parametrize("read", [read_line, read_lines])
@pytest.mark.parametrize(
    ("text", "read_as"),
    [
        ("  a  ", "a"),
        ("\n\ta\r\n", "a"),
        ("\u00a0a\u3000", "a"),
        ("a  b", "a  b"),
        ("cafe\u0301", "café"),
        ("\u212b", "Å"),
        ("ﬁ", "ﬁ"),
        ("水をやる 🌱", "水をやる 🌱"),
        ("", ""),
    ],
)
def test_a_text_is_trimmed_and_composed(read: Callable[[Any], str], text: str, read_as: str) -> None:
    assert read(text) == read_as


@pytest.mark.parametrize("value", [None, 1, True, ["a"]])
def test_what_is_no_text_is_refused_as_such(value: object) -> None:
    with pytest.raises(ValidationError) as refused:
        read_line(value)
    assert refused.value.errors()[0]["type"] == "string_type"
