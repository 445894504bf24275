import time
from collections.abc import Callable
from uuid import uuid4

import pytest

from chassis.errors import Refusal
from contracts.message import Actor
from gateway.tickets import Tickets
from gateway.tokens import Caller

ADA = Actor(id=uuid4(), username="ada", session_id=uuid4(), scopes=("events:read",))


def test_a_ticket_is_of_whom_it_was_given_to() -> None:
    """H50"""
    tickets = Tickets(b"a key")
    ticket = tickets.read(tickets.issue(Caller(ADA, 4_000_000_000)))
    assert (ticket.actor, ticket.token_expires_at) == (ADA, 4_000_000_000)


def test_a_ticket_is_good_for_a_minute(monkeypatch: pytest.MonkeyPatch) -> None:
    """H50"""
    tickets, now = Tickets(b"a key"), time.time()
    ticket = tickets.issue(Caller(ADA, 4_000_000_000))
    monkeypatch.setattr(time, "time", lambda: now + 59)
    assert tickets.read(ticket).actor == ADA
    monkeypatch.setattr(time, "time", lambda: now + 62)
    with pytest.raises(Refusal) as refused:
        tickets.read(ticket)
    assert refused.value.problem.type.code == "token-expired"


@pytest.mark.parametrize(
    "changed",
    [lambda text: ("B" if text[0] == "A" else "A") + text[1:], lambda text: text[:-1], lambda _: "", lambda _: "é"],
)
def test_a_changed_ticket_is_none(changed: Callable[[str], str]) -> None:
    """H50"""
    tickets = Tickets(b"a key")
    for issuer in (tickets, Tickets(b"another key")):
        text = issuer.issue(Caller(ADA, 4_000_000_000))
        with pytest.raises(Refusal) as refused:
            tickets.read(changed(text) if issuer is tickets else text)
        assert refused.value.problem.type.code == "invalid-token"
