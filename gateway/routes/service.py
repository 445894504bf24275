from datetime import UTC, datetime
from typing import Literal

from aiohttp import web
from pydantic import BaseModel

from chassis.version import VERSION
from gateway.operation import Access, Handle, Operation
from gateway.state import HEALTH, SETTINGS, STARTED_AT


class ServiceStatus(BaseModel):
    status: Literal["ok", "degraded"]
    service: str = "gateway"
    env: str
    timestamp: datetime
    version: str


class ServiceVersion(ServiceStatus):
    commit: str
    started_at: datetime


async def _status(request: web.Request) -> ServiceStatus:
    ready, _ = await request.app[HEALTH].report()
    return ServiceStatus(
        status="ok" if ready else "degraded",
        env=request.app[SETTINGS].environment,
        timestamp=datetime.now(UTC),
        version=VERSION,
    )


async def show_service(request: web.Request) -> web.Response:
    status = await _status(request)
    return web.Response(body=status.model_dump_json().encode(), content_type="application/json")


async def show_health(request: web.Request) -> web.Response:
    return await show_service(request)


async def show_version(request: web.Request) -> web.Response:
    status = await _status(request)
    whole = ServiceVersion(
        **status.model_dump(), commit=request.app[SETTINGS].commit, started_at=request.app[STARTED_AT]
    )
    return web.Response(body=whole.model_dump_json().encode(), content_type="application/json")


async def livez(request: web.Request) -> web.Response:
    return await request.app[HEALTH].livez(request)


async def readyz(request: web.Request) -> web.Response:
    return await request.app[HEALTH].readyz(request)


def _open(path: str, handle: Handle, summary: str, reply: type[BaseModel] | None = None) -> Operation:
    return Operation(
        method="GET", path=path, handle=handle, summary=summary, tag="service", access=Access.ANYONE, reply=reply
    )


OPERATIONS = (
    _open("/", show_service, "Show which service this is", ServiceStatus),
    _open("/health", show_health, "Show whether everything that the service needs is there", ServiceStatus),
    _open("/version", show_version, "Show what runs, and since when", ServiceVersion),
    _open("/livez", livez, "Say that the process is alive"),
    _open("/readyz", readyz, "Say whether requests can be answered"),
)
