from collections.abc import Sequence
from uuid import UUID

from chassis.cloudevents import CloudEvent, structured
from chassis.subscription import Delivery, Tells
from contracts.notifications import Preferences
from contracts.people import Person
from notifier.activity import Activity, activity_of
from notifier.notices import Notice, mentions_in, name_of, notices_of, wants_mail
from notifier.store import deliveries, mails, notifications
from notifier.store import preferences as preferences_store


async def notify(event: CloudEvent, delivery: Delivery) -> Tells:
    """Inbox, mail and webhooks: one row for each event, user and channel."""
    connection, entry = delivery.connection, activity_of(event)
    await _remember_people(event, delivery)
    notices = await _notices(event, delivery, entry)
    wishes = await preferences_store.list_preferences(connection, [notice.user_id for notice in notices])
    for notice in notices:
        await _tell(event, delivery, entry, notice, wishes[notice.user_id])
    unwanted = {each.user_id for each in notices if not wishes[each.user_id].kinds[each.kind].webhook}
    await _fan_out(event, delivery, [user for user in _audience(event) if user not in unwanted])
    return ()


def _audience(event: CloudEvent) -> list[UUID]:
    return [UUID(user) for user in event.data.get("audience") or ()]


async def _remember_people(event: CloudEvent, delivery: Delivery) -> None:
    name = name_of(event)
    if name in ("auth.user_registered", "auth.user_updated"):
        await notifications.remember_person(delivery.connection, Person.model_validate(event.data["user"]))
    elif name == "auth.user_deleted":
        await notifications.forget_person(delivery.connection, UUID(event.data["user"]["id"]))


async def _notices(event: CloudEvent, delivery: Delivery, entry: Activity) -> list[Notice]:
    connection, audience = delivery.connection, _audience(event)
    mentioned: Sequence[UUID] = ()
    participants: Sequence[UUID] = ()
    if name_of(event) == "tasks.comment_added" and entry.task_id is not None:
        mentioned = await notifications.find_people(connection, mentions_in(event), among=audience)
        participants = await notifications.list_commenters(connection, entry.task_id, among=audience)
    return notices_of(event, mentioned=mentioned, participants=participants)


async def _tell(
    event: CloudEvent, delivery: Delivery, entry: Activity, notice: Notice, preferences: Preferences
) -> None:
    if preferences.kinds[notice.kind].in_app:
        await notifications.insert_notification(delivery.connection, notice.user_id, notice.kind, entry)
    if wants_mail(event, preferences, notice.kind):
        await mails.insert_notice(
            delivery.connection,
            event_id=event.id,
            user_id=notice.user_id,
            kind=notice.kind,
            content={
                "summary": entry.summary,
                "actor": entry.actor.username if entry.actor else None,
                "task_id": str(entry.task_id) if entry.task_id else None,
            },
        )


async def _fan_out(event: CloudEvent, delivery: Delivery, owners: Sequence[UUID]) -> None:
    listeners = await deliveries.list_listeners(delivery.connection, owners=owners, event_type=event.type)
    if listeners:
        await deliveries.insert_deliveries(
            delivery.connection, listeners, event_id=event.id, event_type=event.type, body=structured(event)
        )
