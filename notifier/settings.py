from typing import Annotated

from pydantic import Field, SecretStr

from chassis.settings import WorkerSettings, secret_url


class Settings(WorkerSettings):
    sealing_keys: SecretStr = Field(
        description="X25519 keys that open what is sealed for this service, separated by commas; the first is current."
    )
    smtp_url: Annotated[SecretStr, secret_url("smtp", "smtps")] = Field(
        description="smtp://user:password@host:port upgrades to TLS where the server can, and must to send a password; "
        "smtps:// starts with TLS."
    )
    mail_from: str = Field("Taskmesh <taskmesh@localhost>", description="The From header of every mail.")
