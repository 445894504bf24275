"""As many wait for an answer as may: everybody else is refused before anything is spent on him."""

import json
from uuid import UUID

import aiohttp
import pytest
from prometheus_client import REGISTRY

from gateway.app import build
from gateway.response_headers import SECURITY
from gateway.state import REQUESTS
from tests.unit.gateway.serving import settings_of


def refusals(method: str) -> float:
    labels = {"http_request_method": method, "http_route": "refused", "http_response_status_code": "503"}
    return REGISTRY.get_sample_value("http_server_request_duration_seconds_count", labels) or 0.0


@pytest.mark.parametrize("method", ["GET", "POST"])
async def test_who_finds_no_place_is_refused_at_the_door(method: str) -> None:
    async with build(settings_of(max_pending=1)) as gateway:
        url = f"http://127.0.0.1:{gateway.runner.addresses[0][1]}"
        async with aiohttp.ClientSession(url) as session:
            before = refusals(method)
            with gateway.runner.app[REQUESTS]._waiting.place(None, "tasks.queries"):
                async with session.request(method, "/v1/tasks", data=b"x" * 50_000) as response:
                    problem = json.loads(await response.read())
            assert (response.status, problem["code"]) == (503, "overloaded")
            assert response.headers["Retry-After"] in {"1", "2", "3"}
            assert UUID(problem["request_id"]).version == 7
            assert SECURITY.items() <= response.headers.items()
            assert refusals(method) == before + 1
            async with session.request(method, "/v1/tasks") as response:
                assert response.status == 401
