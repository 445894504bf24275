from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from functools import cache, partial

import orjson
from aiohttp import web

from chassis.background import Background
from chassis.broker import Broker, open_broker
from chassis.health import Checks, Health
from chassis.objects import Objects
from chassis.requests import Requests
from chassis.sealing import SealingKey
from chassis.version import VERSION
from contracts.catalogue import COMMANDS
from contracts.identity import PASSWORDS
from gateway.api_tokens import ApiTokens
from gateway.body import MAX_BODY
from gateway.command_ids import CommandIds
from gateway.cors import preflight
from gateway.cursors import Cursors
from gateway.derived_keys import derive
from gateway.documents.asyncapi import asyncapi
from gateway.documents.openapi import openapi
from gateway.feed import Feed
from gateway.idempotency import Fingerprints
from gateway.keys import Keys
from gateway.listener import Site
from gateway.rate_limits import rate_limits_of
from gateway.request_target import check_target
from gateway.response_headers import add_to_response
from gateway.revocations import Revocations
from gateway.routes import OPERATIONS
from gateway.routing import register
from gateway.server import Runner
from gateway.settings import Settings
from gateway.state import (
    API_TOKENS,
    ASYNCAPI,
    COMMAND_IDS,
    CURSORS,
    FEED,
    FINGERPRINTS,
    HEALTH,
    KEYS,
    OBJECTS,
    OPENAPI,
    PASSWORD_KEY,
    RATE_LIMITS,
    REQUESTS,
    REVOCATIONS,
    SETTINGS,
    STARTED_AT,
    TICKETS,
    VERIFIER,
    WEBHOOK_SECRETS,
    Document,
)
from gateway.tickets import Tickets
from gateway.tokens import Verifier
from gateway.webhook_secrets import WebhookSecrets


class Gateway:
    def __init__(self, runner: Runner, checks: Checks, health: Health, feed: Feed) -> None:
        self.runner = runner
        self.checks = checks
        self._health = health
        self._feed = feed

    async def drain(self) -> None:
        self._health.stopping = True
        self._feed.end_all()
        await self.runner.cleanup()


@cache
def _openapi(public_url: str) -> bytes:
    return orjson.dumps(openapi(OPERATIONS, public_url=public_url, version=VERSION))


@cache
def _asyncapi() -> bytes:
    return orjson.dumps(asyncapi(version=VERSION))


def create_app(
    settings: Settings,
    requests: Requests,
    *,
    verifier: Verifier,
    keys: Keys,
    revocations: Revocations,
    health: Health,
    feed: Feed,
) -> web.Application:
    app = web.Application(client_max_size=MAX_BODY, middlewares=[check_target, preflight])
    secret = settings.gateway_secret.get_secret_value()
    app[SETTINGS] = settings
    app[REQUESTS] = requests
    app[VERIFIER] = verifier
    app[KEYS] = keys
    app[API_TOKENS] = ApiTokens(requests)
    app[REVOCATIONS] = revocations
    app[HEALTH] = health
    app[FEED] = feed
    app[TICKETS] = Tickets(derive(secret, "tickets"))
    app[STARTED_AT] = datetime.now(UTC)
    app[RATE_LIMITS] = rate_limits_of(settings)
    app[COMMAND_IDS] = CommandIds(derive(secret, "command ids"), COMMANDS)
    app[CURSORS] = Cursors(derive(secret, "cursors"))
    app[FINGERPRINTS] = Fingerprints(derive(secret, "fingerprints"))
    app[OBJECTS] = Objects(settings.object_storage_url)
    app[PASSWORD_KEY] = SealingKey.parse(settings.auth_sealing_key)
    notifier_key = SealingKey.parse(settings.notifier_sealing_key)
    app[WEBHOOK_SECRETS] = WebhookSecrets(derive(secret, "webhook secrets"), notifier_key)
    show_openapi: Document = partial(_openapi, settings.public_url)
    show_asyncapi: Document = _asyncapi
    app[OPENAPI] = show_openapi
    app[ASYNCAPI] = show_asyncapi
    app.on_cleanup.append(_close_rate_limits)
    app.on_response_prepare.append(add_to_response)
    register(app, OPERATIONS)
    return app


async def _close_rate_limits(app: web.Application) -> None:
    await app[RATE_LIMITS].close()


def _checks(broker: Broker, keys: Keys, revocations: Revocations) -> Checks:
    async def rabbitmq() -> bool:
        return broker.ready

    async def signing_keys() -> bool:
        return keys.loaded

    async def ended_sessions() -> bool:
        return revocations.current

    return {"rabbitmq": rabbitmq, "keys": signing_keys, "revocations": ended_sessions}


@asynccontextmanager
async def build(settings: Settings) -> AsyncIterator[Gateway]:
    async with open_broker(settings.current_amqp_url, "gateway") as broker, Background() as background:
        requests = Requests(
            broker,
            max_pending=settings.max_pending,
            max_pending_by_queue={PASSWORDS: settings.max_pending_passwords},
            max_pending_per_user=settings.max_pending_per_user if settings.rate_limits == "on" else None,
        )
        verifier = Verifier(settings.public_url)
        keys = Keys(requests, verifier)
        background.start(keys.keep())
        revocations = Revocations(broker, requests)
        background.start(revocations.keep())
        feed = Feed(broker, requests)
        background.start(feed.keep())
        checks = _checks(broker, keys, revocations)
        health = Health(checks)
        runner = Runner(
            create_app(
                settings,
                requests,
                verifier=verifier,
                keys=keys,
                revocations=revocations,
                health=health,
                feed=feed,
            ),
            settings,
        )
        gateway = Gateway(runner, checks, health, feed)
        await runner.setup()
        try:
            await Site(runner, settings.http_host, settings.http_port).start()
            yield gateway
        finally:
            await gateway.drain()
