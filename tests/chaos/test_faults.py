"""One fault after another under load, and the account at the end. `taskmesh chaos run` plays the longer list."""

import sys
from pathlib import Path

import pytest

from tests.chaos.report import play_all
from tests.chaos.scenarios import SCENARIOS
from tests.chaos.world import open_world
from tests.conftest import Addresses, Keys

SEED = 8


@pytest.mark.timeout(480)
async def test_the_promise_holds_through_every_fault(addresses: Addresses, keys: Keys, scratch: Path) -> None:
    short = [scenario for scenario in SCENARIOS if scenario.short]
    async with open_world(addresses, keys, scratch / "faults", seed=SEED) as world:
        report = await play_all(world, short, SEED)
    sys.stdout.write(report.as_text() + "\n")
    assert report.good, report.as_text()
