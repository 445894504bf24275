from datetime import timedelta
from typing import Annotated, Literal

from pydantic import Field, PositiveInt, SecretStr

from chassis.settings import Seconds, WorkerSettings


class Settings(WorkerSettings):
    sealing_keys: SecretStr = Field(
        description="X25519 keys that open what is sealed for this service, separated by commas; the first is current."
    )
    notifier_sealing_key: str = Field(description="Public key of the notifier, which seals what a mail carries.")

    password_policy: Literal["classic", "nist"] = Field(
        "classic", description="classic: 12 to 128 characters of four kinds; nist: 15 to 128 characters of any kind."
    )
    argon2_memory: PositiveInt = Field(19_456, description="Memory of one password hash, in KiB.")
    argon2_passes: PositiveInt = 2
    argon2_lanes: PositiveInt = 1

    access_token_lifetime: Annotated[Seconds, Field(ge=timedelta(minutes=1), le=timedelta(minutes=15))] = timedelta(
        minutes=15
    )
    session_lifetime: Seconds = Field(
        timedelta(days=30), description="How long a session lives without a log-in, in seconds."
    )
    signing_key_lifetime: Annotated[Seconds, Field(ge=timedelta(hours=1))] = Field(
        timedelta(days=30), description="How long a key signs access tokens before the next one does, in seconds."
    )
