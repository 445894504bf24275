from uuid import UUID

from contracts.message import Model


class Person(Model):
    """A user as others may see him: no e-mail address."""

    id: UUID
    username: str
