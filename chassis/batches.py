"""Natural batches: the commands that are waiting share a transaction. Nobody ever waits for more to come.

Whatever fails, fails for all, and each is carried out alone: a bad neighbour costs nobody.
"""

import asyncio
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager

import structlog
from opentelemetry.trace import Span

from chassis import metrics
from chassis.batch_transaction import Waiting, carry_out
from chassis.broker import Broker, Incoming
from chassis.commands import Commands
from chassis.commit import CommitUnknownError
from chassis.consumer import Consumer, observe_age
from chassis.database import Database
from chassis.envelope import read_envelope
from chassis.errors import Unavailable, Unprocessable
from chassis.failpoints import reach
from chassis.replies import Reply, send_reply
from chassis.tracing import begin_process_span, exemplar_of
from contracts.problems import Problem

log = structlog.get_logger()

_TOGETHER = 64
PREFETCH = 2 * _TOGETHER
_HASTE = 0.25  # seconds; whoever has less is carried out alone: his deadline would end everybody's transaction


class Batches:
    def __init__(
        self,
        commands: Commands,
        database: Database,
        broker: Broker,
        queue: str,
        *,
        committed: Callable[[], None],
        alone: int,
    ) -> None:
        """At most so many are carried out `alone` at the same time."""
        self._commands = commands
        self._database = database
        self._broker = broker
        self._queue = queue
        self._committed = committed
        self._waiting: deque[Waiting] = deque()
        self._first = asyncio.Lock()
        self._second = asyncio.Lock()
        self._places = asyncio.Semaphore(alone)
        self._alone = Consumer(broker, queue, commands.process)
        self._doubtful = Consumer(broker, queue, commands.find_out)

    async def receive(self, incoming: Incoming) -> None:
        waiting = self._read(incoming)
        if waiting is None:
            await self._one_by_one(self._alone, [incoming])
            return
        self._waiting.append(waiting)
        # Whatever arrived at the same moment joins.
        await asyncio.sleep(0)
        # The fewer transactions, the more they share; but a full one does not wait for who waits for a row.
        full = self._first.locked() and len(self._waiting) >= _TOGETHER
        async with self._second if full else self._first:
            batch, twins = self._take()
            if not batch:
                return
            [result] = await asyncio.gather(self._carry_out(batch), return_exceptions=True)
        await self._settle(batch, result)
        await self._one_by_one(self._alone, (twin.incoming for twin in twins))

    def _read(self, incoming: Incoming) -> Waiting | None:
        """None for what is carried out alone, if at all."""
        since = time.perf_counter()
        try:
            envelope = read_envelope(incoming, own_user=self._broker.user)
            subscription, command = self._commands.read(envelope, incoming)
            in_haste = envelope.caller is not None and envelope.caller.remaining < _HASTE
            if subscription.changes is None or in_haste or incoming.redelivered:
                return None
            return Waiting(incoming, envelope, subscription, command, subscription.changes(command), since)
        except Unprocessable:
            return None

    def _take(self) -> tuple[list[Waiting], list[Waiting]]:
        """What is waiting, in the order of what it changes, and apart from it the twins of what is among it."""
        batch: list[Waiting] = []
        twins: list[Waiting] = []
        seen: set[object] = set()
        while self._waiting and len(batch) < _TOGETHER:
            waiting = self._waiting.popleft()
            (twins if waiting.join(seen) else batch).append(waiting)
        return sorted(batch, key=lambda waiting: waiting.aggregate_id), twins

    async def _carry_out(self, batch: Sequence[Waiting]) -> list[Reply]:
        with _spans(self._queue, batch) as spans:
            outcomes = await carry_out(self._database, batch, spans)
            for waiting, span in zip(batch, spans, strict=True):
                observe_age(self._queue, waiting.envelope)
                metrics.PROCESS_DURATION.labels(self._queue, waiting.envelope.wire_name, "done").observe(
                    time.perf_counter() - waiting.since, exemplar_of(span)
                )
        metrics.CONSUMED.labels(self._queue).inc(len(batch))
        if any(outcome.tells for outcome in outcomes):
            self._committed()
        return [outcome.reply for outcome in outcomes]

    async def _settle(self, batch: Sequence[Waiting], result: list[Reply] | BaseException) -> None:
        if isinstance(result, list):
            await self._answer(batch, result)
            return
        log.info("commands taken one by one", queue=self._queue, count=len(batch), error=type(result).__name__)
        if isinstance(result, Unavailable):
            # Each alone would only wait for the same database, and be told so later.
            batch = await self._say_so(batch, result)
        consumer = self._doubtful if isinstance(result, CommitUnknownError) else self._alone
        await self._one_by_one(consumer, (waiting.incoming for waiting in batch))

    async def _answer(self, batch: Sequence[Waiting], replies: Sequence[Reply]) -> None:
        reach("worker.before_reply")
        for waiting, reply in zip(batch, replies, strict=True):
            if waiting.envelope.caller is not None:
                send_reply(self._broker, waiting.envelope.caller, reply)
        # Until they are written.
        await asyncio.sleep(0)
        reach("worker.before_ack")
        for waiting in batch:
            await waiting.incoming.acknowledge()

    async def _say_so(self, batch: Sequence[Waiting], error: Unavailable) -> Sequence[Waiting]:
        """To those who wait for an answer. Returns the others, who are held."""
        asked = [waiting for waiting in batch if waiting.envelope.caller is not None]
        await self._answer(asked, [Reply.no(Problem(type=error.problem))] * len(asked))
        return [waiting for waiting in batch if waiting.envelope.caller is None]

    async def _one_by_one(self, consumer: Consumer, messages: Iterable[Incoming]) -> None:
        await asyncio.gather(*(self._alone_in(consumer, incoming) for incoming in messages))

    async def _alone_in(self, consumer: Consumer, incoming: Incoming) -> None:
        async with self._places:
            await consumer.receive(incoming)


@contextmanager
def _spans(queue: str, batch: Sequence[Waiting]) -> Iterator[list[Span]]:
    spans = [
        begin_process_span(
            queue, str(waiting.envelope.message_id), waiting.envelope.wire_name, waiting.incoming.headers
        )
        for waiting in batch
    ]
    try:
        yield spans
    finally:
        for span in spans:
            span.end()
