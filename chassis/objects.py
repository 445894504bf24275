"""Bytes too large for a message, by name: in a folder, in S3 and what speaks like it, or in memory for tests."""

from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit

import obstore
import structlog
from obstore.exceptions import BaseError
from obstore.store import ObjectStore, from_url

from chassis.errors import Unavailable
from contracts.problems import SERVICE_UNAVAILABLE

log = structlog.get_logger()

_CHUNK = 256 * 1024  # bytes
_FAILED = (BaseError, OSError)
_REMOTE: dict[str, Any] = {
    # The operator's URL says whether it is http or https; credentials sign, and are not sent.
    "client_options": {"allow_http": True, "connect_timeout": timedelta(seconds=2), "timeout": timedelta(seconds=30)},
    "retry_config": {"max_retries": 2, "retry_timeout": timedelta(seconds=5)},
}


class Objects:
    def __init__(self, url: str) -> None:
        """`file:///folder`, `memory:///`, or `s3://bucket/prefix` with AWS_… in the environment."""
        match urlsplit(url).scheme:
            case "file":
                self._store: ObjectStore = from_url(url, mkdir=True)
            case "memory":
                self._store = from_url(url)
            case _:
                self._store = from_url(url, **_REMOTE)

    async def write(self, name: str, chunks: AsyncIterator[bytes]) -> None:
        """All of it or nothing: when `chunks` raises, so does this, and there is no object."""
        try:
            await obstore.put_async(self._store, name, chunks)
        except _FAILED as error:
            raise _unavailable(error) from error

    async def read(self, name: str, start: int, end: int) -> AsyncIterator[bytes]:
        """Bytes from `start` to before `end`."""
        try:
            result = await obstore.get_async(self._store, name, options={"range": (start, end)})
            async for chunk in result.stream(min_chunk_size=_CHUNK):
                yield bytes(chunk)
        except _FAILED as error:
            raise _unavailable(error) from error

    async def erase(self, name: str) -> None:
        """What is not there is erased."""
        try:
            await obstore.delete_async(self._store, name)
        except FileNotFoundError:
            return
        except _FAILED as error:
            raise _unavailable(error) from error


def _unavailable(error: Exception) -> Unavailable:
    log.warning("object storage failed", error=type(error).__name__)
    return Unavailable(SERVICE_UNAVAILABLE, "the object storage is away")
