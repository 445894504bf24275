import asyncio
from collections.abc import Callable

import pytest

from gateway.app import build
from gateway.settings import Settings
from tests.unit.gateway.serving import Served

UNFINISHED = b"POST /v1/auth/login HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 10\r\n\r\n{"


async def test_what_is_in_flight_is_answered_and_nothing_new_is_taken(make_settings: Callable[..., Settings]) -> None:
    async with build(make_settings()) as gateway:
        port = gateway.runner.addresses[0][1]
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(UNFINISHED)
        await asyncio.sleep(0.1)
        draining = asyncio.create_task(gateway.drain())
        assert (await reader.readline()).split()[1] == b"408"
        await draining
        writer.close()
        with pytest.raises(OSError):
            await asyncio.open_connection("127.0.0.1", port)


async def test_readiness_names_what_is_away(served: Served) -> None:
    answer = await served.ask("GET", "/readyz")
    assert (answer.status, answer.json["checks"]) == (503, {"rabbitmq": "away", "keys": "ok", "revocations": "away"})


def test_settings_come_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    environment = {
        "AMQP_URL": "amqp://gateway:secret@127.0.0.1:1/",
        "GATEWAY_SECRET": "a secret of thirty-two characters",
        "AUTH_SEALING_KEY": "A" * 43,
        "NOTIFIER_SEALING_KEY": "A" * 43,
        "CORS_ORIGINS": "https://a.example, https://b.example",
        "RATE_LIMIT_LOGIN": "7/minute",
        "REQUEST_TIMEOUT": "2.5",
    }
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    settings = Settings()
    assert settings.cors_origins == ("https://a.example", "https://b.example")
    assert settings.rate_limit_login == "7/minute"
    assert settings.request_timeout.total_seconds() == 2.5


@pytest.mark.parametrize("key", ["", "key", "A" * 42, "!" * 43])
def test_a_wrong_sealing_key_is_noticed_at_the_start(make_settings: Callable[..., Settings], key: str) -> None:
    with pytest.raises(ValueError, match="auth_sealing_key"):
        make_settings(auth_sealing_key=key)
