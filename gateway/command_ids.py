"""Command ids that say by themselves whose they are and what they name, so that asking for one needs no table.

A UUIDv7: 48 bits of time, 42 random bits, and a 32-bit MAC over both, the principal, the command and whether
its sender waits for the answer.
"""

import hashlib
import hmac
import secrets
import time
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from contracts.message import Command

NOBODY = UUID(int=0)

_VERSION = 7 << 76
_VARIANT = 2 << 62
_MAC_BITS = 32


@dataclass(frozen=True, slots=True)
class Issued:
    command: type[Command[Any]]
    asynchronous: bool
    at: datetime


class CommandIds:
    def __init__(self, key: bytes, commands: Iterable[type[Command[Any]]]) -> None:
        self._key = key
        self._commands = tuple(commands)

    def issue(self, command: type[Command[Any]], principal: UUID, *, asynchronous: bool) -> UUID:
        milliseconds, random = time.time_ns() // 1_000_000, secrets.randbits(42)
        mac = self._mac(milliseconds, random, principal, command.wire_name, asynchronous)
        high, low = random >> 30, random & (2**30 - 1)
        return UUID(int=milliseconds << 80 | _VERSION | high << 64 | _VARIANT | low << _MAC_BITS | mac)

    def recognise(self, command_id: UUID, principal: UUID) -> Issued | None:
        number = command_id.int
        milliseconds = number >> 80
        random = (number >> 64 & 0xFFF) << 30 | number >> _MAC_BITS & (2**30 - 1)
        mac = (number & (2**_MAC_BITS - 1)).to_bytes(4)
        for command in self._commands:
            for asynchronous in (False, True):
                expected = self._mac(milliseconds, random, principal, command.wire_name, asynchronous)
                if hmac.compare_digest(expected.to_bytes(4), mac):
                    return Issued(command, asynchronous, datetime.fromtimestamp(milliseconds / 1000, UTC))
        return None

    def _mac(self, milliseconds: int, random: int, principal: UUID, wire_name: str, asynchronous: bool) -> int:
        content = b"".join(
            (
                milliseconds.to_bytes(8),
                random.to_bytes(8),
                principal.bytes,
                wire_name.encode(),
                b"\x01" if asynchronous else b"\x00",
            )
        )
        return int.from_bytes(hmac.digest(self._key, content, hashlib.sha256)[:4])
