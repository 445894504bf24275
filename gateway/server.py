"""aiohttp's server with our limits, and with our words where its parser refuses a request."""

from typing import Any

import structlog
import uuid_utils.compat as uuid
from aiohttp import web
from aiohttp.http_exceptions import LineTooLong
from aiohttp.http_parser import RawRequestMessage

from chassis.tracing import current_trace_id, current_traceparent, server_span
from contracts.problems import HEADERS_TOO_LARGE, INTERNAL, MALFORMED_REQUEST, URI_TOO_LONG, Problem, ProblemType
from gateway import problem_documents
from gateway.boundary import Boundary
from gateway.door import Door
from gateway.problem_documents import Told
from gateway.refusals import plainly_refused
from gateway.response_headers import add_fixed
from gateway.routes import OPERATIONS
from gateway.settings import Settings
from gateway.state import REQUESTS

log = structlog.get_logger()

_MAX_LINE = 4096  # bytes
_MAX_FIELD = 8190  # bytes; unlike _MAX_LINE, because that is how the two are told apart
LIMITS: dict[str, Any] = {
    "max_line_size": _MAX_LINE,
    "max_field_size": _MAX_FIELD,
    "max_headers": 64,
    "keepalive_timeout": 75.0,
    "lingering_time": 2.0,
    "auto_decompress": False,
    "access_log": None,
}


def _refused(error: BaseException | None) -> ProblemType:
    match error:
        case LineTooLong(args=(_, int(limit), *_)):
            return URI_TOO_LONG if limit == _MAX_LINE else HEADERS_TOO_LARGE
        case Exception(args=(str(text), *_)) if text.startswith("Too many headers"):
            return HEADERS_TOO_LARGE
        case _:
            return MALFORMED_REQUEST


class _Connection(web.RequestHandler):
    def __init__(self, server: web.Server, public_url: str, door: Door, **options: Any) -> None:
        super().__init__(server, **options)
        self._public_url = public_url
        self._door = door

    def data_received(self, data: bytes) -> None:
        """Where there is no place left, a request with nobody before it is refused here, at a fraction of the cost."""
        waiter = self._waiter
        if waiter is None or waiter.done() or self.writing_paused:
            super().data_received(data)
            return
        self._waiter = None  # so that nobody is woken yet
        super().data_received(data)
        self._waiter = waiter
        refusal = self._refusal()
        if refusal is not None:
            self._answer_at_once(refusal)
        elif self._messages:
            waiter.set_result(None)
            self._door.enter()

    def _refusal(self) -> bytes | None:
        if len(self._messages) != 1:
            return None
        message, payload = self._messages[0]
        if not isinstance(message, RawRequestMessage) or not payload.is_eof():
            return None
        if not self._door.is_closed_to(message.method, message.path):
            return None
        return plainly_refused(message, self._public_url)

    def _answer_at_once(self, answer: bytes) -> None:
        assert self._parser is not None  # noqa: S101  it has just read the request
        assert self.transport is not None  # noqa: S101
        self._messages.clear()
        self._parser.message_consumed()
        self._next_keepalive_close_time = self._loop.time() + self._keepalive_timeout
        self.transport.write(answer)

    def handle_error(
        self,
        request: web.BaseRequest,
        status: int = 500,
        exc: BaseException | None = None,
        message: str | None = None,  # noqa: ARG002  it repeats what was sent
    ) -> web.StreamResponse:
        if request.writer.output_size > 0:
            raise ConnectionError("an answer has begun already")
        problem = Problem(type=_refused(exc) if status == 400 else INTERNAL)
        request_id = str(uuid.uuid7())
        with server_span("_OTHER", {}):
            members = problem_documents.document(
                problem, public_url=self._public_url, request_id=request_id, trace_id=current_trace_id()
            )
            response = problem_documents.respond(Told(problem, {"Connection": "close"}), members)
            add_fixed(response.headers, request_id=request_id, traceparent=current_traceparent())
            response.force_close()
            log.info("unreadable request", code=problem.type.code, error=type(exc).__name__, request_id=request_id)
            return response


class _Server(web.Server):
    def __init__(self, boundary: Boundary, public_url: str, door: Door, **options: Any) -> None:
        super().__init__(boundary, **options)  # type: ignore[arg-type]
        self._public_url = public_url
        self._door = door

    def __call__(self) -> web.RequestHandler:
        return _Connection(self, self._public_url, self._door, loop=self._loop, **self._kwargs)


class Runner(web.AppRunner):
    def __init__(self, app: web.Application, settings: Settings) -> None:
        super().__init__(app, shutdown_timeout=settings.drain_timeout.total_seconds())
        self._settings = settings

    async def _make_server(self) -> web.Server:
        plain = await super()._make_server()
        requests = self.app[REQUESTS]
        boundary = Boundary(plain.request_handler, self._settings, requests)
        queues = {(each.method, each.path): each.queue for each in OPERATIONS if each.queue and "{" not in each.path}
        door = Door(requests, queues)
        return _Server(boundary, self._settings.public_url, door, request_factory=plain.request_factory, **LIMITS)
