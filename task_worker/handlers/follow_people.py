from datetime import timedelta
from typing import Any
from uuid import UUID

from chassis.cloudevents import CloudEvent
from chassis.subscription import Delivery, Tells
from task_worker.store import people

_LEAD = 1440  # minutes


async def follow_people(event: CloudEvent, delivery: Delivery) -> Tells:
    """Who closes an account, and where people live: what tasks need to know of other services."""
    match event.type:
        case "auth.user_deleted.v1":
            await people.close(delivery.connection, UUID(event.data["user"]["id"]))
        case "notifier.preferences_updated.v1":
            await _follow_calendar(event, delivery)
        case _:
            pass
    return ()


async def _follow_calendar(event: CloudEvent, delivery: Delivery) -> None:
    person_id = UUID(event.data["actor"]["id"])
    preferences: dict[str, Any] = event.data["preferences"]
    quiet_hours = preferences.get("quiet_hours") or {}
    newer = await people.save_calendar(
        delivery.connection,
        person_id,
        timezone=quiet_hours.get("timezone", "UTC"),
        due_soon_lead=timedelta(minutes=preferences.get("due_soon_lead_minutes", _LEAD)),
        version=event.sequence,
    )
    if newer:
        await people.reset_alarms(delivery.connection, person_id)
