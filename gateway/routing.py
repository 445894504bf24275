"""What happens to every request between its route and its handler."""

import re
from collections import defaultdict
from collections.abc import Iterable

from aiohttp import web

from chassis.errors import Refusal
from gateway.authentication import authenticate
from gateway.client_address import client_address
from gateway.media_types import refuse_content_encoding, require_acceptable
from gateway.operation import Handle, Operation
from gateway.query import refuse_parameters
from gateway.rate_limits import ANONYMOUS, LOGIN_ADDRESS, OTHERWISE, REGISTER, USER, LimitReached, Policy, hashed
from gateway.state import CALLER, CLIENT_ADDRESS, OPERATION, RATE_LIMITS, REQUESTS, SETTINGS, STANDINGS

_PATTERNS = {
    "id": "[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}",
    "code": "[a-z-]{1,64}",
    "username": "[A-Za-z0-9][A-Za-z0-9_.-]{2,49}",
    "tag": "[^/]{1,400}",
    "type": "[a-z0-9_.]{1,100}",
}
_PARAMETER = re.compile(r"\{(\w+)\}")


def register(app: web.Application, operations: Iterable[Operation]) -> None:
    by_path: defaultdict[str, list[Operation]] = defaultdict(list)
    for operation in operations:
        by_path[operation.path].append(operation)
    for path, theirs in by_path.items():
        resource = app.router.add_resource(_PARAMETER.sub(_pattern, path))
        for operation in theirs:
            handle = _through(operation)
            resource.add_route(operation.method, handle)
            if operation.method == "GET":
                resource.add_route("HEAD", handle)


def _pattern(parameter: re.Match[str]) -> str:
    return f"{{{parameter[1]}:{_PATTERNS[parameter[1].rsplit('_', 1)[-1]]}}}"


def _through(operation: Operation) -> Handle:
    queue = operation.queue

    async def handle(request: web.Request) -> web.StreamResponse:
        request[OPERATION] = operation
        if queue is not None:
            # Before the body is read, and a password sealed that nobody could take.
            request.app[REQUESTS].require_place(queue)
        request[CLIENT_ADDRESS] = client_address(request, trusted_hops=request.app[SETTINGS].trusted_hops)
        refuse_content_encoding(request)
        require_acceptable(request, operation.gives)
        refuse_parameters(request, operation)
        await _identify(request, operation)
        for policy in operation.limits:
            if not policy.by_name:
                await _count(request, *_counted(request, policy))
        return await operation.handle(request)

    return handle


async def _identify(request: web.Request, operation: Operation) -> None:
    request[CALLER] = None
    try:
        request[CALLER] = await authenticate(request, operation)
    except Refusal:
        # So that nobody makes us verify forged tokens for ever.
        await _count(request, ANONYMOUS, request[CLIENT_ADDRESS])
        raise


def _counted(request: web.Request, policy: Policy) -> tuple[Policy, str]:
    caller, address = request[CALLER], request[CLIENT_ADDRESS]
    if policy in (REGISTER, LOGIN_ADDRESS):
        return policy, address
    if policy is OTHERWISE:
        policy = USER if caller else ANONYMOUS
    return policy, str(caller.actor.id) if caller else address


async def _count(request: web.Request, policy: Policy, key: str) -> None:
    standings = request.setdefault(STANDINGS, [])
    try:
        standing = await request.app[RATE_LIMITS].hit(policy, key)
    except LimitReached as reached:
        standings.append(reached.standing)
        raise
    if standing is not None:
        standings.append(standing)


async def count_name(request: web.Request, policy: Policy, name: str) -> None:
    """Only the handler knows the name: it stands in the body."""
    await _count(request, policy, hashed(name))
