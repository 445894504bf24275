"""Who is told of what, and when it may reach him."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest

from chassis.cloudevents import CloudEvent
from contracts.notifications import Channels, Preferences, QuietHours
from notifier.notices import Notice, deferred_until, mentions_in, notices_of, wants_mail

OWNER, ADA, GRACE = UUID(int=1), UUID(int=2), UUID(int=3)
NOON = datetime(2026, 11, 25, 12, tzinfo=UTC)


def event(name: str, *, actor: UUID | None, **members: Any) -> CloudEvent:
    data = {
        "task": {"id": str(UUID(int=9)), "owner": {"id": str(OWNER), "username": "owner"}},
        "actor": {"id": str(actor), "username": "somebody"} if actor else None,
        "audience": [str(OWNER), str(ADA)],
        **members,
    }
    return CloudEvent(UUID(int=5), f"tasks.{name}.v1", "task/9", NOON, 2, data, "{}")


def share(user: UUID) -> dict[str, Any]:
    return {"user": {"id": str(user), "username": "x"}, "permission": "view"}


@pytest.mark.parametrize(
    ("happened", "told"),
    [
        (event("task_created", actor=OWNER), []),
        (event("task_completed", actor=OWNER), []),
        (event("task_completed", actor=ADA), [Notice(OWNER, "task_completed")]),
        (event("task_shared", actor=OWNER, share=share(ADA)), [Notice(ADA, "task_shared_with_me")]),
        (event("share_updated", actor=OWNER, share=share(ADA)), [Notice(ADA, "share_changed")]),
        (event("task_unshared", actor=OWNER, share=share(ADA)), [Notice(ADA, "share_changed")]),
        (event("task_unshared", actor=ADA, share=share(ADA)), [Notice(OWNER, "share_changed")]),
        (event("task_due_soon", actor=None), [Notice(OWNER, "task_due_soon")]),
        (event("task_overdue", actor=None), [Notice(OWNER, "task_overdue")]),
    ],
    ids=lambda value: value.type if isinstance(value, CloudEvent) else "",
)
def test_who_is_told(happened: CloudEvent, told: list[Notice]) -> None:
    assert notices_of(happened) == told


def test_a_comment_is_told_once_to_each_and_not_to_its_author() -> None:
    comment = event("comment_added", actor=ADA, comment={"content": "@Grace, @owner. mail me@example.org"})
    assert mentions_in(comment) == {"grace", "owner"}
    told = notices_of(comment, mentioned=[GRACE, OWNER], participants=[ADA, GRACE])
    assert told == [Notice(GRACE, "mention"), Notice(OWNER, "mention")]
    assert notices_of(comment, participants=[ADA, GRACE]) == [
        Notice(OWNER, "comment_on_my_task"),
        Notice(GRACE, "comment_on_my_task"),
    ]


def test_what_concerns_the_safety_of_an_account_is_told_to_its_owner_whoever_did_it() -> None:
    data = {"user": {"id": str(ADA)}, "actor": {"id": str(ADA)}, "audience": [str(ADA)]}
    changed = CloudEvent(UUID(int=5), "auth.password_changed.v1", "user/2", NOON, 2, data, "{}")
    assert notices_of(changed) == [Notice(ADA, "security")]
    deaf = Preferences(email_enabled=False, muted_until=NOON + timedelta(days=1))
    assert not wants_mail(changed, deaf, "security")
    disabled = CloudEvent(UUID(int=5), "notifier.webhook_disabled.v1", "webhook/2", NOON, 2, data, "{}")
    assert wants_mail(disabled, deaf, "security")
    assert deferred_until(deaf, "security", now=NOON) is None


def test_mail_is_by_kind_and_by_switch() -> None:
    preferences, happened = Preferences(), event("comment_added", actor=ADA)
    assert wants_mail(happened, preferences, "mention")
    assert not wants_mail(happened, preferences, "task_completed")
    assert not wants_mail(happened, preferences.model_copy(update={"email_enabled": False}), "mention")
    assert not wants_mail(
        happened,
        preferences.model_copy(update={"kinds": preferences.kinds | {"mention": Channels(email=False)}}),
        "mention",
    )


BERLIN = Preferences(quiet_hours=QuietHours(start="22:00", end="07:00", timezone="Europe/Berlin"))


@pytest.mark.parametrize(
    ("now", "until"),
    [
        (datetime(2026, 11, 25, 20, 59, tzinfo=UTC), None),
        (datetime(2026, 11, 25, 21, 0, tzinfo=UTC), datetime(2026, 11, 26, 6, 0, tzinfo=UTC)),
        (datetime(2026, 11, 26, 5, 59, tzinfo=UTC), datetime(2026, 11, 26, 6, 0, tzinfo=UTC)),
        (datetime(2026, 11, 26, 6, 0, tzinfo=UTC), None),
        # The night in which summer time ends is an hour longer.
        (datetime(2026, 10, 24, 21, 0, tzinfo=UTC), datetime(2026, 10, 25, 6, 0, tzinfo=UTC)),
        # The night in which it begins is an hour shorter.
        (datetime(2026, 3, 28, 21, 0, tzinfo=UTC), datetime(2026, 3, 29, 5, 0, tzinfo=UTC)),
        (datetime(2026, 3, 29, 5, 0, tzinfo=UTC), None),
    ],
)
def test_quiet_hours_are_in_the_users_time_zone(now: datetime, until: datetime | None) -> None:
    assert deferred_until(BERLIN, "mention", now=now) == until


@pytest.mark.parametrize(
    ("now", "until"),
    [
        # 25 October: 02:30 comes twice.
        (datetime(2026, 10, 25, 0, 15, tzinfo=UTC), datetime(2026, 10, 25, 0, 30, tzinfo=UTC)),
        (datetime(2026, 10, 25, 0, 45, tzinfo=UTC), None),
        (datetime(2026, 10, 25, 1, 15, tzinfo=UTC), datetime(2026, 10, 25, 1, 30, tzinfo=UTC)),
        (datetime(2026, 10, 25, 1, 30, tzinfo=UTC), None),
        # 29 March: 02:30 does not come at all.
        (datetime(2026, 3, 29, 0, 59, tzinfo=UTC), datetime(2026, 3, 29, 1, 30, tzinfo=UTC)),
        (datetime(2026, 3, 29, 1, 0, tzinfo=UTC), None),
    ],
)
def test_quiet_hours_end_in_an_hour_that_comes_twice_or_never(now: datetime, until: datetime | None) -> None:
    short = Preferences(quiet_hours=QuietHours(start="22:00", end="02:30", timezone="Europe/Berlin"))
    assert deferred_until(short, "mention", now=now) == until


def test_quiet_hours_never_end_in_the_past() -> None:
    """Through both nights, minute by minute: what is deferred is deferred to later."""
    for quiet in (("22:00", "02:30"), ("01:30", "02:15"), ("02:00", "03:00"), ("02:30", "02:00")):
        hours = Preferences(quiet_hours=QuietHours(start=quiet[0], end=quiet[1], timezone="Europe/Berlin"))
        for night in (datetime(2026, 3, 28, 20, tzinfo=UTC), datetime(2026, 10, 24, 20, tzinfo=UTC)):
            for minute in range(12 * 60):
                now = night + timedelta(minutes=minute)
                until = deferred_until(hours, "mention", now=now)
                assert until is None or now < until <= now + timedelta(hours=25)


def test_a_mute_that_ends_in_quiet_hours_lasts_until_their_end() -> None:
    muted = BERLIN.model_copy(update={"muted_until": datetime(2026, 11, 25, 23, tzinfo=UTC)})
    assert deferred_until(muted, "mention", now=NOON) == datetime(2026, 11, 26, 6, tzinfo=UTC)
    awake = muted.model_copy(update={"quiet_hours": None})
    assert deferred_until(awake, "mention", now=NOON) == datetime(2026, 11, 25, 23, tzinfo=UTC)
    assert deferred_until(awake, "mention", now=NOON + timedelta(days=1)) is None
