"""What a patch makes of the preferences that were. No I/O."""

from typing import Any

from contracts.notifications import Channels, Kind, Preferences, PreferencesPatch, QuietHours

_SHORT: tuple[Kind, ...] = ("task_shared_with_me", "task_completed", "comment_on_my_task", "task_due_soon")


def apply(before: Preferences, patch: PreferencesPatch) -> Preferences:
    """Itself when the patch changes nothing."""
    named = patch.model_fields_set
    values: dict[str, Any] = {
        name: getattr(patch, name)
        for name in ("email_enabled", "muted_until", "due_soon_lead_minutes")
        if name in named
    }
    if "quiet_hours" in named:
        values["quiet_hours"] = QuietHours(**patch.quiet_hours.model_dump()) if patch.quiet_hours else None
    kinds: dict[Kind, Channels] = dict(before.kinds)
    for kind, channels in patch.kinds.items():
        kinds[kind] = kinds[kind].model_copy(update=channels.model_dump())
    for short in _SHORT:
        if short in named:
            kinds[short] = kinds[short].model_copy(update={"email": getattr(patch, short)})
    changed = before.model_copy(update={**values, "kinds": kinds})
    return before if changed == before else changed.model_copy(update={"version": before.version + 1})


def changes_between(before: Preferences, after: Preferences) -> dict[str, Any]:
    old, new = before.model_dump(mode="json"), after.model_dump(mode="json")
    return {name: {"old": old[name], "new": new[name]} for name in old if name != "version" and old[name] != new[name]}
