from datetime import timedelta
from typing import Annotated, Literal, Self

import limits
from pydantic import AfterValidator, BeforeValidator, Field, NonNegativeInt, PositiveInt, SecretStr, model_validator
from pydantic_settings import NoDecode

from chassis.sealing import SealingKey
from chassis.settings import Seconds, ServiceSettings


def _rate(text: str) -> str:
    limits.parse(text)
    return text


def _sealing_key(text: str) -> str:
    if len(SealingKey.parse(text).raw) != 32:
        raise ValueError("is not a sealing key")
    return text


def _split(text: object) -> object:
    return tuple(part.strip() for part in text.split(",") if part.strip()) if isinstance(text, str) else text


Rate = Annotated[str, AfterValidator(_rate)]
"""Such as `20/minute` or `5/15 minutes`."""


class Settings(ServiceSettings):
    http_host: str = "0.0.0.0"  # noqa: S104  in a container, what is published decides
    http_port: int = 8080

    gateway_secret: SecretStr = Field(
        min_length=32, description="Signs cursors, command ids and request fingerprints; the same in every replica."
    )
    auth_sealing_key: Annotated[str, AfterValidator(_sealing_key)] = Field(
        description="auth_worker's public key, to which passwords are sealed."
    )
    notifier_sealing_key: Annotated[str, AfterValidator(_sealing_key)] = Field(
        description="The notifier's public key, to which the secrets of webhooks are sealed."
    )

    commit: str = Field("unknown", description="The commit that this was built from.")

    trusted_hops: NonNegativeInt = Field(
        0, description="How many proxies of ours add to X-Forwarded-For; 0 means that the peer is the client."
    )
    cors_origins: Annotated[tuple[str, ...], NoDecode, BeforeValidator(_split)] = Field(
        (), description="Origins, separated by commas, whose pages may call the API; each is compared as a whole."
    )
    require_if_match: bool = Field(False, description="Whether a change without If-Match is answered with 428.")

    request_timeout: Seconds = Field(
        timedelta(seconds=5), description="How long a request waits for its answer unless it says otherwise."
    )
    body_timeout: Seconds = Field(timedelta(seconds=10), description="How long the body of a request may take.")
    upload_timeout: Seconds = Field(timedelta(minutes=5), description="How long the upload of a file may take.")
    object_storage_url: str = Field(
        "file:///var/lib/taskmesh/files",
        description="Where files are: a folder, or s3://bucket; the same for the gateway and task_worker.",
    )
    max_pending: PositiveInt = Field(64, description="How many requests may wait for an answer at once.")
    max_pending_passwords: PositiveInt = Field(
        16, description="How many of them may wait for a password to be hashed; the others go on as if nothing were."
    )
    max_pending_per_user: PositiveInt = Field(32, description="How many of them may be one user's.")

    rate_limits: Literal["on", "off"] = Field("on", description="`off` is for load tests, never for production.")
    rate_limit_storage_url: SecretStr | None = Field(
        None, description="redis://… where replicas count together; each counts for itself otherwise."
    )
    rate_limit_register: Rate = Field("3/hour", description="Accounts made from one address.")
    rate_limit_login: Rate = Field("5/15 minutes", description="Logins under one name.")
    rate_limit_login_address: Rate = Field("20/15 minutes", description="Logins from one address.")
    rate_limit_password_reset: Rate = Field("3/hour", description="Mails that reset the password of one account.")
    rate_limit_password_reset_address: Rate = Field("3/hour", description="Such mails asked for from one address.")
    rate_limit_email_verification: Rate = Field("3/hour", description="Verification mails to one user.")
    rate_limit_create_task: Rate = Field("20/minute", description="Tasks made by one user.")
    rate_limit_upload: Rate = Field("20/hour", description="Files uploaded by one user.")
    rate_limit_anonymous: Rate = Field("100/15 minutes", description="Everything else, from one address.")
    rate_limit_user: Rate = Field("1000/15 minutes", description="Everything else, by one user.")

    @model_validator(mode="after")
    def _limited_in_production(self) -> Self:
        if self.environment == "production" and self.rate_limits == "off":
            raise ValueError("RATE_LIMITS=off is refused when ENVIRONMENT=production")
        return self
