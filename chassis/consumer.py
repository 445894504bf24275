"""Takes messages from one queue and settles each in one of four ways: done, retried later, parked, or held."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping
from datetime import UTC, datetime
from typing import Any

import structlog

from chassis import metrics
from chassis.broker import Broker, Incoming, Outgoing, PublishUnconfirmed
from chassis.envelope import Caller, Envelope, find_caller, find_sender, read_envelope
from chassis.errors import ParkReason, Unavailable, Unprocessable
from chassis.replies import Reply, send_reply
from chassis.topology import PARKING, RETRY, RETRY_TIERS
from chassis.tracing import exemplar, process_span
from contracts.problems import INTERNAL, SERVICE_UNAVAILABLE, Problem

log = structlog.get_logger()

Process = Callable[[Envelope, Incoming], Awaitable[None]]

_TIERS = tuple(RETRY_TIERS)
_HOLD = (0.2, 0.5, 1.0, 2.0)
"""Seconds between attempts while a dependency is away."""

_CARRIED = ("x-actor", "x-idempotency-key", "x-request-sha", "traceparent")


class Consumer:
    def __init__(self, broker: Broker, queue: str, process: Process) -> None:
        self._broker = broker
        self._queue = queue
        self._process = process

    async def receive(self, incoming: Incoming) -> None:
        """Settles the message, or leaves it unacknowledged, so that the broker delivers it again."""
        started, outcome, trace = time.perf_counter(), "done", None
        metrics.CONSUMED.labels(self._queue).inc()
        try:
            envelope = read_envelope(incoming, own_user=self._broker.user)
            observe_age(self._queue, envelope)
            with process_span(self._queue, str(envelope.message_id), envelope.wire_name, incoming.headers):
                trace = exemplar()
                await self._process_when_possible(envelope, incoming)
        except Unprocessable as error:
            outcome = "parked"
            await self._park(incoming, error.reason, error)
        except Exception as error:  # the only place where a defect of ours is caught: it must be settled too
            outcome = "defect"
            log.exception("message failed", queue=self._queue, wire_name=incoming.properties.message_type)
            await self._set_aside(incoming, error)
        else:
            await incoming.acknowledge()
        finally:
            # The name of what is parked is anybody's invention, and each would be a series of its own.
            wire_name = incoming.properties.message_type or "" if outcome != "parked" else "unknown"
            spent = time.perf_counter() - started
            metrics.PROCESS_DURATION.labels(self._queue, wire_name, outcome).observe(spent, trace)

    async def _process_when_possible(self, envelope: Envelope, incoming: Incoming) -> None:
        """Where somebody waits he is told at once; what nobody waits for is held, and costs no attempt."""
        held = 0
        while True:
            try:
                await self._process(envelope, incoming)
            except Unavailable as error:
                if envelope.caller is not None:
                    send_reply(self._broker, envelope.caller, Reply.no(Problem(type=error.problem)))
                    return
                if held == 0:
                    log.warning("holding messages", queue=self._queue, reason=str(error))
                await asyncio.sleep(_HOLD[min(held, len(_HOLD) - 1)])
                held += 1
            else:
                return

    async def _set_aside(self, incoming: Incoming, error: Exception) -> None:
        attempt = _attempt(incoming)
        caller = find_caller(incoming)
        if caller is not None:
            await self._park(incoming, "bug", error, caller=caller)
        elif attempt >= len(_TIERS):
            await self._park(incoming, "transient-exhausted", error)
        else:
            metrics.SET_ASIDE.labels(self._queue, "retry").inc()
            headers = {**self._headers(incoming), "x-attempt": attempt + 1}
            await self._hand_over(incoming, f"{RETRY}.{_TIERS[attempt]}", headers)

    async def _park(
        self, incoming: Incoming, reason: ParkReason, error: Exception, *, caller: Caller | None = None
    ) -> None:
        log.error("message parked", queue=self._queue, wire_name=incoming.properties.message_type, reason=reason)
        metrics.SET_ASIDE.labels(self._queue, reason).inc()
        caller = caller or find_caller(incoming)
        if caller is not None:
            problem = SERVICE_UNAVAILABLE if reason in ("version", "unhandled") else INTERNAL
            send_reply(self._broker, caller, Reply.no(Problem(type=problem)))
        headers = {
            **self._headers(incoming),
            "x-attempt": _attempt(incoming),
            "x-source-queue": self._queue,
            "x-awaited": caller is not None,
            "x-park-reason": reason,
            "x-error-class": type(error).__qualname__,
            # The text of a defect may hold what a user wrote; that of Unprocessable is ours.
            "x-error": str(error)[:2000] if isinstance(error, Unprocessable) else "",
        }
        await self._hand_over(incoming, PARKING, headers)

    async def _hand_over(self, incoming: Incoming, exchange: str, headers: dict[str, Any]) -> None:
        message = Outgoing(
            exchange=exchange,
            routing_key=self._queue,
            body=incoming.body,
            message_id=incoming.properties.message_id or "",
            type=incoming.properties.message_type or "",
            headers=headers,
        )
        try:
            await self._broker.publish(message)
        except (Unavailable, PublishUnconfirmed) as error:
            log.warning("message not set aside, delivered again", queue=self._queue, error=str(error))
            await asyncio.sleep(1)
            await incoming.return_to_queue()
        else:
            await incoming.acknowledge()

    def _headers(self, incoming: Incoming) -> dict[str, Any]:
        """What the message needs on its second way: not the broker's marks of the first."""
        # Said even where it is nobody: for what has no first sender, our own name would stand.
        sender = find_sender(incoming, own_user=self._broker.user)
        return {**carried_headers(incoming.headers), "x-sender": sender}


def observe_age(queue: str, envelope: Envelope) -> None:
    age = (datetime.now(UTC) - envelope.sent_at).total_seconds()
    metrics.MESSAGE_AGE.labels(queue).observe(max(0.0, age))


def carried_headers(headers: Mapping[str, Any]) -> dict[str, str]:
    # Texts alone: what else a header can hold may be read, and not written.
    texts = {name: value for name, value in headers.items() if isinstance(value, str)}
    return {name: value for name, value in texts.items() if name in _CARRIED or name.startswith("ce-")}


def _attempt(incoming: Incoming) -> int:
    value = incoming.headers.get("x-attempt")
    return value if isinstance(value, int) and 0 <= value < 100 else 0
