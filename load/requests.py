"""What is sent, and what came back."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Final

JSON: Final = "application/json"
MERGE_PATCH: Final = "application/merge-patch+json"


@dataclass(frozen=True, slots=True)
class Request:
    method: str
    path: str
    body: bytes = b""
    media_type: str = JSON

    @property
    def changes(self) -> bool:
        """Whether a task has one version more when it is accepted. To log in is a POST, and changes no task."""
        return self.method != "GET" and self.path.startswith("/v1/tasks")


@dataclass(frozen=True, slots=True)
class Answer:
    status: int | None
    """None: the connection broke, or there was no answer in time."""
    body: bytes = b""
    retry_after: bool = False
    """Whether it says when to ask again."""

    @property
    def accepted(self) -> bool:
        return self.status is not None and 200 <= self.status < 300


Send = Callable[[Request], Awaitable[Answer]]
Requests = Callable[[], Request]
"""The next one to send."""
