"""The outermost layer of every request: its id, its trace, its line in the log, and the one place where errors end.

It stands around the router and not inside it, because aiohttp answers an unknown Expect before any middleware.
"""

import time
from collections.abc import Awaitable, Callable

import structlog
from aiohttp import web
from opentelemetry.trace import Span
from structlog.contextvars import bind_contextvars, reset_contextvars

from chassis.requests import Requests
from chassis.tracing import current_trace_id, exemplar_of, server_span, traceparent_of
from contracts.problems import OVERLOADED
from gateway import problem_documents
from gateway.http_metrics import ACTIVE_REQUESTS, REQUEST_DURATION
from gateway.problem_documents import Told
from gateway.refusals import refusals
from gateway.request_ids import request_id_of
from gateway.response_headers import add_to_answer
from gateway.settings import Settings
from gateway.state import CALLER, OPERATION, REQUEST_ID, TRACEPARENT

log = structlog.get_logger()

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]

_METHODS = frozenset({"GET", "HEAD", "POST", "PATCH", "PUT", "DELETE", "OPTIONS"})
_CLOSING = frozenset({"malformed-request", "request-timeout", "payload-too-large"})
"""After these nobody knows where the next request on the connection begins."""


class Boundary:
    def __init__(self, route: Handler, settings: Settings, requests: Requests) -> None:
        self._route = route
        self._settings = settings
        self._requests = requests

    async def __call__(self, request: web.Request) -> web.StreamResponse:
        started = time.perf_counter()
        request[REQUEST_ID] = request_id_of(request.headers)
        method = request.method if request.method in _METHODS else "_OTHER"
        if self._requests.places_left <= 0:
            # Before anything is spent on it, which would be missing where others are served.
            refusals(method).observe(0)
            refusal = self._respond(request, problem_documents.unavailable(OVERLOADED))
            # Where nothing was routed aiohttp sends no signal.
            add_to_answer(request, refusal, self._settings.cors_origins)
            return refusal
        ACTIVE_REQUESTS.inc()
        tokens = bind_contextvars(request_id=request[REQUEST_ID])
        try:
            with server_span(method, request.headers) as span:
                if traceparent := traceparent_of(span):
                    request[TRACEPARENT] = traceparent
                response = await self._answer(request)
                self._record(request, response, method, span, time.perf_counter() - started)
                return response
        finally:
            reset_contextvars(**tokens)
            ACTIVE_REQUESTS.dec()

    async def _answer(self, request: web.Request) -> web.StreamResponse:
        try:
            return await self._route(request)
        except Exception as error:
            if isinstance(error, ConnectionError) and (request.transport is None or request.transport.is_closing()):
                raise
            told = problem_documents.tell(error)
            if told is None:
                log.exception("request failed")
                told = problem_documents.defect()
            return self._respond(request, told)

    def _respond(self, request: web.Request, told: Told) -> web.Response:
        operation, code = request.get(OPERATION), told.problem.type.code
        if operation is not None and code not in operation.codes:
            log.error("undeclared problem", operation=operation.name, code=code)
        members = problem_documents.document(
            told.problem,
            public_url=self._settings.public_url,
            instance=problem_documents.instance_of(request.rel_url),
            request_id=request[REQUEST_ID],
            trace_id=current_trace_id(),
        )
        response = problem_documents.respond(told, members)
        if code in _CLOSING:
            response.force_close()
        return response

    def _record(
        self, request: web.Request, response: web.StreamResponse, method: str, span: Span, seconds: float
    ) -> None:
        operation, caller = request.get(OPERATION), request.get(CALLER)
        route = operation.path if operation else "unmatched"
        span.update_name(f"{method} {route}")
        span.set_attribute("http.route", route)
        span.set_attribute("http.response.status_code", response.status)
        REQUEST_DURATION.labels(method, route, response.status).observe(seconds, exemplar_of(span))
        log.info(
            "request",
            method=method,
            route=route,
            status=response.status,
            ms=round(seconds * 1000, 1),
            user_id=str(caller.actor.id) if caller else None,
        )
