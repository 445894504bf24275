from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from asyncpg.pool import PoolConnectionProxy

from auth_worker.signing_keys import SigningKeys
from auth_worker.tokens import Session, access_token, read_refresh_token, refresh_token
from chassis.sealing import OpeningKeys
from contracts.identity import Tokens
from contracts.people import Person

_PURPOSE = "refresh tokens"


@dataclass(frozen=True)
class Issuer:
    """Makes the tokens of a session, and knows its own refresh tokens again."""

    name: str
    opening_keys: OpeningKeys
    signing_keys: SigningKeys
    access_token_lifetime: timedelta

    async def issue(self, connection: PoolConnectionProxy, session: Session, person: Person) -> Tokens:
        key = await self.signing_keys.current(connection)
        return Tokens(
            access_token=access_token(session, person, key=key, issuer=self.name, lifetime=self.access_token_lifetime),
            expires_in=int(self.access_token_lifetime.total_seconds()),
            refresh_token=refresh_token(session, secret=self.opening_keys.derive(_PURPOSE)[0]),
        )

    def read(self, token: str) -> tuple[UUID, int] | None:
        """Session id and generation."""
        return read_refresh_token(token, secrets=self.opening_keys.derive(_PURPOSE))
