"""What may happen to a session. No I/O."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import Enum
from uuid import UUID

from auth_worker.tokens import Session

GRACE = timedelta(seconds=10)
"""How long a refresh token is taken again after its rotation: for a lost answer, and for two tabs at once."""


@dataclass(frozen=True, slots=True)
class Ended:
    id: UUID
    version: int


class Refresh(Enum):
    ROTATE = "the token is current"
    REPEAT = "its successor was just given, perhaps to nobody"
    REUSE = "it was rotated away long ago: there are two who hold it"
    ENDED = "the session is over"


@dataclass(frozen=True, slots=True)
class HeldSession:
    """A session under lock."""

    id: UUID
    account_id: UUID
    generation: int
    issued_at: datetime
    expires_at: datetime
    revoked_at: datetime | None
    version: int
    locked_at: datetime
    """By the database's clock, so that several workers agree on when a token was rotated."""

    def judge(self, generation: int) -> Refresh:
        """A refresh token of `generation` is presented."""
        if self.revoked_at is not None or self.expires_at <= self.locked_at or generation > self.generation:
            return Refresh.ENDED
        if generation == self.generation:
            return Refresh.ROTATE
        if generation == self.generation - 1 and self.locked_at - self.issued_at < GRACE:
            return Refresh.REPEAT
        return Refresh.REUSE

    def current(self) -> Session:
        return Session(self.id, self.account_id, self.generation, self.issued_at)

    def rotated(self) -> Session:
        return Session(self.id, self.account_id, self.generation + 1, self.locked_at)
