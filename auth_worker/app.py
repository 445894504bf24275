from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from auth_worker.handlers.find_user import find_user
from auth_worker.handlers.get_account import get_account
from auth_worker.handlers.get_signing_keys import get_signing_keys
from auth_worker.handlers.log_in import LogInHandler
from auth_worker.handlers.register_account import RegisterAccountHandler
from auth_worker.passwords import Passwords
from auth_worker.settings import Settings
from auth_worker.signing_keys import SigningKeys
from chassis.sealing import OpeningKeys, SealingKey
from chassis.subscription import CommandSubscription, QuerySubscription
from chassis.worker import Subscriptions, Worker, open_worker
from contracts.identity import PASSWORDS, FindUser, GetAccount, GetSigningKeys, LogIn, RegisterAccount

_PASSWORDS_AT_ONCE = 8
"""Enough to keep every core hashing, and few enough to leave connections to what needs no hash."""


def subscriptions(settings: Settings, opening_keys: OpeningKeys, signing_keys: SigningKeys) -> Subscriptions:
    passwords = Passwords(memory=settings.argon2_memory, passes=settings.argon2_passes, lanes=settings.argon2_lanes)
    register_account = RegisterAccountHandler(
        passwords=passwords,
        policy=settings.password_policy,
        opening_keys=opening_keys,
        notifier_key=SealingKey.parse(settings.notifier_sealing_key),
    )
    log_in = LogInHandler(
        passwords=passwords,
        opening_keys=opening_keys,
        signing_keys=signing_keys,
        issuer=settings.public_url,
        access_token_lifetime=settings.access_token_lifetime,
        session_lifetime=settings.session_lifetime,
    )
    return Subscriptions(
        commands=(
            CommandSubscription(RegisterAccount, register_account),
            CommandSubscription(LogIn, log_in),
        ),
        queries=(
            QuerySubscription(GetAccount, get_account),
            QuerySubscription(FindUser, find_user),
            QuerySubscription(GetSigningKeys, get_signing_keys),
        ),
        prefetch={PASSWORDS: _PASSWORDS_AT_ONCE},
    )


@asynccontextmanager
async def build(settings: Settings) -> AsyncIterator[Worker]:
    opening_keys = OpeningKeys(*settings.sealing_keys.get_secret_value().split(","))
    signing_keys = SigningKeys(opening_keys)
    async with open_worker("auth_worker", settings) as worker:
        worker.start(subscriptions(settings, opening_keys, signing_keys))
        worker.start_background(signing_keys.ensure_one(worker.database))
        yield worker
