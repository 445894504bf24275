import hashlib
import secrets
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class MailedToken:
    """256 random bits that travel by mail, and the digest that rests here."""

    text: str

    @classmethod
    def make(cls) -> "MailedToken":
        return cls(secrets.token_urlsafe(32))

    @property
    def digest(self) -> bytes:
        return hashlib.sha256(self.text.encode()).digest()
