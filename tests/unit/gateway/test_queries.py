import pytest

from tests.unit.gateway.serving import Served

GOOD_ID = "01936b2e-7c00-7000-8000-000000000001"


@pytest.mark.parametrize(
    "query",
    [
        "limit=1",
        "limit=200",
        "status=pending,completed&priority=low",
        "status=pending,pending",
    ],
)
async def test_good_queries_go_on_to_the_broker(served: Served, bearer: dict[str, str], query: str) -> None:
    assert (await served.ask("GET", f"/v1/tasks?{query}", headers=bearer)).status == 503


@pytest.mark.parametrize(
    "query",
    [
        "limit=0",
        "limit=201",
        "limit=-1",
        "limit=1e9",
        "limit=abc",
        "limit=1_0",
        "limit=%201",
        "limit=",
        "limit=99999999999999999999",
        "limit=1&limit=2",
        "status=",
        "status=done",
        "status=pending,",
        "status=pending&status=completed",
        "priority=canary",
        "cursor=" + "a" * 2049,
    ],
)
async def test_bad_values_are_invalid(served: Served, bearer: dict[str, str], query: str) -> None:
    """H66"""
    answer = await served.ask("GET", f"/v1/tasks?{query}", headers=bearer)
    assert (answer.status, answer.code) == (400, "invalid-parameter")
    assert b"canary" not in answer.body


@pytest.mark.parametrize("query", ["x=1", "Limit=1", "limit=1&%00=1", "="])
async def test_other_parameters_are_unknown(served: Served, bearer: dict[str, str], query: str) -> None:
    answer = await served.ask("GET", f"/v1/tasks?{query}", headers=bearer)
    assert (answer.status, answer.code) == (400, "unknown-parameter")


async def test_a_forged_cursor_is_refused(served: Served, bearer: dict[str, str]) -> None:
    """H66"""
    answer = await served.ask("GET", "/v1/tasks?cursor=AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA", headers=bearer)
    assert (answer.status, answer.code) == (400, "invalid-cursor")


@pytest.mark.parametrize(
    ("query", "status"),
    [
        (f"task_id={GOOD_ID}&action=created,updated&resource_type=task", 503),
        ("start_date=2026-01-01&end_date=2026-01-31", 503),
        ("start_date=2026-02-30", 400),
        ("start_date=1767225600", 400),
        ("start_date=2026-01-01T00:00:00Z", 400),
        ("start_date=0001-01-01", 400),
        ("end_date=9999-12-31", 400),
        (f"task_id={{{GOOD_ID}}}", 400),
        ("task_id=1", 400),
        ("resource_type=tasks", 400),
        ("action=%00", 400),
        ("action=' OR 1=1--", 400),
    ],
)
async def test_activity_is_filtered(served: Served, bearer: dict[str, str], query: str, status: int) -> None:
    """H54, H57, H68"""
    assert (await served.ask("GET", f"/v1/activity?{query}", headers=bearer)).status == status
