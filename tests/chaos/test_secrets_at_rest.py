"""What must not rest anywhere in clear is looked for in every file of the broker, the database and the logs."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.conftest import Addresses, Keys
from tests.running import run_services

CANARY = "Canary-Word-4711-In-A-Password"
MARKER = "visiblemarker"


def holding(folder: Path, text: str) -> Iterator[str]:
    for file in sorted(folder.rglob("*")):
        if file.is_file() and text.encode() in file.read_bytes():
            yield str(file.relative_to(folder))


@pytest.mark.parametrize("worker_is_away", [True, False])
async def test_no_password_rests_in_clear(
    addresses: Addresses, keys: Keys, scratch: Path, *, worker_is_away: bool
) -> None:
    folder = scratch / f"canary-{worker_is_away}"
    async with run_services(addresses, keys, folder) as running:
        if worker_is_away:
            # Then the command waits in its queue, on the broker's disk, until it expires and is set aside there.
            await running.services["auth_worker"].stop()
        body = {"username": MARKER, "email": "bird@example.org", "password": CANARY}
        headers = {"Prefer": "wait=1"}
        async with running.http.post("/v1/auth/register", json=body, headers=headers) as response:
            assert response.status == (504 if worker_is_away else 201)
        login = {"username": MARKER, "password": CANARY}
        async with running.http.post("/v1/auth/login", json=login, headers=headers) as response:
            assert response.status == (504 if worker_is_away else 200)
    if worker_is_away:
        assert list(holding(addresses.rabbitmq.folder, MARKER)), "the search finds nothing that is there"
    for place in (addresses.rabbitmq.folder, addresses.postgres.folder, folder):
        assert list(holding(place, CANARY)) == []
