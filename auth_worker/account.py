from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from contracts.identity import Account as AccountView
from contracts.people import Person


@dataclass(frozen=True, slots=True)
class Account:
    id: UUID
    username: str
    email: str
    password_hash: str
    email_verified_at: datetime | None
    display_name: str | None
    version: int
    created_at: datetime
    updated_at: datetime

    @property
    def person(self) -> Person:
        return Person(id=self.id, username=self.username)

    def view(self) -> AccountView:
        return AccountView(
            id=self.id,
            username=self.username,
            email=self.email,
            email_verified=self.email_verified_at is not None,
            display_name=self.display_name,
            version=self.version,
            created_at=self.created_at,
            updated_at=self.updated_at,
        )
