from uuid import UUID

from contracts.message import Model


class IdPosition(Model):
    """Where a page ended, in a list that is in the order of its ids: they begin with the time."""

    id: UUID
