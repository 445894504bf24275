"""How we enter a broker: over TLS or not, and as whom."""

import ssl
from typing import Any

from pamqp import commands
from yarl import URL

_CAPABILITIES = {
    "authentication_failure_close": True,
    "basic.nack": True,
    "connection.blocked": True,
    "consumer_cancel_notify": True,
    "publisher_confirms": True,
}


def tls(url: URL) -> ssl.SSLContext:
    """`cafile`, `certfile` and `keyfile` stand in the URL, as they do for other clients."""
    context = ssl.create_default_context(cafile=url.query.get("cafile"))
    if "certfile" in url.query:
        context.load_cert_chain(url.query["certfile"], url.query.get("keyfile"))
    return context


def credentials(url: URL, name: str) -> commands.Connection.StartOk:
    """`name` is what the management of the broker shows of the connection."""
    properties: dict[str, Any] = {"product": "taskmesh", "connection_name": name, "capabilities": _CAPABILITIES}
    return commands.Connection.StartOk(properties, "PLAIN", f"\0{url.user or ''}\0{url.password or ''}", "en_US")
