"""Standard Webhooks 1.0.0. No I/O."""

import base64
import hashlib
import hmac
from collections.abc import Iterable

_PREFIX = "whsec_"


def sign(secrets: Iterable[str], *, message_id: str, timestamp: int, body: str) -> str:
    """One signature for each secret: two while one replaces another."""
    content = f"{message_id}.{timestamp}.{body}".encode()
    return " ".join(f"v1,{_signature(secret, content)}" for secret in secrets)


def _signature(secret: str, content: bytes) -> str:
    key = base64.b64decode(secret.removeprefix(_PREFIX))
    return base64.b64encode(hmac.digest(key, content, hashlib.sha256)).decode()
