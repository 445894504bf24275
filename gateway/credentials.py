"""Secrets in a body, and how each leaves the gateway: sealed, or as its digest."""

import hashlib
from typing import Annotated

from aiohttp import web
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints
from pydantic_core import PydanticCustomError

from contracts.identity import PASSWORD_PURPOSE
from gateway.state import PASSWORD_KEY

_MAX_PASSWORD = 1024  # bytes


def _short(password: str) -> str:
    if len(password.encode()) > _MAX_PASSWORD:
        raise PydanticCustomError("string_too_long", "should have at most {limit} bytes", {"limit": _MAX_PASSWORD})
    return password


PasswordText = Annotated[str, StringConstraints(min_length=1), AfterValidator(_short)]
"""Long enough or not is decided by auth_worker."""
Password = Annotated[PasswordText, Field(repr=False)]
Token = Annotated[str, StringConstraints(min_length=1, max_length=4096), Field(repr=False)]


class Body(BaseModel):
    """Of a request with a secret in it."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, hide_input_in_errors=True)


def seal(request: web.Request, text: str, *, purpose: str = PASSWORD_PURPOSE) -> str:
    return request.app[PASSWORD_KEY].seal(text, purpose=purpose)


def digest(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()
