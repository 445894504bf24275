"""What every service is told by its environment. A secret has no default, and is never printed."""

from collections.abc import Callable
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


Url = Callable[[], str]
"""Asked for every connection: what it answers may change while the service runs."""


def current(url: SecretStr, file: Path | None) -> Url:
    """While the file cannot be read, as in the moment when it is exchanged, the URL of the start stands in."""

    def read() -> str:
        try:
            return (file.read_text().strip() if file else "") or url.get_secret_value()
        except OSError:
            return url.get_secret_value()

    return read


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
    amqp_url_file: Path | None = Field(
        None,
        description="A file with AMQP_URL, read again for every connection: the password changes without a restart.",
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

    @property
    def current_amqp_url(self) -> Url:
        return current(self.amqp_url, self.amqp_url_file)


class WorkerSettings(ServiceSettings):
    database_url: Annotated[SecretStr, secret_url("postgres", "postgresql")] = Field(
        description="postgres://user:password@host:port/database; the role is the worker's own."
    )
    database_url_file: Path | None = Field(
        None, description="A file with DATABASE_URL, read again for every connection, as AMQP_URL_FILE is."
    )
    database_pool_size: PositiveInt = Field(16, description="Connections; also how many commands are handled at once.")

    @property
    def current_database_url(self) -> Url:
        return current(self.database_url, self.database_url_file)
