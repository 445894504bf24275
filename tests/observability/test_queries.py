"""Every query of every dashboard and alert, asked of a real Prometheus that watches the running system at work."""

import asyncio
import json
import re
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aiohttp
import pytest
import yaml

from ops.ports import free_port
from ops.state import ROOT
from tests.conftest import Addresses, Keys
from tests.eventually import eventually
from tests.observability.prometheus import program
from tests.running import Running, run_services

HERE = ROOT / "observability"
MAX_SERIES = 2_000

# Exported by what only a cluster has, or by RabbitMQ 4 and not by the 3.10 that Debian has.
ELSEWHERE = re.compile(r"\b(cnpg_|kube_|container_|istio_|pilot_|rabbitmq_alarms_)")
# Shows what goes wrong, so that it is empty while nothing does.
FAULTS = re.compile(r'5\.\.|outcome!~"ok\|refused"|outcome!="ok"|"unknown"|"defect"|"unroutable"|set_aside|duplicates')


def dashboard_queries() -> dict[str, str]:
    return {
        f"{path.stem}: {panel['title']} {target['refId']}": target["expr"]
        for path in sorted((HERE / "generated").glob("*.json"))
        for panel in json.loads(path.read_text())["panels"]
        for target in panel["targets"]
    }


def rules() -> dict[str, str]:
    return {
        rule.get("alert") or rule["record"]: rule["expr"]
        for path in sorted((HERE / "rules").glob("*.yaml"))
        for group in yaml.safe_load(path.read_text())["groups"]
        for rule in group["rules"]
    }


@dataclass(frozen=True)
class Prometheus:
    http: aiohttp.ClientSession

    async def ask(self, path: str, **parameters: str) -> Any:
        async with self.http.get(f"/api/v1/{path}", params=parameters) as response:
            body = await response.json()
            assert body["status"] == "success", f"{parameters}: {body.get('error')}"
            return body["data"]

    async def result(self, query: str) -> list[Any]:
        found: list[Any] = (await self.ask("query", query=query))["result"]
        return found


def _configuration(running: Running, folder: Path) -> Path:
    """Ours, with the places of this test in it."""
    config = yaml.safe_load((HERE / "prometheus.yaml").read_text())
    ports = {f"{name}:9100": service.health_port for name, service in running.services.items()}
    ports["rabbitmq:15692"] = running.addresses.rabbitmq.prometheus_port
    for job in config["scrape_configs"]:
        for static in job["static_configs"]:
            static["targets"] = [f"127.0.0.1:{ports[target]}" for target in static["targets"]]
    config["global"] = {"scrape_interval": "1s", "evaluation_interval": "1s"}
    for path in (HERE / "rules").glob("*.yaml"):
        (folder / path.name).write_text(path.read_text().replace("interval: 30s", "interval: 1s"))
    config["rule_files"] = [str(folder / "*.yaml")]
    written = folder / "prometheus.yml"
    written.write_text(json.dumps(config))
    return written


async def _work(running: Running) -> None:
    headers = {"Authorization": f"Bearer {await running.register('ada')}"}
    for number in range(20):
        async with running.http.post("/v1/tasks", json={"title": f"Task {number}"}, headers=headers) as response:
            assert response.status == 201
        async with running.http.get("/v1/tasks", headers=headers) as response:
            assert response.status == 200


@pytest.fixture
async def running(addresses: Addresses, keys: Keys, scratch: Path) -> AsyncIterator[Running]:
    services = ("gateway", "auth_worker", "task_worker", "notifier")
    traced = {name: {"TRACE_SAMPLE_RATIO": "1"} for name in services}
    async with run_services(addresses, keys, scratch / "observability", extra=traced) as running:
        yield running


@pytest.fixture
async def prometheus(running: Running, tmp_path: Path) -> AsyncIterator[Prometheus]:
    port = free_port()
    process = await asyncio.create_subprocess_exec(
        program("prometheus"),
        f"--config.file={_configuration(running, tmp_path)}",
        f"--storage.tsdb.path={tmp_path / 'data'}",
        f"--web.listen-address=127.0.0.1:{port}",
        "--enable-feature=exemplar-storage",
        "--log.level=error",
    )
    try:
        async with aiohttp.ClientSession(f"http://127.0.0.1:{port}") as http:
            yield Prometheus(http)
    finally:
        process.terminate()
        await process.wait()


async def _up(prometheus: Prometheus) -> bool:
    try:
        return len(await prometheus.result("up == 1")) == 6
    except aiohttp.ClientError:
        return False


@pytest.mark.timeout(240)
async def test_every_query_shows_what_happens(prometheus: Prometheus, running: Running) -> None:
    await eventually(lambda: _up(prometheus), within=60)
    await _work(running)
    since = "sum(increase(taskmesh_outbox_published_total[1m])) > 5"
    await eventually(lambda: prometheus.result(since), within=60)
    recorded = list(rules().keys() - _alerts())
    await eventually(lambda: prometheus.result(recorded[0]), within=60)
    await _work_again(running)

    empty = [
        name
        for name, query in dashboard_queries().items()
        if not ELSEWHERE.search(query) and not FAULTS.search(query) and not await prometheus.result(query)
    ]
    assert empty == []
    for name in recorded:
        assert await prometheus.result(name), name
    for query in (*dashboard_queries().values(), *rules().values()):
        await prometheus.result(query)  # or Prometheus says what it does not understand

    firing = await prometheus.result('ALERTS{alertstate="firing"}')
    assert firing == []
    assert await prometheus.ask("query_exemplars", query="http_server_request_duration_seconds_bucket", **_last_hour())
    assert await prometheus.ask("query_exemplars", query="messaging_process_duration_seconds_bucket", **_last_hour())
    [[_, series]] = [each["value"] for each in await prometheus.result('count({service!="",job="taskmesh"})')]
    assert int(series) < MAX_SERIES


async def _work_again(running: Running) -> None:
    """A rate needs two scrapes in which something rose."""
    async with running.http.get("/v1/limits") as response:
        assert response.status == 200


def _alerts() -> set[str]:
    return {name for name in rules() if name.startswith("Taskmesh")}


def _last_hour() -> dict[str, str]:
    return {"start": "2020-01-01T00:00:00Z", "end": "2099-01-01T00:00:00Z"}


def test_what_is_committed_is_what_the_dashboards_are() -> None:
    pytest.importorskip("grafana_foundation_sdk", reason="requirements-platform.lock is not installed")
    from observability.generate import files  # noqa: PLC0415  only where the SDK is

    for path, text in files().items():
        assert path.read_text() == text, f"{path} differs: run `python -m observability.generate`"


def test_every_metric_of_ours_exists() -> None:
    """Those that we show are exported, by the name that the code has for them."""
    sources = [ROOT / "chassis/metrics.py", ROOT / "gateway/http_metrics.py", ROOT / "auth_worker/metrics.py"]
    exported = set(
        re.findall(r'(?:Counter|Gauge|Histogram)\(\s*"(\w+)"', "".join(path.read_text() for path in sources))
    )
    shown = {
        re.sub(r"_(bucket|count|sum|total)$", "", name)
        for query in (*dashboard_queries().values(), *rules().values())
        for name in re.findall(r"\b(?:taskmesh|messaging|http_server|db_client)_\w+", query)
        if name
        not in {"messaging_destination_name", "http_server_errors_per_requests", "http_server_slow_per_requests"}
    }
    assert {name for name in shown if name not in exported and f"{name}_count" not in exported} == set()
