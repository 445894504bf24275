"""The hash chain over the activity log. No I/O.

A seal covers every column of every row of its segment, and the seal before it: whoever changes, adds or removes a
row breaks its segment's seal, and whoever makes a new seal for it breaks the one after.

A row's digest is one of two: of the row without any name, and of what stands in the columns that hold names. An erased
row keeps the second in `erased_digest`, and the first is what it was.
"""

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from notifier.names import without_names

BEGINNING = bytes(32)

_NAMING = ("actor_username", "changes", "summary", "data")
_NOT_OF_THE_EVENT = frozenset({"salt", "erased_digest"})


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
        digest.update(_digest_without_names(without_names(row, None)))
        digest.update(row["erased_digest"] or _digest_of_names(row))
    return digest.digest()


def _digest_without_names(row: Mapping[str, Any]) -> bytes:
    digest = hashlib.sha256()
    for name in sorted(row.keys() - _NOT_OF_THE_EVENT):
        value = row[name]
        for part in (name.encode(), b"\x00" if value is None else b"\x01" + str(value).encode()):
            digest.update(len(part).to_bytes(8))
            digest.update(part)
    return digest.digest()


def _digest_of_names(row: Mapping[str, Any]) -> bytes:
    """As erase_activity in migration 0011 works it out."""
    salt = row["salt"].bytes if row["salt"] else b""
    parts = (salt, *((row[name] or "").encode() for name in _NAMING))
    return hashlib.sha256(b"".join(hashlib.sha256(part).digest() for part in parts)).digest()
