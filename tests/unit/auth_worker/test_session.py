from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest

from auth_worker.session import HeldSession, Refresh
from auth_worker.tokens import Session, read_refresh_token, refresh_token

AT = datetime(2026, 11, 25, 12, tzinfo=UTC)
SECOND = timedelta(seconds=1)
SESSION_ID, ACCOUNT_ID = UUID(int=2), UUID(int=1)


def held(*, rotated: timedelta, expires: timedelta = timedelta(days=1), revoked: bool = False) -> HeldSession:
    """Of generation 5, `rotated` ago."""
    return HeldSession(SESSION_ID, ACCOUNT_ID, 5, AT - rotated, AT + expires, AT if revoked else None, 1, AT)


@pytest.mark.parametrize(
    ("generation", "session", "verdict"),
    [
        (5, held(rotated=0 * SECOND), Refresh.ROTATE),
        (5, held(rotated=timedelta(days=20)), Refresh.ROTATE),
        (4, held(rotated=0 * SECOND), Refresh.REPEAT),
        (4, held(rotated=-SECOND), Refresh.REPEAT),
        (4, held(rotated=9.999 * SECOND), Refresh.REPEAT),
        (4, held(rotated=10 * SECOND), Refresh.REUSE),
        (4, held(rotated=timedelta(days=1)), Refresh.REUSE),
        (3, held(rotated=0 * SECOND), Refresh.REUSE),
        (0, held(rotated=0 * SECOND), Refresh.REUSE),
        (6, held(rotated=0 * SECOND), Refresh.ENDED),
        (5, held(rotated=0 * SECOND, revoked=True), Refresh.ENDED),
        (4, held(rotated=0 * SECOND, revoked=True), Refresh.ENDED),
        (3, held(rotated=0 * SECOND, revoked=True), Refresh.ENDED),
        (5, held(rotated=0 * SECOND, expires=0 * SECOND), Refresh.ENDED),
        (3, held(rotated=0 * SECOND, expires=-SECOND), Refresh.ENDED),
    ],
)
def test_what_a_refresh_token_is_good_for(generation: int, session: HeldSession, verdict: Refresh) -> None:
    assert session.judge(generation) is verdict


def test_a_rotation_is_the_next_generation_of_the_same_session() -> None:
    session = held(rotated=SECOND)
    assert session.current() == Session(SESSION_ID, ACCOUNT_ID, 5, AT - SECOND)
    assert session.rotated() == Session(SESSION_ID, ACCOUNT_ID, 6, AT)


def test_a_refresh_token_is_known_again_under_every_secret_that_is_held() -> None:
    token = refresh_token(Session(SESSION_ID, ACCOUNT_ID, 7, AT), secret=b"old")
    assert read_refresh_token(token, secrets=[b"new", b"old"]) == (SESSION_ID, 7)
    assert read_refresh_token(token, secrets=[b"new"]) is None
    assert read_refresh_token(token, secrets=[]) is None


def test_no_other_text_is_a_refresh_token() -> None:
    token = refresh_token(Session(SESSION_ID, ACCOUNT_ID, 7, AT), secret=b"secret")
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    forged = [
        token[:place] + other + token[place + 1 :]
        for place in range(len(token))
        for other in alphabet
        if other != token[place]
    ]
    # The last character has bits that decode to nothing: they count too.
    others = ["", "rt_", token[3:], token + "=", token + "A", token[:-1], "rt_" + "é" * 70, " " + token]
    assert [text for text in forged + others if read_refresh_token(text, secrets=[b"secret"])] == []
