from datetime import UTC, datetime, timedelta

import pytest
from standardwebhooks import Webhook, WebhookVerificationError

from notifier.webhook_schedule import Result, delay_after, has_failed_too_long
from notifier.webhook_signature import sign

FAILED = Result("answered 500", 500)
SECRETS = ["whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD"]


def test_ten_attempts_over_three_days() -> None:
    delays = [delay_after(attempts, FAILED, jitter=0.5) for attempts in range(1, 11)]
    assert delays[-1] is None
    assert sum((delay for delay in delays if delay), timedelta()) == timedelta(hours=75, minutes=35, seconds=5)
    assert delays[0] == timedelta(seconds=5)


def test_attempts_are_spread_by_a_tenth() -> None:
    assert delay_after(2, FAILED, jitter=0) == timedelta(minutes=4.5)
    assert delay_after(2, FAILED, jitter=1) == timedelta(minutes=5.5)


@pytest.mark.parametrize(
    ("wished", "given"),
    [
        (timedelta(minutes=1), timedelta(minutes=5)),
        (timedelta(hours=1), timedelta(hours=1)),
        (timedelta(days=9), timedelta(hours=24)),
    ],
)
def test_a_receiver_may_wish_for_later_and_not_for_ever(wished: timedelta, given: timedelta) -> None:
    assert delay_after(2, Result("answered 429", 429, retry_after=wished), jitter=0.5) == given


def test_verdicts() -> None:
    assert Result("succeeded", 204).verdict == "succeeded"
    assert Result("answered 307", 307).verdict == "failed"
    assert Result("answered 410", 410).verdict == "gone"
    assert Result("timeout").verdict == "failed"


def test_five_days_of_failure_are_enough() -> None:
    now = datetime(2026, 11, 25, tzinfo=UTC)
    assert not has_failed_too_long(None, now=now)
    assert not has_failed_too_long(now - timedelta(days=4), now=now)
    assert has_failed_too_long(now - timedelta(days=5, seconds=1), now=now)


@pytest.mark.parametrize("secret", SECRETS)
def test_the_official_package_verifies_what_we_sign(secret: str) -> None:
    """With either secret, while one replaces the other."""
    now = int(datetime.now(UTC).timestamp())
    headers = {
        "webhook-id": "msg_1",
        "webhook-timestamp": str(now),
        "webhook-signature": sign(SECRETS, message_id="msg_1", timestamp=now, body='{"a": 1}'),
    }
    assert Webhook(secret).verify('{"a": 1}', headers) == {"a": 1}
    with pytest.raises(WebhookVerificationError):
        Webhook(secret).verify('{"a": 2}', headers)
    with pytest.raises(WebhookVerificationError):
        Webhook(secret).verify('{"a": 1}', headers | {"webhook-timestamp": str(now - 360)})
    with pytest.raises(WebhookVerificationError):
        Webhook("whsec_" + "A" * 32).verify('{"a": 1}', headers)
