from collections.abc import AsyncIterator
from contextlib import aclosing, asynccontextmanager

from auth_worker.callers import Reauthentication
from auth_worker.expiry import forget_expired
from auth_worker.handlers.change_password import ChangePasswordHandler
from auth_worker.handlers.close_account import CloseAccountHandler
from auth_worker.handlers.create_api_token import CreateApiTokenHandler
from auth_worker.handlers.end_session import end_session
from auth_worker.handlers.find_api_token import find_api_token
from auth_worker.handlers.find_user import find_user
from auth_worker.handlers.get_account import get_account
from auth_worker.handlers.get_signing_keys import get_signing_keys
from auth_worker.handlers.list_api_tokens import list_api_tokens
from auth_worker.handlers.list_revocations import list_revocations
from auth_worker.handlers.list_sessions import list_sessions
from auth_worker.handlers.log_in import LogInHandler
from auth_worker.handlers.log_out import log_out
from auth_worker.handlers.log_out_everywhere import log_out_everywhere
from auth_worker.handlers.rate_password import RatePasswordHandler
from auth_worker.handlers.refresh_session import RefreshSessionHandler
from auth_worker.handlers.register_account import RegisterAccountHandler
from auth_worker.handlers.request_password_reset import RequestPasswordResetHandler
from auth_worker.handlers.reset_password import ResetPasswordHandler
from auth_worker.handlers.revoke_api_token import revoke_api_token
from auth_worker.handlers.search_users import search_users
from auth_worker.handlers.send_verification import SendVerificationHandler
from auth_worker.handlers.update_profile import UpdateProfileHandler
from auth_worker.handlers.verify_email import verify_email
from auth_worker.issuer import Issuer
from auth_worker.passwords import Passwords
from auth_worker.settings import Settings
from auth_worker.signing_keys import SigningKeys
from chassis.erasure import Eraser
from chassis.sealing import OpeningKeys, SealingKey
from chassis.subscription import AnyCommand, AnyQuery, CommandSubscription, QuerySubscription
from chassis.worker import Subscriptions, Worker, open_worker
from contracts.api_tokens import CreateApiToken, FindApiToken, ListApiTokens, RevokeApiToken
from contracts.identity import PASSWORDS, FindUser, GetAccount, GetSigningKeys, LogIn, RegisterAccount
from contracts.passwords import ChangePassword, RatePassword, RequestPasswordReset, ResetPassword
from contracts.profile import CloseAccount, SearchUsers, SendVerification, UpdateProfile, VerifyEmail
from contracts.sessions import EndSession, ListRevocations, ListSessions, LogOut, LogOutEverywhere, RefreshSession

_PASSWORDS_AT_ONCE = 8
"""Enough to keep every core hashing, and few enough to leave connections to what needs no hash."""


def _commands(
    settings: Settings, opening_keys: OpeningKeys, signing_keys: SigningKeys, passwords: Passwords
) -> tuple[AnyCommand, ...]:
    notifier_key = SealingKey.parse(settings.notifier_sealing_key)
    policy = settings.password_policy
    reauthenticate = Reauthentication(passwords, opening_keys)
    issuer = Issuer(settings.public_url, opening_keys, signing_keys, settings.access_token_lifetime)
    register_account = RegisterAccountHandler(passwords, policy, opening_keys, notifier_key)
    log_in = LogInHandler(passwords, opening_keys, issuer, settings.session_lifetime)
    refresh_session = RefreshSessionHandler(opening_keys, issuer)
    return (
        CommandSubscription(RegisterAccount, register_account),
        CommandSubscription(LogIn, log_in),
        CommandSubscription(RefreshSession, refresh_session, changes=refresh_session.session_of),
        CommandSubscription(LogOut, log_out),
        CommandSubscription(LogOutEverywhere, log_out_everywhere),
        CommandSubscription(EndSession, end_session),
        CommandSubscription(ChangePassword, ChangePasswordHandler(reauthenticate, policy)),
        CommandSubscription(RequestPasswordReset, RequestPasswordResetHandler(notifier_key)),
        CommandSubscription(ResetPassword, ResetPasswordHandler(passwords, policy, opening_keys)),
        CommandSubscription(SendVerification, SendVerificationHandler(notifier_key)),
        CommandSubscription(VerifyEmail, verify_email),
        CommandSubscription(UpdateProfile, UpdateProfileHandler(reauthenticate, notifier_key)),
        CommandSubscription(CloseAccount, CloseAccountHandler(reauthenticate)),
        CommandSubscription(CreateApiToken, CreateApiTokenHandler(opening_keys)),
        CommandSubscription(RevokeApiToken, revoke_api_token),
    )


def _queries(settings: Settings, opening_keys: OpeningKeys) -> tuple[AnyQuery, ...]:
    return (
        QuerySubscription(GetAccount, get_account),
        QuerySubscription(FindUser, find_user),
        QuerySubscription(GetSigningKeys, get_signing_keys),
        QuerySubscription(ListSessions, list_sessions),
        QuerySubscription(ListRevocations, list_revocations),
        QuerySubscription(RatePassword, RatePasswordHandler(settings.password_policy, opening_keys)),
        QuerySubscription(SearchUsers, search_users),
        QuerySubscription(ListApiTokens, list_api_tokens),
        QuerySubscription(FindApiToken, find_api_token),
    )


def subscriptions(
    settings: Settings, opening_keys: OpeningKeys, signing_keys: SigningKeys, passwords: Passwords
) -> Subscriptions:
    return Subscriptions(
        commands=_commands(settings, opening_keys, signing_keys, passwords),
        queries=_queries(settings, opening_keys),
        prefetch={PASSWORDS: _PASSWORDS_AT_ONCE},
    )


@asynccontextmanager
async def build(settings: Settings) -> AsyncIterator[Worker]:
    opening_keys = OpeningKeys(*settings.sealing_keys.get_secret_value().split(","))
    signing_keys = SigningKeys(opening_keys)
    passwords = Passwords(memory=settings.argon2_memory, passes=settings.argon2_passes, lanes=settings.argon2_lanes)
    async with aclosing(passwords), open_worker("auth_worker", settings) as worker:
        worker.start(subscriptions(settings, opening_keys, signing_keys, passwords))
        worker.start_background(signing_keys.keep(worker.database, lifetime=settings.signing_key_lifetime))
        worker.start_background(forget_expired(worker.database))
        worker.start_background(Eraser(worker.database).keep())
        yield worker
