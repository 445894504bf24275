"""Secrets on their way through the broker: sealed to one service's X25519 key, opened by that service alone.

A sealed text is `key id . ephemeral public key . ciphertext`, each base64url.
The key agrees on a fresh secret for every text (ECIES: X25519, HKDF-SHA256, ChaCha20-Poly1305).
"""

import base64
import hashlib
import os
from dataclasses import dataclass
from typing import Self

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from chassis.errors import Unprocessable

_NONCE = bytes(12)  # safe: every text has a key of its own


def _encode(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def _decode(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def _cipher(shared: bytes, ephemeral: bytes, recipient: bytes) -> ChaCha20Poly1305:
    key = HKDF(SHA256(), 32, salt=ephemeral + recipient, info=b"taskmesh sealed text").derive(shared)
    return ChaCha20Poly1305(key)


@dataclass(frozen=True)
class SealingKey:
    """The public half: anybody may seal with it."""

    raw: bytes

    @classmethod
    def parse(cls, text: str) -> Self:
        return cls(_decode(text))

    @property
    def id(self) -> str:
        return _encode(hashlib.sha256(self.raw).digest()[:6])

    def __str__(self) -> str:
        return _encode(self.raw)

    def seal(self, text: str, *, purpose: str) -> str:
        """`purpose` must be named again to open it, so that a sealed text cannot be moved to another field."""
        ephemeral = X25519PrivateKey.generate()
        public = ephemeral.public_key().public_bytes_raw()
        shared = ephemeral.exchange(X25519PublicKey.from_public_bytes(self.raw))
        sealed = _cipher(shared, public, self.raw).encrypt(_NONCE, text.encode(), purpose.encode())
        return f"{self.id}.{_encode(public)}.{_encode(sealed)}"


class OpeningKeys:
    """The private halves that a service holds: the first is current, the others still open older texts."""

    def __init__(self, *texts: str) -> None:
        if not texts:
            raise ValueError("a service needs at least one opening key")
        self._seeds = [_decode(text) for text in texts]
        keys = [X25519PrivateKey.from_private_bytes(seed) for seed in self._seeds]
        self._by_id = {SealingKey(key.public_key().public_bytes_raw()).id: key for key in keys}
        self.sealing_key = SealingKey(keys[0].public_key().public_bytes_raw())

    @classmethod
    def generate(cls) -> str:
        return _encode(os.urandom(32))

    def open(self, sealed: str, *, purpose: str) -> str:
        try:
            key_id, public, ciphertext = sealed.split(".")
            key, ephemeral = self._by_id[key_id], _decode(public)
            shared = key.exchange(X25519PublicKey.from_public_bytes(ephemeral))
            recipient = key.public_key().public_bytes_raw()
            return _cipher(shared, ephemeral, recipient).decrypt(_NONCE, _decode(ciphertext), purpose.encode()).decode()
        except (ValueError, KeyError, InvalidTag) as error:
            raise Unprocessable("decode", "a sealed field that no key of this service opens") from error

    def derive(self, purpose: str) -> list[bytes]:
        """A 32-byte key for another use, from each opening key in turn."""
        return [HKDF(SHA256(), 32, salt=None, info=purpose.encode()).derive(seed) for seed in self._seeds]
