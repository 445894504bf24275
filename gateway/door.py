import asyncio
from collections.abc import Mapping

from chassis.requests import Requests


class Door:
    """Whether one more can be served: those who have come in and found their place, and those on their way to it."""

    def __init__(self, requests: Requests, queues: Mapping[tuple[str, str], str]) -> None:
        """`queues`: of requests by method and path."""
        self._requests = requests
        self._queues = queues
        self._coming = 0
        self._loop = asyncio.get_running_loop()

    def is_closed_to(self, method: str, path: str) -> bool:
        if self._coming >= self._requests.places_left:
            return True
        queue = self._queues.get((method, path))
        return queue is not None and not self._requests.has_place(queue)

    def enter(self) -> None:
        """aiohttp wakes the connection in the next turn of the event loop, and its handler in the one after."""
        self._coming += 1
        self._loop.call_soon(self._loop.call_soon, self._has_come)

    def _has_come(self) -> None:
        self._coming -= 1
