"""One trace from the HTTP request to the last notification: through AMQP headers, and through the outbox row."""

from collections.abc import Iterator, Mapping, MutableMapping
from contextlib import contextmanager
from typing import Any

from opentelemetry import propagate, trace
from opentelemetry.context import attach, detach
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.sampling import ParentBasedTraceIdRatio
from opentelemetry.trace import Link, Span, SpanKind, Status, StatusCode

from chassis.settings import ServiceSettings

_tracer = trace.get_tracer("taskmesh")


def set_up_tracing(settings: ServiceSettings, service: str) -> None:
    """Spans are made and passed on in any case, so that logs have trace ids; exported only where an endpoint is set."""
    provider = TracerProvider(
        sampler=ParentBasedTraceIdRatio(settings.trace_sample_ratio),
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


@contextmanager
def server_span(method: str, headers: Mapping[str, str]) -> Iterator[Span]:
    """Renamed to `METHOD route` by the caller, once the route is known.

    Baggage is left behind: it would travel on into every message, and its parser fails on bytes beyond ASCII.
    """
    context = propagate.extract({name: headers[name] for name in ("traceparent", "tracestate") if name in headers})
    with _span(method, SpanKind.SERVER, {"http.request.method": method}, context=context) as span:
        yield span


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
        propagate.inject(headers)
        yield


@contextmanager
def process_span(queue: str, message_id: str, wire_name: str, headers: Mapping[str, Any]) -> Iterator[None]:
    span = begin_process_span(queue, message_id, wire_name, headers)
    with inside(span), _ended(span):
        yield


def begin_process_span(queue: str, message_id: str, wire_name: str, headers: Mapping[str, Any]) -> Span:
    """Whoever begins it ends it.

    The producer is parent, so that one user's action is one trace, and link, as the conventions have it.
    """
    carrier = {"traceparent": headers["traceparent"]} if isinstance(headers.get("traceparent"), str) else {}
    context = propagate.extract(carrier)
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
    told = producer.get_span_context()
    links = [Link(told)] if told.is_valid else []
    return _tracer.start_span(
        f"process {queue}", kind=SpanKind.CONSUMER, attributes=attributes, context=context, links=links
    )


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


@contextmanager
def _ended(span: Span) -> Iterator[None]:
    """Of an exception only its type is recorded: its text may hold what a user wrote."""
    try:
        yield
    except BaseException as error:
        span.set_attribute("error.type", type(error).__qualname__)
        span.set_status(Status(StatusCode.ERROR))
        raise
    finally:
        span.end()


@contextmanager
def _span(name: str, kind: SpanKind, attributes: Mapping[str, str], **more: Any) -> Iterator[Span]:
    span = _tracer.start_span(name, kind=kind, attributes=attributes, **more)
    with inside(span), _ended(span):
        yield span
