"""The hash chain over the activity log. No I/O.

A seal covers every column of every row of its segment, and the seal before it: whoever changes, adds or removes a
row breaks its segment's seal, and whoever makes a new seal for it breaks the one after.
"""

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

BEGINNING = bytes(32)


@dataclass(frozen=True, slots=True)
class Seal:
    first_position: int
    last_position: int
    previous: bytes
    seal: bytes


def seal_of(previous: bytes, rows: Iterable[Mapping[str, Any]]) -> bytes:
    """`rows` in the order of their positions."""
    digest = hashlib.sha256(previous)
    for row in rows:
        for name in sorted(row):
            value = row[name]
            for part in (name.encode(), b"\x00" if value is None else b"\x01" + str(value).encode()):
                digest.update(len(part).to_bytes(8))
                digest.update(part)
        digest.update(b"\xff" * 8)
    return digest.digest()
