"""One line of JSON for each event, ours and the libraries'. No local variables of a traceback: they hold passwords."""

import logging
import sys
from typing import Any

import orjson
import structlog
from opentelemetry import trace
from structlog.typing import EventDict, WrappedLogger

from chassis.settings import ServiceSettings

_NOISY = ("asyncio.sslproto",)
"""Logs a traceback for every lost connection, which chassis.broker says in one line."""


def _add_trace(_: WrappedLogger, __: str, event: EventDict) -> EventDict:
    context = trace.get_current_span().get_span_context()
    if context.is_valid:
        event["trace_id"] = format(context.trace_id, "032x")
        event["span_id"] = format(context.span_id, "016x")
    return event


def _to_json(event: Any, **_: Any) -> bytes:
    return orjson.dumps(event, default=str)


def _to_text(_: WrappedLogger, __: str, event: bytes) -> str:
    return event.decode()


def set_up_logs(settings: ServiceSettings, service: str) -> None:
    shared: list[structlog.typing.Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        _add_trace,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
    ]
    if settings.log_format == "json":
        traceback = structlog.tracebacks.ExceptionDictTransformer(show_locals=False)
        ours: list[structlog.typing.Processor] = [
            structlog.processors.ExceptionRenderer(traceback),
            structlog.processors.JSONRenderer(serializer=_to_json),
        ]
        theirs: list[Any] = [*ours, _to_text]
        # Past the standard library, which takes most of the time that a line costs.
        factory: Any = structlog.BytesLoggerFactory()
    else:
        theirs = [structlog.dev.ConsoleRenderer(exception_formatter=structlog.dev.plain_traceback)]
        ours = [structlog.stdlib.ProcessorFormatter.wrap_for_formatter]
        factory = structlog.stdlib.LoggerFactory()
    handler = logging.StreamHandler(sys.stdout)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared, processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, *theirs]
        )
    )
    level = settings.log_level.upper()
    logging.basicConfig(handlers=[handler], level=level, force=True)
    for name in _NOISY:
        logging.getLogger(name).setLevel(logging.CRITICAL)
    structlog.configure(
        processors=[*shared, *ours],
        logger_factory=factory,
        wrapper_class=structlog.make_filtering_bound_logger(logging.getLevelNamesMapping()[level]),
        cache_logger_on_first_use=True,
    )
    structlog.contextvars.bind_contextvars(service=service)
