"""Secrets of webhooks: worked out from their id, so that a repeated request is answered with the same one."""

import base64
import hashlib
import hmac
from uuid import UUID

from chassis.sealing import SealingKey
from contracts.webhooks import SECRET_PURPOSE


class WebhookSecrets:
    def __init__(self, key: bytes, notifier_key: SealingKey) -> None:
        self._key = key
        self._notifier_key = notifier_key

    def secret(self, secret_id: UUID) -> str:
        return f"whsec_{base64.b64encode(hmac.digest(self._key, secret_id.bytes, hashlib.sha256)).decode()}"

    def sealed(self, secret_id: UUID) -> str:
        """For the notifier, which signs with it whatever becomes of our own key."""
        return self._notifier_key.seal(self.secret(secret_id), purpose=SECRET_PURPOSE)
