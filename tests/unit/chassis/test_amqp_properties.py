"""What we write, pamqp reads the same way; and the other way round."""

from datetime import UTC, datetime
from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from pamqp import header
from pamqp.commands import Basic

from chassis.amqp.properties import Properties, decode_header, encode_header

short_texts = st.text(max_size=60).filter(lambda text: 0 < len(text.encode()) <= 255)
headers = st.dictionaries(
    short_texts.filter(lambda name: len(name.encode()) <= 128),  # pamqp writes none that is longer
    st.one_of(st.text(max_size=500), st.booleans(), st.integers(-(2**63), 2**63 - 1)),
    max_size=8,
)
properties = st.builds(
    Properties,
    content_type=st.none() | short_texts,
    content_encoding=st.none() | short_texts,
    headers=st.none() | headers,
    delivery_mode=st.sampled_from((None, 1, 2)),
    priority=st.none() | st.integers(0, 255),
    correlation_id=st.none() | short_texts,
    reply_to=st.none() | short_texts,
    expiration=st.none() | short_texts,
    message_id=st.none() | short_texts,
    timestamp=st.none() | st.integers(0, 4_000_000_000).map(lambda seconds: datetime.fromtimestamp(seconds, UTC)),
    message_type=st.none() | short_texts,
    user_id=st.none() | short_texts,
    app_id=st.none() | short_texts,
)


def members(of: Any) -> dict[str, Any]:
    return {name: getattr(of, name) for name in Properties.__slots__}


@given(properties, st.integers(0, 2**60))
def test_pamqp_reads_what_we_write(written: Properties, size: int) -> None:
    read = header.ContentHeader()
    read.unmarshal(encode_header(written, size))
    assert (read.body_size, members(read.properties)) == (size, members(written))


@given(properties, st.integers(0, 2**60))
def test_we_read_what_pamqp_writes(written: Properties, size: int) -> None:
    marshalled = header.ContentHeader(body_size=size, properties=Basic.Properties(**members(written))).marshal()
    assert decode_header(marshalled) == (size, written)


def test_what_a_broker_adds_is_read_too() -> None:
    deaths: list[Any] = [{"queue": "tasks.commands", "count": 2, "time": datetime(2026, 11, 25, tzinfo=UTC)}]
    sent = Basic.Properties(headers={"x-death": deaths, "x-first-death-reason": "rejected"})
    _, read = decode_header(header.ContentHeader(properties=sent).marshal())
    assert read.headers == {"x-death": deaths, "x-first-death-reason": "rejected"}


def test_headers_that_nobody_can_read_are_none() -> None:
    written = bytearray(encode_header(Properties(headers={"name": "text"}, message_id="m"), 0))
    written[written.index(b"name")] = 0xFF
    assert decode_header(bytes(written)) == (0, Properties(headers={}, message_id="m"))
