from collections.abc import Sequence

from contracts.notices import ActivityEntry, ActivityPage, ActivityPosition


def page_of(entries: Sequence[ActivityEntry], *, limit: int) -> ActivityPage:
    """Of one entry more than fit, if there are."""
    page, more = entries[:limit], len(entries) > limit
    return ActivityPage(
        items=tuple(page), next=ActivityPosition(created_at=page[-1].created_at, id=page[-1].id) if more else None
    )
