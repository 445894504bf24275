from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime

from aiohttp import web

from chassis.background import Background
from chassis.broker import Broker, open_broker
from chassis.health import Checks, Health
from chassis.requests import Requests
from chassis.sealing import SealingKey
from contracts.catalogue import COMMANDS
from gateway.body import MAX_BODY
from gateway.command_ids import CommandIds
from gateway.cors import preflight
from gateway.cursors import Cursors
from gateway.derived_keys import derive
from gateway.idempotency import Fingerprints
from gateway.keys import Keys
from gateway.rate_limits import rate_limits_of
from gateway.request_target import check_target
from gateway.response_headers import add_to_response
from gateway.routes import OPERATIONS
from gateway.routing import register
from gateway.server import Runner
from gateway.settings import Settings
from gateway.state import (
    COMMAND_IDS,
    CURSORS,
    FINGERPRINTS,
    HEALTH,
    KEYS,
    PASSWORD_KEY,
    RATE_LIMITS,
    REQUESTS,
    SETTINGS,
    STARTED_AT,
    VERIFIER,
)
from gateway.tokens import Verifier

_BACKLOG = 1024


class Gateway:
    def __init__(self, runner: Runner, checks: Checks, health: Health) -> None:
        self.runner = runner
        self.checks = checks
        self._health = health

    async def drain(self) -> None:
        self._health.stopping = True
        await self.runner.cleanup()


def create_app(
    settings: Settings, requests: Requests, verifier: Verifier, keys: Keys, health: Health
) -> web.Application:
    app = web.Application(client_max_size=MAX_BODY, middlewares=[check_target, preflight])
    secret = settings.gateway_secret.get_secret_value()
    app[SETTINGS] = settings
    app[REQUESTS] = requests
    app[VERIFIER] = verifier
    app[KEYS] = keys
    app[HEALTH] = health
    app[STARTED_AT] = datetime.now(UTC)
    app[RATE_LIMITS] = rate_limits_of(settings)
    app[COMMAND_IDS] = CommandIds(derive(secret, "command ids"), COMMANDS)
    app[CURSORS] = Cursors(derive(secret, "cursors"))
    app[FINGERPRINTS] = Fingerprints(derive(secret, "fingerprints"))
    app[PASSWORD_KEY] = SealingKey.parse(settings.auth_sealing_key)
    app.on_response_prepare.append(add_to_response)
    register(app, OPERATIONS)
    return app


def _checks(broker: Broker, keys: Keys) -> Checks:
    async def rabbitmq() -> bool:
        return broker.ready

    async def signing_keys() -> bool:
        return keys.loaded

    return {"rabbitmq": rabbitmq, "keys": signing_keys}


@asynccontextmanager
async def build(settings: Settings) -> AsyncIterator[Gateway]:
    async with open_broker(settings.current_amqp_url, "gateway") as broker, Background() as background:
        requests = Requests(
            broker,
            max_pending=settings.max_pending,
            max_pending_per_user=settings.max_pending_per_user if settings.rate_limits == "on" else None,
        )
        verifier = Verifier(settings.public_url)
        keys = Keys(requests, verifier)
        background.start(keys.keep())
        checks = _checks(broker, keys)
        health = Health(checks)
        runner = Runner(create_app(settings, requests, verifier, keys, health), settings)
        await runner.setup()
        try:
            await web.TCPSite(runner, settings.http_host, settings.http_port, backlog=_BACKLOG).start()
            yield Gateway(runner, checks, health)
        finally:
            await runner.cleanup()
