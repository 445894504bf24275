from chassis.errors import Refusal
from chassis.subscription import Answer, Delivery
from contracts.notifications import PreferencesUpdated, UpdatePreferences
from contracts.people import Person
from contracts.problems import PRECONDITION_FAILED
from notifier.preferences import apply, changes_between
from notifier.store import preferences


async def update_preferences(command: UpdatePreferences, delivery: Delivery) -> Answer:
    user = Person(id=delivery.actor.id, username=delivery.actor.username)
    before = await preferences.lock_preferences(delivery.connection, user.id)
    if command.if_match is not None and before.version not in command.if_match:
        raise Refusal(PRECONDITION_FAILED, facts={"current_etag": f'"{before.version}"'})
    after = apply(before, command.patch)
    if after is before:
        return Answer(before)
    await preferences.save_preferences(delivery.connection, user.id, after)
    return Answer(
        after,
        PreferencesUpdated(
            user=user,
            preferences=after,
            changes=changes_between(before, after),
            actor=user,
            audience=(user.id,),
        ),
    )
