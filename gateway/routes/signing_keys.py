import orjson
from aiohttp import web

from chassis.errors import Unavailable
from contracts.identity import SigningKeys
from contracts.problems import SERVICE_UNAVAILABLE
from gateway.operation import Access, Operation
from gateway.state import KEYS

JWK_SET = "application/jwk-set+json"


async def show_signing_keys(request: web.Request) -> web.Response:
    keys = request.app[KEYS]
    if not keys.loaded:
        raise Unavailable(SERVICE_UNAVAILABLE)
    return web.Response(
        body=orjson.dumps({"keys": keys.document}),
        headers={"Cache-Control": "public, max-age=300"},
        content_type=JWK_SET,
    )


OPERATIONS = (
    Operation(
        method="GET",
        path="/.well-known/jwks.json",
        handle=show_signing_keys,
        summary="Show the public keys that access tokens are verified with",
        tag="documents",
        access=Access.ANYONE,
        reply=SigningKeys,
        gives=JWK_SET,
        problems=(SERVICE_UNAVAILABLE,),
    ),
)
