from datetime import timedelta
from typing import Annotated

from pydantic import AfterValidator, BeforeValidator, Field, SecretStr
from pydantic_settings import NoDecode

from chassis.settings import Seconds, WorkerSettings, secret_url
from notifier.webhook_targets import parse_networks


def _split(text: object) -> object:
    return tuple(part.strip() for part in text.split(",") if part.strip()) if isinstance(text, str) else text


def _networks(texts: tuple[str, ...]) -> tuple[str, ...]:
    parse_networks(texts)
    return texts


class Settings(WorkerSettings):
    sealing_keys: SecretStr = Field(
        description="X25519 keys that open what is sealed for this service, separated by commas; the first is current."
    )
    smtp_url: Annotated[SecretStr, secret_url("smtp", "smtps")] = Field(
        description="smtp://user:password@host:port upgrades to TLS where the server can, and must to send a password; "
        "smtps:// starts with TLS."
    )
    mail_from: str = Field("Taskmesh <taskmesh@localhost>", description="The From header of every mail.")
    webhook_allowed_networks: Annotated[
        tuple[str, ...], NoDecode, BeforeValidator(_split), AfterValidator(_networks)
    ] = Field(
        (),
        description="Networks such as 10.1.0.0/16, separated by commas, that webhooks may reach besides the internet.",
    )
    seal_every: Annotated[Seconds, Field(gt=timedelta())] = Field(
        timedelta(seconds=60), description="How often what was added to the activity log is sealed, in seconds."
    )
    feed_kept: Annotated[Seconds, Field(ge=timedelta(minutes=1))] = Field(
        timedelta(days=30), description="How long an event stays in the feed, in seconds."
    )
