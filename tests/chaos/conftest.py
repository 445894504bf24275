from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.conftest import Addresses, Keys
from tests.running import Running, run_services


@pytest.fixture
async def running(
    addresses: Addresses, keys: Keys, scratch: Path, request: pytest.FixtureRequest
) -> AsyncIterator[Running]:
    async with run_services(addresses, keys, scratch / request.node.name) as running:
        yield running
