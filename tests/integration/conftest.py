"""Workers in this process, on the test's own database and the real broker."""

from collections.abc import AsyncIterator, Callable
from datetime import timedelta
from pathlib import Path

import pytest
from uuid_utils.compat import uuid7

import auth_worker.app
import auth_worker.settings
import notifier.app
import notifier.settings
import task_worker.app
import task_worker.settings
from chassis.requests import Requests
from chassis.sealing import SealingKey
from chassis.worker import Worker
from contracts.identity import PASSWORD_PURPOSE
from contracts.message import Actor
from tests.conftest import Addresses, Keys
from tests.eventually import eventually

Seal = Callable[[str], str]
BUDGET = timedelta(seconds=5)


@pytest.fixture
async def requests(requests: Requests) -> Requests:
    await eventually(lambda: requests.ready)
    return requests


@pytest.fixture
async def running_task_worker(addresses: Addresses, scratch: Path) -> AsyncIterator[Worker]:
    settings = task_worker.settings.Settings(
        database_url=addresses.database_url("task_worker"),
        amqp_url=addresses.amqp_url("task_worker"),
        object_storage_url=f"file://{scratch}/files",
    )
    async with task_worker.app.build(settings) as worker:
        yield worker
        await worker.drain()


@pytest.fixture
def auth_worker_settings(addresses: Addresses, keys: Keys) -> auth_worker.settings.Settings:
    return auth_worker.settings.Settings(
        database_url=addresses.database_url("auth_worker"),
        amqp_url=addresses.amqp_url("auth_worker"),
        sealing_keys=keys.auth_worker,
        notifier_sealing_key=keys.notifier_sealing_key,
        argon2_memory=1024,
        argon2_passes=1,
    )


@pytest.fixture
async def running_auth_worker(auth_worker_settings: auth_worker.settings.Settings) -> AsyncIterator[Worker]:
    async with auth_worker.app.build(auth_worker_settings) as worker:
        yield worker
        await worker.drain()


@pytest.fixture
async def running_notifier(addresses: Addresses, keys: Keys) -> AsyncIterator[Worker]:
    settings = notifier.settings.Settings(
        database_url=addresses.database_url("notifier"),
        amqp_url=addresses.amqp_url("notifier"),
        sealing_keys=keys.notifier,
        smtp_url="smtp://127.0.0.1:9",
        webhook_allowed_networks="127.0.0.0/8",
    )
    async with notifier.app.build(settings) as worker:
        yield worker
        await worker.drain()


@pytest.fixture
def ada() -> Actor:
    return Actor(id=uuid7(), username="ada")


@pytest.fixture
def seal(keys: Keys) -> Seal:
    """Seals a password as the gateway does."""
    key = SealingKey.parse(keys.auth_sealing_key)
    return lambda password: key.seal(password, purpose=PASSWORD_PURPOSE)
