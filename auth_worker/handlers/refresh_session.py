from dataclasses import dataclass
from uuid import UUID

from auth_worker.account import Account
from auth_worker.endings import notice
from auth_worker.issuer import Issuer
from auth_worker.session import HeldSession, Refresh
from auth_worker.store import sessions
from chassis.errors import Refusal
from chassis.sealing import OpeningKeys
from chassis.subscription import Answer, Delivery
from contracts.problems import INVALID_REFRESH_TOKEN
from contracts.sessions import REFRESH_PURPOSE, RefreshSession, TokenReuseDetected


@dataclass(frozen=True)
class RefreshSessionHandler:
    opening_keys: OpeningKeys
    issuer: Issuer

    async def __call__(self, command: RefreshSession, delivery: Delivery) -> Answer:
        connection = delivery.connection
        token = self._read(command)
        held = await sessions.lock_session(connection, token[0]) if token else None
        if token is None or held is None:
            raise Refusal(INVALID_REFRESH_TOKEN)
        session, account = held
        match session.judge(token[1]):
            case Refresh.ROTATE:
                current = session.rotated()
                await sessions.rotate_session(connection, current)
            case Refresh.REPEAT:
                current = session.current()
            case Refresh.REUSE:
                raise await _alarm(delivery, session, account)
            case Refresh.ENDED:
                raise Refusal(INVALID_REFRESH_TOKEN)
        return Answer(await self.issuer.issue(connection, current, account.person))

    def session_of(self, command: RefreshSession) -> UUID:
        found = self._read(command)
        # Who holds no token of ours is refused, and changes nothing.
        return found[0] if found else UUID(int=0)

    def _read(self, command: RefreshSession) -> tuple[UUID, int] | None:
        return self.issuer.read(self.opening_keys.open(command.sealed_refresh_token, purpose=REFRESH_PURPOSE))


async def _alarm(delivery: Delivery, session: HeldSession, account: Account) -> Refusal:
    """Of two who hold the token one is a thief, and nobody can tell which: the session ends for both."""
    ended = await sessions.end_session(
        delivery.connection, session.id, account_id=account.id, reason="token_reuse_detected"
    )
    if ended is None:
        return Refusal(INVALID_REFRESH_TOKEN)
    detected = TokenReuseDetected(
        user=account.person,
        session_id=ended.id,
        version=ended.version,
        changes={},
        actor=None,
        audience=(account.id,),
    )
    return Refusal(INVALID_REFRESH_TOKEN, tells=[detected, notice(account, "token_reuse_detected")])
