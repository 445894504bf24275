"""What every service is told by its environment. A secret has no default, and is never printed."""

from datetime import timedelta
from pathlib import Path
from typing import Annotated, Literal
from urllib.parse import urlsplit

from pydantic import AfterValidator, BeforeValidator, Field, PositiveInt, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict

_MOUNTED_SECRETS = Path("/run/secrets")


def _number(value: object) -> object:
    """The environment holds texts, and pydantic takes a number of seconds only as a number."""
    try:
        return float(value) if isinstance(value, str) else value
    except ValueError:
        return value


Seconds = Annotated[timedelta, BeforeValidator(_number), Field(ge=timedelta())]


def secret_url(*schemes: str) -> AfterValidator:
    """Refused here without its text: what fails to connect with it later would print parts of it."""

    def check(secret: SecretStr) -> SecretStr:
        try:
            url = urlsplit(secret.get_secret_value())
            well_formed = url.scheme in schemes and bool(url.hostname) and url.port != 0
        except ValueError:
            well_formed = False
        if not well_formed:
            raise ValueError(f"must be a URL such as {schemes[0]}://user:password@host:port")
        return secret

    return AfterValidator(check)


class ServiceSettings(BaseSettings):
    model_config = SettingsConfigDict(
        frozen=True,
        hide_input_in_errors=True,
        secrets_dir=_MOUNTED_SECRETS if _MOUNTED_SECRETS.is_dir() else None,
    )

    environment: Literal["development", "test", "staging", "production"] = "development"
    public_url: str = Field(
        "http://127.0.0.1:8080", description="Where clients reach the gateway; links start with it."
    )

    amqp_url: Annotated[SecretStr, secret_url("amqp", "amqps")] = Field(
        description="amqp://user:password@host:port/vhost; the user is the service's own."
    )

    health_host: str = Field("0.0.0.0", description="Where /livez, /readyz and /metrics listen.")  # noqa: S104
    health_port: int = 9100
    drain_delay: Seconds = Field(
        timedelta(0), description="How long a stopping service stays up after it said it is not ready, in seconds."
    )
    drain_timeout: Seconds = Field(
        timedelta(seconds=20), description="How long work in flight may take to finish, in seconds."
    )

    log_level: Literal["debug", "info", "warning", "error"] = "info"
    log_format: Literal["json", "console"] = "json"
    otel_exporter_otlp_endpoint: str | None = Field(None, description="Traces are exported only when this is set.")
    trace_sample_ratio: Annotated[float, Field(ge=0, le=1)] = 0.1

    failpoints: str = Field("", description="Where to die, for tests: `name=kill`. Obeyed only when ENVIRONMENT=test.")


class WorkerSettings(ServiceSettings):
    database_url: Annotated[SecretStr, secret_url("postgres", "postgresql")] = Field(
        description="postgres://user:password@host:port/database; the role is the worker's own."
    )
    database_pool_size: PositiveInt = Field(16, description="Connections; also how many commands are handled at once.")
