from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from contracts.people import Person
from contracts.sharing import Level
from contracts.sharing import Share as ShareView
from task_worker.task import Task


@dataclass(frozen=True, slots=True)
class Share:
    user_id: UUID
    username: str
    permission: Level
    shared_at: datetime

    def view(self, task: Task) -> ShareView:
        return ShareView(
            task_id=task.id,
            user=Person(id=self.user_id, username=self.username),
            permission=self.permission,
            shared_at=self.shared_at,
            version=task.version,
        )

    def is_of(self, username: str) -> bool:
        """Capitals make no difference, as when logging in."""
        return self.username.lower() == username.lower()
