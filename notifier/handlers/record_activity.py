from chassis.cloudevents import CloudEvent
from chassis.subscription import Delivery, Tells
from notifier import store
from notifier.activity import activity_of


async def record_activity(event: CloudEvent, delivery: Delivery) -> Tells:
    await store.insert_activity(delivery.connection, activity_of(event))
    return ()
