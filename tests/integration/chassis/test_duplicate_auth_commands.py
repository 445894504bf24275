from uuid import UUID

import asyncpg
import pytest
from uuid_utils.compat import uuid7

from chassis.requests import Requests
from chassis.sealing import SealingKey
from contracts.api_tokens import CreateApiToken, RevokeApiToken
from contracts.identity import LogIn, RegisterAccount
from contracts.message import Actor
from contracts.passwords import ChangePassword, RequestPasswordReset, ResetPassword
from contracts.profile import CloseAccount, ProfilePatch, SendVerification, UpdateProfile, VerifyEmail
from contracts.sessions import REFRESH_PURPOSE, EndSession, LogOut, LogOutEverywhere, RefreshSession
from tests.conftest import Keys
from tests.eventually import eventually
from tests.integration.chassis.duplicator import ask_three_times, types_of_events
from tests.integration.conftest import Seal

PASSWORD, NEW_PASSWORD, NEWEST_PASSWORD = (f"Correct-Horse-{number}-Battery" for number in (7, 8, 9))
TOKEN_SHA = "ab" * 32
TRIED = {
    RegisterAccount,
    LogIn,
    RefreshSession,
    LogOut,
    LogOutEverywhere,
    EndSession,
    ChangePassword,
    RequestPasswordReset,
    ResetPassword,
    SendVerification,
    VerifyEmail,
    UpdateProfile,
    CloseAccount,
    CreateApiToken,
    RevokeApiToken,
}


async def log_in(requests: Requests, user_id: UUID, sealed_password: str) -> Actor:
    actor = Actor(id=user_id, username="grace", session_id=uuid7())
    await ask_three_times(
        requests, LogIn(session_id=actor.session_id, login="GRACE", sealed_password=sealed_password), None
    )
    return actor


async def register(requests: Requests, superuser: asyncpg.Connection, seal: Seal) -> Actor:
    """Registered and logged in, each three times."""
    await eventually(lambda: superuser.fetchval("SELECT count(*) >= 1 FROM auth.signing_keys"))
    user_id = uuid7()
    status, _ = await ask_three_times(
        requests,
        RegisterAccount(user_id=user_id, username="grace", email="grace@example.org", sealed_password=seal(PASSWORD)),
        None,
    )
    assert status == 201
    return await log_in(requests, user_id, seal(PASSWORD))


@pytest.mark.usefixtures("running_auth_worker")
async def test_a_session(requests: Requests, superuser: asyncpg.Connection, seal: Seal, keys: Keys) -> None:
    grace = await register(requests, superuser, seal)
    other = uuid7()
    _, tokens = await ask_three_times(
        requests, LogIn(session_id=other, login="grace", sealed_password=seal(PASSWORD)), None
    )
    sealed = SealingKey.parse(keys.auth_sealing_key).seal(tokens.refresh_token, purpose=REFRESH_PURPOSE)
    await ask_three_times(requests, RefreshSession(sealed_refresh_token=sealed), None)
    await ask_three_times(requests, EndSession(session_id=other), grace)
    await ask_three_times(requests, LogOut(), grace)
    back = await log_in(requests, grace.id, seal(PASSWORD))
    await ask_three_times(requests, LogOutEverywhere(), back)
    assert await superuser.fetchval("SELECT count(*) FROM auth.inbox WHERE reply::text ~ 'refresh_token'") == 0
    assert await superuser.fetchval("SELECT max(generation) FROM auth.sessions") == 1
    seen = await types_of_events(superuser, "auth")
    assert (seen.count("auth.logged_in.v1"), seen.count("auth.session_revoked.v1")) == (3, 1)


@pytest.mark.usefixtures("running_auth_worker")
async def test_an_account(requests: Requests, superuser: asyncpg.Connection, seal: Seal) -> None:
    grace = await register(requests, superuser, seal)
    await ask_three_times(requests, SendVerification(), grace)
    await superuser.execute(
        """
        INSERT INTO auth.email_verifications (token_sha, account_id, email, expires_at)
        VALUES ($1, $2, 'grace@example.org', now() + interval '1 hour')
        """,
        bytes.fromhex(TOKEN_SHA),
        grace.id,
    )
    await ask_three_times(requests, VerifyEmail(token_sha=TOKEN_SHA), None)
    await ask_three_times(requests, UpdateProfile(patch=ProfilePatch(display_name="Grace")), grace)

    change = ChangePassword(sealed_current_password=seal(PASSWORD), sealed_new_password=seal(NEW_PASSWORD))
    await ask_three_times(requests, change, grace)
    await ask_three_times(requests, RequestPasswordReset(reset_id=uuid7(), email="grace@example.org"), None)
    await superuser.execute(
        "INSERT INTO auth.password_resets VALUES ($1, $2, now() + interval '1 hour')",
        bytes.fromhex(TOKEN_SHA),
        grace.id,
    )
    reset = ResetPassword(token_sha=TOKEN_SHA, sealed_new_password=seal(NEWEST_PASSWORD))
    await ask_three_times(requests, reset, None)

    back = await log_in(requests, grace.id, seal(NEWEST_PASSWORD))
    _, token = await ask_three_times(
        requests, CreateApiToken(name="a", scopes=("tasks:read",), expires_in_days=1), back
    )
    await ask_three_times(requests, RevokeApiToken(token_id=token.id), back)
    await ask_three_times(requests, CloseAccount(sealed_password=seal(NEWEST_PASSWORD)), back)
    seen = await types_of_events(superuser, "auth")
    assert {
        kind: seen.count(kind) for kind in set(seen) - {"auth.session_revoked.v1", "auth.logged_in.v1"}
    } == dict.fromkeys(
        {
            "auth.user_registered.v1",
            "auth.email_verified.v1",
            "auth.user_updated.v1",
            "auth.password_changed.v1",
            "auth.password_reset_requested.v1",
            "auth.password_reset.v1",
            "auth.api_token_created.v1",
            "auth.api_token_revoked.v1",
            "auth.user_deleted.v1",
        },
        1,
    )
