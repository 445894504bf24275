"""What the gateway holds, and what one request gathers on its way: the only keys into either."""

from collections.abc import Callable
from datetime import datetime
from typing import Any

from aiohttp import web

from chassis.health import Health
from chassis.objects import Objects
from chassis.requests import Requests
from chassis.sealing import SealingKey
from gateway.api_tokens import ApiTokens
from gateway.command_ids import CommandIds
from gateway.cursors import Cursors
from gateway.feed import Feed
from gateway.idempotency import Fingerprints
from gateway.keys import Keys
from gateway.operation import Operation
from gateway.rate_limits import RateLimits, Standing
from gateway.revocations import Revocations
from gateway.settings import Settings
from gateway.tickets import Tickets
from gateway.tokens import Caller, Verifier
from gateway.webhook_secrets import WebhookSecrets

Document = Callable[[], bytes]

SETTINGS = web.AppKey("settings", Settings)
REQUESTS = web.AppKey("requests", Requests)
KEYS = web.AppKey("keys", Keys)
VERIFIER = web.AppKey("verifier", Verifier)
API_TOKENS = web.AppKey("api_tokens", ApiTokens)
REVOCATIONS = web.AppKey("revocations", Revocations)
RATE_LIMITS = web.AppKey("rate_limits", RateLimits)
COMMAND_IDS = web.AppKey("command_ids", CommandIds)
CURSORS = web.AppKey("cursors", Cursors)
FINGERPRINTS = web.AppKey("fingerprints", Fingerprints)
PASSWORD_KEY = web.AppKey("password_key", SealingKey)
OBJECTS = web.AppKey("objects", Objects)
FEED = web.AppKey("feed", Feed)
WEBHOOK_SECRETS = web.AppKey("webhook_secrets", WebhookSecrets)
# Made at the first request: they describe every route.
OPENAPI = web.AppKey[Document]("openapi")
ASYNCAPI = web.AppKey[Document]("asyncapi")
TICKETS = web.AppKey("tickets", Tickets)
HEALTH = web.AppKey("health", Health)
STARTED_AT = web.AppKey("started_at", datetime)

REQUEST_ID = web.RequestKey("request_id", str)
TRACEPARENT = web.RequestKey("traceparent", str)
OPERATION = web.RequestKey("operation", Operation)
CALLER = web.RequestKey[Caller | None]("caller")
CLIENT_ADDRESS = web.RequestKey("client_address", str)
STANDINGS = web.RequestKey[list[Standing]]("standings")
PARSED_BODY = web.RequestKey[Any]("parsed_body")
