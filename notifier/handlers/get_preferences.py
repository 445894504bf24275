from chassis.subscription import Delivery
from contracts.notifications import GetPreferences, Preferences
from notifier.store import preferences


async def get_preferences(_: GetPreferences, delivery: Delivery) -> Preferences:
    return await preferences.find_preferences(delivery.connection, delivery.actor_id)
