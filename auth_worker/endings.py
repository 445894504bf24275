"""Ends what lets somebody in, and tells every gateway."""

from collections.abc import Sequence
from uuid import UUID

from asyncpg.pool import PoolConnectionProxy

from auth_worker.account import Account
from auth_worker.store import api_tokens, sessions
from contracts.api_tokens import ApiTokenRevoked
from contracts.notices import SecurityNotice, SendSecurityNotice
from contracts.people import Person
from contracts.sessions import EndReason, LoggedOut, SessionRevoked


async def log_out_of(connection: PoolConnectionProxy, session_id: UUID, user: Person) -> Sequence[LoggedOut]:
    """Nothing to tell when it has ended before."""
    ended = await sessions.end_session(connection, session_id, account_id=user.id, reason="logged_out")
    if ended is None:
        return ()
    return [
        LoggedOut(user=user, session_id=ended.id, version=ended.version, changes={}, actor=user, audience=(user.id,))
    ]


async def end_sessions(
    connection: PoolConnectionProxy, user: Person, *, reason: EndReason, actor: Person | None, but: UUID | None = None
) -> Sequence[SessionRevoked]:
    return [
        SessionRevoked(
            user=user,
            session_id=ended.id,
            version=ended.version,
            reason=reason,
            changes={},
            actor=actor,
            audience=(user.id,),
        )
        for ended in await sessions.end_sessions(connection, user.id, reason=reason, but=but)
    ]


async def revoke_api_tokens(connection: PoolConnectionProxy, user: Person) -> Sequence[ApiTokenRevoked]:
    return [
        ApiTokenRevoked(user=user, token_id=token_id, changes={}, actor=user, audience=(user.id,))
        for token_id in await api_tokens.revoke_api_tokens(connection, user.id)
    ]


def notice(account: Account, kind: SecurityNotice) -> SendSecurityNotice:
    return SendSecurityNotice(notice=kind, user=account.person, email=account.email)
