from typing import Any

import pytest
from aiohttp.test_utils import make_mocked_request

from chassis.errors import Refusal
from gateway.client_address import client_address
from gateway.idempotency import Fingerprints, read_key
from gateway.media_types import accepts
from gateway.preconditions import matches_if_none_match, read_if_match
from gateway.prefer import Preferences, read_preferences


def _request(**headers: Any) -> Any:
    return make_mocked_request("GET", "/", headers={name.replace("_", "-"): value for name, value in headers.items()})


@pytest.mark.parametrize(
    ("header", "versions"),
    [
        ('"3"', (3,)),
        ('"3", "4"', (3, 4)),
        ("*", None),
        ('W/"3"', ()),
        ('W/"3", "4"', (4,)),
        ('"abc"', ()),
        ('"03"', ()),
        ("3", ()),
        ("", ()),
        ('"' + "9" * 30 + '"', ()),
    ],
)
def test_if_match_names_versions(header: str, versions: tuple[int, ...] | None) -> None:
    assert read_if_match(_request(If_Match=header), required=True) == versions


def test_if_match_may_be_demanded() -> None:
    """H69"""
    assert read_if_match(_request(), required=False) is None
    with pytest.raises(Refusal) as refusal:
        read_if_match(_request(), required=True)
    assert refusal.value.problem.type.code == "precondition-required"


@pytest.mark.parametrize(
    ("header", "matches"),
    [('"3"', True), ('W/"3"', True), ('"2", "3"', True), ("*", True), ('"4"', False), ("3", False), ("", False)],
)
def test_if_none_match_is_weak(header: str, matches: bool) -> None:
    assert matches_if_none_match(_request(If_None_Match=header), '"3"') is matches


@pytest.mark.parametrize(
    ("header", "key"), [("abc", "abc"), ('"abc"', "abc"), (" abc ", "abc"), ("a" * 128, "a" * 128)]
)
def test_a_key_is_the_same_quoted_or_bare(header: str, key: str) -> None:
    assert read_key(_request(Idempotency_Key=header)) == key


@pytest.mark.parametrize("header", ["", '""', "a" * 129, "a b", "é", '"a', "a\x7f", "a\tb"])
def test_other_keys_are_refused(header: str) -> None:
    """H70"""
    with pytest.raises(Refusal) as refusal:
        read_key(_request(Idempotency_Key=header))
    assert refusal.value.problem.type.code == "invalid-idempotency-key"


def test_a_fingerprint_is_of_what_is_asked() -> None:
    fingerprints = Fingerprints(b"k" * 32)
    first = fingerprints.of("POST", "/v1/tasks", [("b", "1"), ("a", "2")], {"x": 1, "y": [1, 2]})
    assert first == fingerprints.of("POST", "/v1/tasks", [("a", "2"), ("b", "1")], {"y": [1, 2], "x": 1})
    others = [
        fingerprints.of("PUT", "/v1/tasks", [("b", "1"), ("a", "2")], {"x": 1, "y": [1, 2]}),
        fingerprints.of("POST", "/v1/tasks", [("b", "1"), ("a", "2")], {"x": 1, "y": [2, 1]}),
        fingerprints.of("POST", "/v1/tasks", [], {"x": 1, "y": [1, 2]}),
        Fingerprints(b"K" * 32).of("POST", "/v1/tasks", [("b", "1"), ("a", "2")], {"x": 1, "y": [1, 2]}),
    ]
    assert first not in others


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        ([], (False, None, False)),
        (["respond-async"], (True, None, False)),
        (["respond-async, wait=10", "return=minimal"], (True, 10, True)),
        (['return="minimal"; foo="some"'], (False, None, True)),
        (["Return=Minimal, WAIT=5, wait=7"], (False, 5, True)),
        (["wait=0"], (False, None, False)),
        (["wait=31"], (False, None, False)),
        (["wait=abc, wait, wait=1e1"], (False, None, False)),
        (["respond-async=no"], (False, None, False)),
        ([",,;=, =3, return"], (False, None, False)),
    ],
)
def test_preferences_that_make_no_sense_are_passed_over(headers: Any, expected: tuple[bool, int | None, bool]) -> None:
    found: Preferences = read_preferences(headers)
    assert (found.respond_async, found.wait and found.wait.seconds, found.minimal) == expected


@pytest.mark.parametrize(
    ("accept", "fine"),
    [
        ("*/*", True),
        ("application/json", True),
        ("application/*;q=0.1", True),
        ("text/html, application/json;q=0.5", True),
        ("text/html", False),
        ("application/json;q=0, */*", False),
        ("*/*;q=0", False),
        ("", True),
    ],
)
def test_accept_may_rule_json_out(accept: str, fine: bool) -> None:
    assert accepts(accept, "application/json") is fine


@pytest.mark.parametrize(
    ("forwarded", "hops", "address"),
    [
        ("6.6.6.6, 1.2.3.4", 1, "1.2.3.4"),
        ("6.6.6.6, 1.2.3.4, 10.0.0.1", 2, "1.2.3.4"),
        ("1.2.3.4", 2, "unknown"),
        ("canary", 1, "unknown"),
        ("2001:db8::1", 1, "2001:db8::/64"),
        ("::ffff:1.2.3.4", 1, "1.2.3.4"),
    ],
)
def test_only_our_own_proxies_are_believed(forwarded: str, hops: int, address: str) -> None:
    assert client_address(_request(X_Forwarded_For=forwarded), trusted_hops=hops) == address
