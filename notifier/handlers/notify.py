from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from asyncpg.pool import PoolConnectionProxy

from chassis import erasure
from chassis.cloudevents import CloudEvent, structured
from contracts.people import Person
from notifier.activity import Activity, activity_of, kind_of
from notifier.names import anonymous, people_in
from notifier.notices import Notice, mentions_in, name_of, notices_of, wants_mail
from notifier.store import deliveries, mails, notifications, preferences

_PEOPLE = ("auth.user_registered", "auth.user_updated", "auth.user_deleted")
_ALWAYS = (*_PEOPLE, "tasks.comment_added")
"""Whom these concern is found out with questions to the database."""


@dataclass(frozen=True, slots=True)
class _Told:
    event: CloudEvent
    entry: Activity
    notices: Sequence[Notice]


async def of_concern(events: Sequence[CloudEvent], connection: PoolConnectionProxy) -> list[CloudEvent]:
    """Those that somebody may have to be told of: most change a task that its owner alone sees, and he did it."""
    for event in events:
        kind_of(event)
    owners = [(event, user) for event in events for user in _audience(event)]
    listeners = await deliveries.list_listeners(connection, [(user, event.type) for event, user in owners])
    heard = {owners[number][0].id for number in listeners}
    return [event for event in events if event.id in heard or name_of(event) in _ALWAYS or notices_of(event)]


async def notify(events: Sequence[CloudEvent], connection: PoolConnectionProxy) -> int:
    """Inbox, mail and webhooks: one row for each event, user and channel. How many events that was about."""
    named = {person for event in events for person in people_in(event.body)}
    gone = await erasure.list_due(connection, among=named)
    events = [anonymous(event, gone) for event in events]
    for event in events:
        if name_of(event) in ("auth.user_registered", "auth.user_updated"):
            await notifications.remember_person(connection, Person.model_validate(event.data["user"]))
    told = [await _told(event, connection) for event in events]
    users = {notice.user_id for each in told for notice in each.notices}
    wishes = await preferences.list_preferences(connection, users)
    for each in told:
        for notice in each.notices:
            if wishes[notice.user_id].kinds[notice.kind].in_app:
                await notifications.insert_notification(connection, notice.user_id, notice.kind, each.entry)
            if wants_mail(each.event, wishes[notice.user_id], notice.kind):
                await _mail(each, notice, connection)
    unwanted = {
        (each.event.id, notice.user_id)
        for each in told
        for notice in each.notices
        if not wishes[notice.user_id].kinds[notice.kind].webhook
    }
    await _fan_out(events, unwanted, connection)
    for event in events:
        if name_of(event) == "auth.user_deleted":
            person_id = UUID(event.data["user"]["id"])
            await notifications.forget_person(connection, person_id)
            await erasure.ask(connection, person_id)
    return len(events)


def _audience(event: CloudEvent) -> list[UUID]:
    return [UUID(user) for user in event.data.get("audience") or ()]


async def _told(event: CloudEvent, connection: PoolConnectionProxy) -> _Told:
    entry, audience = activity_of(event), _audience(event)
    mentioned: Sequence[UUID] = ()
    participants: Sequence[UUID] = ()
    if name_of(event) == "tasks.comment_added" and entry.task_id is not None:
        mentioned = await notifications.find_people(connection, mentions_in(event), among=audience)
        participants = await notifications.list_commenters(connection, entry.task_id, among=audience)
    return _Told(event, entry, notices_of(event, mentioned=mentioned, participants=participants))


async def _mail(told: _Told, notice: Notice, connection: PoolConnectionProxy) -> None:
    entry = told.entry
    await mails.insert_notice(
        connection,
        event_id=told.event.id,
        user_id=notice.user_id,
        kind=notice.kind,
        content={
            "summary": entry.summary,
            "actor": entry.actor.username if entry.actor else None,
            "task_id": str(entry.task_id) if entry.task_id else None,
        },
    )


async def _fan_out(
    events: Sequence[CloudEvent], unwanted: set[tuple[UUID, UUID]], connection: PoolConnectionProxy
) -> None:
    """To the webhooks of whoever may see an event, and has not said no to what it means for him."""
    wanted = [(event, user) for event in events for user in _audience(event) if (event.id, user) not in unwanted]
    listeners = await deliveries.list_listeners(connection, [(user, event.type) for event, user in wanted])
    for number, webhook_ids in listeners.items():
        event, _ = wanted[number]
        await deliveries.insert_deliveries(
            connection, webhook_ids, event_id=event.id, event_type=event.type, body=structured(event)
        )
