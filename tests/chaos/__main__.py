"""`taskmesh chaos`: the same faults, on servers of its own, for as long as one likes."""

import argparse
import asyncio
import json
import random
import secrets
import shutil
import sys
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

import asyncpg

from chassis.sealing import OpeningKeys
from ops import topology
from ops.migrate import DATABASE, migrate
from ops.postgres import Postgres
from ops.rabbitmq import RabbitMQ
from ops.state import ROOT
from tests.chaos.overload import Overload, overload
from tests.chaos.poisoned import Poisoned, poisoned
from tests.chaos.report import Report, play_all
from tests.chaos.scenarios import SCENARIOS, Scenario
from tests.chaos.soak import Soak, soak
from tests.chaos.world import open_world
from tests.conftest import PASSWORDS, VHOST, Addresses, Keys
from tests.running import run_services

Outcome = Report | Overload | Poisoned | Soak


@asynccontextmanager
async def _own_servers() -> AsyncIterator[tuple[Addresses, Keys, Path]]:
    folder = ROOT / ".taskmesh" / "chaos" / secrets.token_hex(4)
    folder.mkdir(parents=True)
    try:
        async with Postgres(folder / "postgres") as postgres, RabbitMQ(folder / "rabbitmq") as rabbitmq:
            await migrate(postgres.superuser_url, PASSWORDS)
            await topology.declare(rabbitmq.management_url, VHOST, rabbitmq.admin, passwords=PASSWORDS)
            addresses = Addresses(postgres, rabbitmq, DATABASE, VHOST)
            keys = Keys(OpeningKeys.generate(), OpeningKeys.generate())
            try:
                yield addresses, keys, folder / "services"
            finally:
                sys.stdout.flush()
        postgres.forget()
        rabbitmq.forget()
    except Exception:
        sys.stdout.write(f"What the servers wrote stays in {folder}\n")
        raise
    shutil.rmtree(folder, ignore_errors=True)


def _chosen(seed: int, names: Sequence[str]) -> list[Scenario]:
    scenarios = [each for each in SCENARIOS if not names or each.id in names]
    random.Random(seed).shuffle(scenarios)
    return scenarios


async def _run(arguments: argparse.Namespace) -> Outcome:
    started = time.monotonic()
    async with _own_servers() as (addresses, keys, folder):
        if arguments.what in {"overload", "poison"}:
            measure = overload if arguments.what == "overload" else poisoned
            async with run_services(addresses, keys, folder) as running:
                return await measure(running, seconds=arguments.seconds)
        async with open_world(addresses, keys, folder, seed=arguments.seed) as world:
            if arguments.what == "soak":
                return await soak(world, arguments.seed, minutes=arguments.minutes)
            until = started + arguments.minutes * 60
            return await play_all(world, _chosen(arguments.seed, arguments.only), arguments.seed, until=until)


def main() -> None:
    parser = argparse.ArgumentParser(prog="taskmesh chaos", description=__doc__)
    commands = parser.add_subparsers(dest="what", required=True)
    for name, explanation, minutes in (
        ("run", "Every fault once, in the order that the seed gives.", 30.0),
        ("soak", "Random faults for a while, and what leaks.", 15.0),
    ):
        command = commands.add_parser(name, help=explanation)
        command.add_argument("--seed", type=int, default=random.SystemRandom().randrange(10_000))
        command.add_argument("--minutes", type=float, default=minutes)
        command.add_argument("--json", type=Path, help="Where the report goes as JSON as well.")
        if name == "run":
            command.add_argument("--only", nargs="+", default=[], metavar="ID", help="Such as F5 F20.")
    for name, explanation, seconds in (
        ("overload", "Three times of what this machine can serve.", 60.0),
        ("poison", "One message in a hundred that nobody can read, in turns with none.", 8.0),
    ):
        command = commands.add_parser(name, help=explanation)
        command.add_argument("--seconds", type=float, default=seconds)
        command.add_argument("--json", type=Path, help="Where the report goes as JSON as well.")
    arguments = parser.parse_args()
    arguments.seed = getattr(arguments, "seed", 0)
    try:
        outcome = asyncio.run(_run(arguments))
    except (OSError, asyncpg.PostgresError, AssertionError) as error:
        sys.exit(f"The system did not come up: {error}")
    sys.stdout.write(outcome.as_text() + "\n")
    if arguments.json:
        arguments.json.write_text(json.dumps(outcome.as_json(), indent=2, default=str))
    sys.exit(0 if outcome.good else 1)


if __name__ == "__main__":
    main()
