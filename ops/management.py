"""RabbitMQ's management HTTP API, as far as a topology needs it."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any
from urllib.parse import quote

import aiohttp
from yarl import URL

from ops.errors import OpsError


class Management:
    def __init__(self, session: aiohttp.ClientSession, url: str) -> None:
        self._session = session
        self._url = url.rstrip("/")
        self._turns = asyncio.Semaphore(16)

    async def get(self, *path: str) -> Any:
        return await self._request("GET", path)

    async def put(self, *path: str, body: object) -> None:
        await self._request("PUT", path, body)

    async def post(self, *path: str, body: object) -> None:
        await self._request("POST", path, body)

    async def delete(self, *path: str) -> None:
        await self._request("DELETE", path)

    async def _request(self, method: str, path: tuple[str, ...], body: object = None) -> Any:
        url = URL("/".join((self._url, "api", *(quote(segment, safe="") for segment in path))), encoded=True)
        try:
            async with self._turns, self._session.request(method, url, json=body) as response:
                if response.ok:
                    return await response.json() if method == "GET" else None
                text = await response.text()
        except (aiohttp.ClientError, TimeoutError) as error:
            raise OpsError(
                f"RabbitMQ's management API at {self._url} does not answer: {error or 'no answer in time'}. "
                "Check that the broker runs and has the plug-in rabbitmq_management."
            ) from error
        remedy = "Check the user and its tags." if response.status in {401, 403} else "See the broker's log."
        raise OpsError(f"RabbitMQ refused {method} {'/'.join(path)} with {response.status}: {text.strip()} {remedy}")


@asynccontextmanager
async def open_management(url: str, credentials: tuple[str, str]) -> AsyncIterator[Management]:
    async with aiohttp.ClientSession(
        headers={"Authorization": aiohttp.encode_basic_auth(*credentials)}, timeout=aiohttp.ClientTimeout(total=30)
    ) as session:
        yield Management(session, url)
