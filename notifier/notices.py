"""Who is told of an event, as what, and when. No I/O."""

import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

from chassis.cloudevents import CloudEvent
from contracts.notifications import Kind, Preferences

_MENTION = re.compile(r"(?<![\w@.])@([A-Za-z0-9][A-Za-z0-9_.-]{2,49})")
_SECURITY = frozenset(
    {
        "auth.password_changed",
        "auth.password_reset",
        "auth.token_reuse_detected",
        "auth.email_changed",
        "auth.api_token_created",
        "notifier.webhook_disabled",
    }
)


# auth_worker knows the address and mails by itself, verified or not: what it tells may be why it is not.
_MAILED_ALREADY = frozenset({"auth.password_changed", "auth.password_reset", "auth.token_reuse_detected"})


@dataclass(frozen=True, slots=True)
class Notice:
    user_id: UUID
    kind: Kind


def name_of(event: CloudEvent) -> str:
    """Without its version."""
    return event.type.rpartition(".v")[0]


def mentions_in(event: CloudEvent) -> frozenset[str]:
    """In lower case."""
    content = (event.data.get("comment") or {}).get("content") or ""
    named = {name.rstrip(".-").lower() for name in _MENTION.findall(content)}
    return frozenset(named if name_of(event) == "tasks.comment_added" else ())


def notices_of(
    event: CloudEvent, *, mentioned: Collection[UUID] = (), participants: Collection[UUID] = ()
) -> list[Notice]:
    """One for each user, the most particular; `participants` have commented before.

    Nobody is told of what he did himself, but for what concerns the safety of his account: it may have been another.
    """
    actor = (event.data.get("actor") or {}).get("id")
    found: dict[UUID, Notice] = {}
    for notice in _candidates(event, mentioned, participants):
        if notice.kind == "security" or str(notice.user_id) != actor:
            found.setdefault(notice.user_id, notice)
    return list(found.values())


def _candidates(event: CloudEvent, mentioned: Collection[UUID], participants: Collection[UUID]) -> Iterator[Notice]:
    name, data = name_of(event), event.data
    if name in _SECURITY:
        yield from (Notice(UUID(user), "security") for user in data.get("audience") or ())
    if "task" not in data:
        return
    owner = UUID(data["task"]["owner"]["id"])
    match name:
        case "tasks.task_shared":
            yield Notice(_shared_with(data), "task_shared_with_me")
        case "tasks.share_updated" | "tasks.task_unshared":
            yield Notice(_shared_with(data), "share_changed")
            if name == "tasks.task_unshared":
                yield Notice(owner, "share_changed")
        case "tasks.task_completed":
            yield Notice(owner, "task_completed")
        case "tasks.comment_added":
            yield from (Notice(user, "mention") for user in mentioned)
            yield from (Notice(user, "comment_on_my_task") for user in (owner, *participants))
        case "tasks.task_due_soon":
            yield Notice(owner, "task_due_soon")
        case "tasks.task_overdue":
            yield Notice(owner, "task_overdue")


def _shared_with(data: Mapping[str, Mapping[str, Mapping[str, str]]]) -> UUID:
    return UUID(data["share"]["user"]["id"])


def wants_mail(event: CloudEvent, preferences: Preferences, kind: Kind) -> bool:
    """What concerns the safety of an account is mailed whatever its owner wishes: it may not be he who wished it."""
    if kind == "security":
        return name_of(event) not in _MAILED_ALREADY
    return preferences.email_enabled and preferences.kinds[kind].email


def deferred_until(preferences: Preferences, kind: Kind, *, now: datetime) -> datetime | None:
    """None: it may go out now."""
    if kind == "security":
        return None
    muted = preferences.muted_until if preferences.muted_until and preferences.muted_until > now else None
    quiet = _end_of_quiet_hours(preferences, now=muted or now)
    return quiet or muted


def _end_of_quiet_hours(preferences: Preferences, *, now: datetime) -> datetime | None:
    quiet = preferences.quiet_hours
    if quiet is None:
        return None
    start, end = quiet.bounds
    zone = ZoneInfo(quiet.timezone)
    local = now.astimezone(zone)
    clock = local.time().replace(tzinfo=None)
    overnight = start > end
    inside = (clock >= start or clock < end) if overnight else start <= clock < end
    if not inside:
        return None
    day = local.date() + timedelta(days=1 if overnight and clock >= start else 0)
    # The hour that a clock shows twice has two ends.
    ends = (datetime.combine(day, end.replace(fold=fold), zone).astimezone(UTC) for fold in (0, 1))
    return next(moment for moment in ends if moment > now)
