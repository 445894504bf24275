from dataclasses import dataclass
from uuid import UUID

from auth_worker.account import Account
from auth_worker.endings import notice
from auth_worker.issuer import Issuer
from auth_worker.session import HeldSession, Refresh
from auth_worker.store import accounts, sessions
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
        session_id, generation = self._read(command.sealed_refresh_token)
        session = await sessions.lock_session(connection, session_id)
        account = await accounts.find_account(connection, session.account_id) if session else None
        if session is None or account is None:
            raise Refusal(INVALID_REFRESH_TOKEN)
        at = await sessions.read_clock(connection)
        match session.judge(generation, at=at):
            case Refresh.ROTATE:
                current = session.rotated(at)
                await sessions.rotate_session(connection, current)
            case Refresh.REPEAT:
                current = session.current()
            case Refresh.REUSE:
                raise await _alarm(delivery, session, account)
            case Refresh.ENDED:
                raise Refusal(INVALID_REFRESH_TOKEN)
        return Answer(await self.issuer.issue(connection, current, account.person))

    def _read(self, sealed: str) -> tuple[UUID, int]:
        found = self.issuer.read(self.opening_keys.open(sealed, purpose=REFRESH_PURPOSE))
        if found is None:
            raise Refusal(INVALID_REFRESH_TOKEN)
        return found


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
