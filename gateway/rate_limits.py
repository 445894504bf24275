"""How often one caller may ask. Counted in sliding windows, in memory or where every replica can see it."""

import hashlib
import math
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast

import limits
import structlog
from limits.aio.storage import Storage
from limits.aio.strategies import SlidingWindowCounterRateLimiter
from limits.errors import StorageError
from limits.storage import storage_from_string

from chassis.errors import Refusal, Unavailable
from contracts.problems import RATE_LIMITED, SERVICE_UNAVAILABLE
from gateway.settings import Settings

if TYPE_CHECKING:
    from redis.asyncio.connection import ConnectionPool

log = structlog.get_logger()

_STORAGE_TIMEOUT = 0.25  # seconds
_MAX_CONNECTIONS = 8
"""A count takes a fraction of a millisecond: a few connections are busier, and nobody waits for new ones."""
_CONNECTION_WAIT = 1.0  # seconds


@dataclass(frozen=True, slots=True)
class Policy:
    """`guards_credentials`: without a count nobody gets in, where otherwise everybody would."""

    name: str
    guards_credentials: bool = False
    by_name: bool = False
    """Of an account, and not of who asks."""


REGISTER = Policy("register", guards_credentials=True)
LOGIN = Policy("login", guards_credentials=True, by_name=True)
LOGIN_ADDRESS = Policy("login-address", guards_credentials=True)
PASSWORD_RESET = Policy("password-reset", guards_credentials=True, by_name=True)
PASSWORD_RESET_ADDRESS = Policy("password-reset-address", guards_credentials=True)
EMAIL_VERIFICATION = Policy("email-verification")
CREATE_TASK = Policy("create-task")
UPLOAD = Policy("upload")
ANONYMOUS = Policy("anonymous")
USER = Policy("user")
OTHERWISE = Policy("otherwise")
"""Of whoever asks: `user` or `anonymous`."""


@dataclass(frozen=True, slots=True)
class Standing:
    """Where a caller stands with one policy. Times are in seconds."""

    policy: str
    quota: int
    window: int
    remaining: int
    reset: int


class RateLimits:
    def __init__(self, rates: Mapping[Policy, str], storage_url: str | None = None) -> None:
        """No rates, no limits."""
        self._rates = {policy: limits.parse(rate) for policy, rate in rates.items()}
        self._connections = None if storage_url is None else _connections(storage_url)
        self._limiter = SlidingWindowCounterRateLimiter(_open_storage(storage_url, self._connections))

    async def close(self) -> None:
        if self._connections is not None:
            await self._connections.disconnect()

    @property
    def policies(self) -> Iterable[Policy]:
        return self._rates.keys()

    async def hit(self, policy: Policy, key: str) -> Standing | None:
        """Raises Refusal when the limit is used up. None where nothing is counted."""
        rate = self._rates.get(policy)
        if rate is None:
            return None
        try:
            allowed = await self._limiter.hit(rate, policy.name, key)
            standing = await self._standing(policy, rate, key)
        except StorageError as error:
            log.warning("rate limits cannot be counted", policy=policy.name, error=type(error.storage_error).__name__)
            if policy.guards_credentials:
                raise Unavailable(SERVICE_UNAVAILABLE, "rate limits cannot be counted") from error
            return None
        if not allowed:
            raise LimitReached(standing)
        return standing

    async def standing(self, policy: Policy, key: str) -> Standing | None:
        try:
            return await self._standing(policy, self._rates[policy], key)
        except StorageError:
            return None

    async def _standing(self, policy: Policy, rate: limits.RateLimitItem, key: str) -> Standing:
        stats = await self._limiter.get_window_stats(rate, policy.name, key)
        reset = max(0, math.ceil(stats.reset_time - time.time()))
        return Standing(policy.name, rate.amount, rate.get_expiry(), max(0, stats.remaining), reset)


class LimitReached(Refusal):
    def __init__(self, standing: Standing) -> None:
        self.standing = Standing(standing.policy, standing.quota, standing.window, 0, standing.reset)
        facts = {"retry_after": max(1, standing.reset)}
        super().__init__(RATE_LIMITED, f"the limit {standing.policy} is used up", facts=facts)


def hashed(name: str) -> str:
    """So that no storage of counters tells who logs in."""
    return hashlib.sha256(name.lower().encode()).hexdigest()[:32]


def _connections(url: str) -> "ConnectionPool":
    from redis.asyncio.connection import BlockingConnectionPool  # noqa: PLC0415  10 MB that one gateway alone spares

    return BlockingConnectionPool.from_url(
        url.replace("valkey", "redis", 1) if url.startswith("valkey") else url,
        max_connections=_MAX_CONNECTIONS,
        timeout=_CONNECTION_WAIT,
        socket_timeout=_STORAGE_TIMEOUT,
        socket_connect_timeout=_STORAGE_TIMEOUT,
    )


def _open_storage(url: str | None, connections: "ConnectionPool | None") -> Storage:
    if url is None:
        return cast(Storage, storage_from_string("async+memory://"))
    options: dict[str, Any] = {"implementation": "redispy", "connection_pool": connections}
    return cast(Storage, storage_from_string("async+redis://", wrap_exceptions=True, **options))


def rate_limits_of(settings: Settings) -> RateLimits:
    if settings.rate_limits == "off":
        log.warning("RATE LIMITS ARE OFF: anybody may ask as often as they like, and guess passwords")
        return RateLimits({})
    storage_url = settings.rate_limit_storage_url
    return RateLimits(
        {
            REGISTER: settings.rate_limit_register,
            LOGIN: settings.rate_limit_login,
            LOGIN_ADDRESS: settings.rate_limit_login_address,
            PASSWORD_RESET: settings.rate_limit_password_reset,
            PASSWORD_RESET_ADDRESS: settings.rate_limit_password_reset_address,
            EMAIL_VERIFICATION: settings.rate_limit_email_verification,
            CREATE_TASK: settings.rate_limit_create_task,
            UPLOAD: settings.rate_limit_upload,
            ANONYMOUS: settings.rate_limit_anonymous,
            USER: settings.rate_limit_user,
        },
        storage_url.get_secret_value() if storage_url else None,
    )
