from typing import Annotated
from uuid import UUID

from pydantic import StringConstraints

from contracts.message import Model

Username = Annotated[str, StringConstraints(min_length=3, max_length=50, pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]*$")]

OF_CLOSED = "deleted"
"""Stands for the username of everybody who closed his account; nobody else may be called that."""


class Person(Model):
    """A user as others may see him: no e-mail address."""

    id: UUID
    username: str
