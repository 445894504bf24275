"""The properties and headers of a message, to bytes and back. What is rare is left to pamqp."""

import struct
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from pamqp import decode, encode

_U16, _U32, _U64, _I64 = (struct.Struct(f">{code}") for code in "HIQq")
_HEAD = struct.Struct(">HHQH")
_BASIC = 60


@dataclass(slots=True)
class Properties:
    """In the order of the protocol."""

    content_type: str | None = None
    content_encoding: str | None = None
    headers: Mapping[str, Any] | None = None
    delivery_mode: int | None = None
    priority: int | None = None
    correlation_id: str | None = None
    reply_to: str | None = None
    expiration: str | None = None
    message_id: str | None = None
    timestamp: datetime | None = None
    message_type: str | None = None
    user_id: str | None = None
    app_id: str | None = None


_HEADERS, _TIMESTAMP = 1 << 13, 1 << 6
_OCTETS = ("delivery_mode", "priority")
_FLAGS = tuple((1 << (15 - place), name) for place, name in enumerate(Properties.__slots__))


def encode_header(properties: Properties, body_size: int) -> bytes:
    """The payload of a content header frame."""
    flags, parts = 0, [b""]
    for flag, name in _FLAGS:
        value = getattr(properties, name)
        if value is None:
            continue
        flags |= flag
        if isinstance(value, str):
            parts.append(short(value))
        elif flag == _HEADERS:
            parts.append(_table(value))
        elif flag == _TIMESTAMP:
            parts.append(_U64.pack(int(value.timestamp())))
        else:
            parts.append(bytes((value,)))
    parts[0] = _HEAD.pack(_BASIC, 0, body_size, flags)
    return b"".join(parts)


def decode_header(payload: bytes) -> tuple[int, Properties]:
    """The size of the body, and the properties."""
    _, _, body_size, flags = _HEAD.unpack_from(payload)
    if flags & 1:
        raise ValueError("more properties than the protocol has")
    properties, at = Properties(), _HEAD.size
    for flag, name in _FLAGS:
        if not flags & flag:
            continue
        value: Any
        if flag == _HEADERS:
            size = 4 + _U32.unpack_from(payload, at)[0]
            value = _read_table(payload[at : at + size])
        elif flag == _TIMESTAMP:
            size, value = 8, _moment(_U64.unpack_from(payload, at)[0])
        elif name in _OCTETS:
            size, value = 1, payload[at]
        else:
            size = 1 + payload[at]
            value = payload[at + 1 : at + size].decode(errors="replace")
        setattr(properties, name, value)
        at += size
    return body_size, properties


def short(text: str) -> bytes:
    encoded = text.encode()
    if len(encoded) > 255:
        raise ValueError("longer than AMQP allows")
    return bytes((len(encoded),)) + encoded


def _table(table: Mapping[str, Any]) -> bytes:
    encoded = b"".join(short(name) + _value(value) for name, value in table.items())
    return _U32.pack(len(encoded)) + encoded


def _value(value: Any) -> bytes:
    match value:
        case str():
            encoded = value.encode()
            return b"S" + _U32.pack(len(encoded)) + encoded
        case bool():
            return b"t\x01" if value else b"t\x00"
        case int():
            return b"l" + _I64.pack(value)
        case _:
            return encode.encode_table_value(value)


def _read_table(encoded: bytes) -> Mapping[str, Any]:
    """Headers that nobody can read are none."""
    try:
        return dict(_members(encoded))
    except (LookupError, ValueError):
        pass
    try:
        return decode.field_table(encoded)[1]
    except ValueError:
        return {}


def _members(encoded: bytes) -> Iterator[tuple[str, Any]]:
    """Raises LookupError at a value that is none of those we write."""
    at, end = 4, len(encoded)
    while at < end:
        name_end = at + 1 + encoded[at]
        name, kind = encoded[at + 1 : name_end].decode(), encoded[name_end]
        at = name_end + 1
        if kind == 0x53:  # S
            size = 4 + _U32.unpack_from(encoded, at)[0]
            yield name, encoded[at + 4 : at + size].decode()
        elif kind == 0x6C:  # l
            size = 8
            yield name, _I64.unpack_from(encoded, at)[0]
        elif kind == 0x74:  # t
            size = 1
            yield name, encoded[at] != 0
        else:
            raise LookupError(kind)
        at += size


def _moment(seconds: int) -> datetime | None:
    try:
        return datetime.fromtimestamp(seconds, UTC)
    except (ValueError, OverflowError, OSError):
        return None
