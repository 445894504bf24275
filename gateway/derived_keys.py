"""One secret in the environment, and a key of its own for every use of it."""

import hashlib
import hmac


def derive(secret: str, purpose: str) -> bytes:
    return hmac.new(secret.encode(), f"taskmesh gateway {purpose}".encode(), hashlib.sha256).digest()
