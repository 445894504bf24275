"""Sessions and API tokens that have ended while tokens of theirs may still be about.

Heard from auth_worker's events as they happen, and asked for where this gateway was not there to hear them.
"""

import asyncio
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import structlog
import uuid_utils.compat as uuid
from pydantic import BaseModel, ValidationError

from chassis.amqp.channel import Channel, Delivered
from chassis.broker import Broker
from chassis.errors import Refusal, Unavailable
from chassis.requests import Requests, Sender
from chassis.topology import EVENTS
from contracts.api_tokens import ApiTokenRevoked
from contracts.problems import INVALID_TOKEN, SERVICE_UNAVAILABLE
from contracts.sessions import ListRevocations, LoggedOut, Revocation, SessionRevoked, TokenReuseDetected

log = structlog.get_logger()

_ENDINGS = frozenset(
    event.wire_name.rpartition(".")[0] for event in (LoggedOut, SessionRevoked, TokenReuseDetected, ApiTokenRevoked)
)
"""In every version: a release that is ahead of this gateway ends sessions too."""
_TELLER = "auth_worker"
_REMEMBERED = 1200.0  # seconds; no access token lives longer
_BUDGET = timedelta(seconds=2)
_RETRY_EVERY = 0.2  # seconds


class _Ending(BaseModel):
    session_id: UUID | None = None
    token_id: UUID | None = None


class Revocations:
    def __init__(self, broker: Broker, requests: Requests, *, ended: Callable[[UUID], None] | None = None) -> None:
        """`ended` is told of each as it happens."""
        self._requests = requests
        self._told = ended
        self._ended: dict[UUID, float] = {}
        self._opened = asyncio.Event()
        self._opening = 0
        self._caught_up = 0
        broker.keep_channel(self._open, name="revocations")

    @property
    def current(self) -> bool:
        """Whether nothing was missed since the queue was last opened."""
        return 0 < self._opening == self._caught_up

    def refuse_ended(self, credential: UUID) -> None:
        """Where something may have been missed nobody is believed, as long as anything could come of it."""
        if credential in self._ended:
            raise Refusal(INVALID_TOKEN)
        if not self.current and self._requests.ready:
            raise Unavailable(SERVICE_UNAVAILABLE, "it is not known yet which sessions have ended")

    async def _open(self, channel: Channel) -> None:
        name = f"gateway.feed.{uuid4().hex}"
        self._opening += 1
        await channel.declare_passing_queue(name)
        for ending in _ENDINGS:
            await channel.bind(name, EVENTS, f"{ending}.*")
        await channel.consume(name, self._receive, no_ack=True)
        self._opened.set()

    def _receive(self, message: Delivered) -> None:
        properties = message.properties
        try:
            ending = _Ending.model_validate_json(message.body)
        except ValidationError:
            ending = _Ending()
        credential = ending.session_id or ending.token_id
        if credential is None or properties.user_id != _TELLER:
            log.warning("not a revocation", wire_name=properties.message_type, sender=properties.user_id)
            return
        self._learn(credential)
        if self._told is not None:
            self._told(credential)

    def _learn(self, credential: UUID) -> None:
        now = time.monotonic()
        self._ended[credential] = now + _REMEMBERED
        # The oldest stand first.
        while (oldest := next(iter(self._ended))) != credential and self._ended[oldest] < now:
            del self._ended[oldest]

    async def keep(self) -> None:
        while True:
            await self._opened.wait()
            self._opened.clear()
            await self._requests.wait_ready()
            opening = self._opening
            try:
                await self._catch_up()
            except (Refusal, Unavailable) as error:
                log.info("revocations not read", reason=str(error))
                self._opened.set()
                await asyncio.sleep(_RETRY_EVERY)
            else:
                self._caught_up = opening

    async def _catch_up(self) -> None:
        sender = Sender(message_id=uuid.uuid7(), actor=None, budget=_BUDGET)
        since = datetime.now(UTC) - timedelta(seconds=_REMEMBERED)
        after: Revocation | None = None
        while True:
            page = (await self._requests.ask(ListRevocations(since=since, after=after), sender)).value
            for revocation in page.items:
                self._learn(revocation.id)
            if not page.items:
                return
            after = page.items[-1]
