"""One trace from the HTTP request to the last notification: through AMQP headers, and through the outbox row."""

import random
from collections.abc import Iterator, Mapping, MutableMapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from typing import Any

from opentelemetry import trace
from opentelemetry.context import Context, attach, detach
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.id_generator import RandomIdGenerator
from opentelemetry.sdk.trace.sampling import DEFAULT_ON
from opentelemetry.trace import Link, NonRecordingSpan, Span, SpanContext, SpanKind, Status, StatusCode
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

from chassis.settings import ServiceSettings

_tracer = trace.get_tracer("taskmesh")
_ids = RandomIdGenerator()
# Baggage is left behind: it would travel on into every message, and its parser fails on bytes beyond ASCII.
_propagator = TraceContextTextMapPropagator()


@dataclass
class _Sampling:
    """How many of the traces that begin here are kept."""

    ratio: float = 1.0


_sampling = _Sampling()


def set_up_tracing(settings: ServiceSettings, service: str) -> None:
    """Spans are made and passed on in any case, so that logs have trace ids; exported only where an endpoint is set."""
    _sampling.ratio = settings.trace_sample_ratio
    provider = TracerProvider(
        # What nobody keeps never comes to it.
        sampler=DEFAULT_ON,
        resource=Resource.create({"service.name": service, "deployment.environment.name": settings.environment}),
    )
    if settings.otel_exporter_otlp_endpoint:
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import (  # noqa: PLC0415  15 MB that few need
            OTLPSpanExporter,
        )
        from opentelemetry.sdk.trace.export import BatchSpanProcessor  # noqa: PLC0415

        exporter = OTLPSpanExporter(endpoint=f"{settings.otel_exporter_otlp_endpoint.rstrip('/')}/v1/traces")
        provider.add_span_processor(BatchSpanProcessor(exporter))
    trace.set_tracer_provider(provider)


def current_trace_id() -> str | None:
    context = trace.get_current_span().get_span_context()
    return format(context.trace_id, "032x") if context.is_valid else None


def current_traceparent() -> str | None:
    return traceparent_of(trace.get_current_span())


def traceparent_of(span: Span) -> str | None:
    context = span.get_span_context()
    if not context.is_valid:
        return None
    return f"00-{context.trace_id:032x}-{context.span_id:016x}-{context.trace_flags:02x}"


def exemplar() -> dict[str, str] | None:
    """Leads from a point of a histogram to the trace behind it, where that trace is kept."""
    return exemplar_of(trace.get_current_span())


def exemplar_of(span: Span) -> dict[str, str] | None:
    context = span.get_span_context()
    return {"trace_id": format(context.trace_id, "032x")} if context.trace_flags.sampled else None


def server_span(method: str, headers: Mapping[str, str]) -> AbstractContextManager[Span]:
    """Renamed to `METHOD route` by the caller, once the route is known."""
    told = {name: headers[name] for name in ("traceparent", "tracestate") if name in headers}
    context = _propagator.extract(told) if told else None
    return _span(method, SpanKind.SERVER, {"http.request.method": method}, context)


@contextmanager
def publish_span(exchange: str, routing_key: str, headers: MutableMapping[str, Any]) -> Iterator[None]:
    parent = trace.get_current_span()
    if _is_dropped(parent):
        headers["traceparent"] = traceparent_of(parent)
        yield
        return
    attributes = {
        "messaging.system": "rabbitmq",
        "messaging.destination.name": exchange,
        "messaging.rabbitmq.destination.routing_key": routing_key,
        "messaging.operation.name": "publish",
        "messaging.operation.type": "send",
    }
    with _span(f"send {exchange}", SpanKind.PRODUCER, attributes):
        _propagator.inject(headers)
        yield


def process_span(
    queue: str, message_id: str, wire_name: str, headers: Mapping[str, Any]
) -> AbstractContextManager[Span]:
    return _inside_until_its_end(begin_process_span(queue, message_id, wire_name, headers))


def begin_process_span(queue: str, message_id: str, wire_name: str, headers: Mapping[str, Any]) -> Span:
    """Whoever begins it ends it.

    The producer is parent, so that one user's action is one trace, and link, as the conventions have it.
    """
    told = headers.get("traceparent")
    context = _propagator.extract({"traceparent": told}) if isinstance(told, str) else None
    producer = trace.get_current_span(context)
    if _is_dropped(producer):
        return producer
    attributes = {
        "messaging.system": "rabbitmq",
        "messaging.destination.name": queue,
        "messaging.message.id": message_id,
        "messaging.operation.name": "process",
        "messaging.operation.type": "process",
        "taskmesh.message.type": wire_name,
    }
    links = [Link(producer.get_span_context())] if producer.get_span_context().is_valid else []
    return _start(f"process {queue}", SpanKind.CONSUMER, attributes, context, links)


def _is_dropped(span: Span) -> bool:
    """It belongs to a trace that nobody keeps: its children would have nothing to tell but whose children they are."""
    context = span.get_span_context()
    return context.is_valid and not context.trace_flags.sampled


@contextmanager
def inside(span: Span) -> Iterator[None]:
    token = attach(trace.set_span_in_context(span))
    try:
        yield
    finally:
        detach(token)


def _start(
    name: str,
    kind: SpanKind,
    attributes: Mapping[str, str],
    context: Context | None = None,
    links: Sequence[Link] = (),
) -> Span:
    """Of a trace that nobody keeps, its ids alone."""
    parent = trace.get_current_span(context).get_span_context()
    if parent.is_valid:
        trace_id, kept = parent.trace_id, parent.trace_flags.sampled
    else:
        trace_id, kept = _ids.generate_trace_id(), random.random() < _sampling.ratio  # noqa: S311
    if not kept:
        state = parent.trace_state
        return NonRecordingSpan(SpanContext(trace_id, _ids.generate_span_id(), is_remote=False, trace_state=state))
    return _tracer.start_span(name, kind=kind, attributes=attributes, context=context, links=links)


def _span(
    name: str, kind: SpanKind, attributes: Mapping[str, str], context: Context | None = None
) -> AbstractContextManager[Span]:
    return _inside_until_its_end(_start(name, kind, attributes, context))


@contextmanager
def _inside_until_its_end(span: Span) -> Iterator[Span]:
    """Of an exception only its type is recorded: its text may hold what a user wrote."""
    token = attach(trace.set_span_in_context(span))
    try:
        yield span
    except BaseException as error:
        span.set_attribute("error.type", type(error).__qualname__)
        span.set_status(Status(StatusCode.ERROR))
        raise
    finally:
        detach(token)
        span.end()
