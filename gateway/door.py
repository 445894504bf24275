import asyncio

from chassis.requests import Requests


class Door:
    """Whether one more can be served: those who have come in and found their place, and those on their way to it."""

    def __init__(self, requests: Requests) -> None:
        self._requests = requests
        self._coming = 0
        self._loop = asyncio.get_running_loop()

    @property
    def closed(self) -> bool:
        return self._coming >= self._requests.places_left

    def enter(self) -> None:
        """aiohttp wakes the connection in the next turn of the event loop, and its handler in the one after."""
        self._coming += 1
        self._loop.call_soon(self._loop.call_soon, self._has_come)

    def _has_come(self) -> None:
        self._coming -= 1
