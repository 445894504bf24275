"""What HTTP's parser lets through and this server does not serve."""

from aiohttp import HttpVersion10, web
from yarl import URL

from chassis.errors import Refusal
from contracts.problems import MALFORMED_REQUEST
from gateway.operation import Handle
from gateway.state import SETTINGS


@web.middleware
async def check_target(request: web.Request, handler: Handle) -> web.StreamResponse:
    if request.version < HttpVersion10:
        raise Refusal(MALFORMED_REQUEST, "HTTP/0.9 is not served")
    hosts = request.headers.getall("Host", [])
    if len(hosts) != 1 or not hosts[0]:
        raise Refusal(MALFORMED_REQUEST, "there must be one Host")
    if request.method == "CONNECT":
        raise Refusal(MALFORMED_REQUEST, "this is no proxy")
    target = request.raw_path
    if not target.startswith("/") and target != "*":
        ours = (hosts[0], URL(request.app[SETTINGS].public_url).host_port_subcomponent)
        if URL(target).host_port_subcomponent not in ours:
            raise Refusal(MALFORMED_REQUEST, "the target is another host's")
    return await handler(request)
