"""A file on its way from a client into the object storage: never whole in memory, and stopped as soon as it is too much."""

import asyncio
import codecs
import hashlib
from collections.abc import AsyncIterator
from dataclasses import dataclass
from uuid import UUID

import puremagic
from aiohttp import BodyPartReader, web
from aiohttp.web_protocol import RequestPayloadError
from pydantic import TypeAdapter, ValidationError

from chassis.errors import Refusal
from chassis.objects import Objects
from contracts.files import CONTENT_TYPES, MAX_FILE, Filename, object_name
from contracts.problems import (
    MALFORMED_REQUEST,
    PAYLOAD_TOO_LARGE,
    REQUEST_TIMEOUT,
    UNSUPPORTED_MEDIA_TYPE,
    VALIDATION_FAILED,
    FieldError,
)

_CHUNK = 64 * 1024  # bytes
_ENVELOPE = 16 * 1024  # bytes of boundaries and part headers around the file
_HEAD = 8 * 1024  # bytes that tell what a file is
_FILENAME: TypeAdapter[str] = TypeAdapter(Filename)
_TEXT_CONTROLS = frozenset(range(32)) - frozenset(b"\t\n\f\r")


@dataclass(frozen=True, slots=True)
class Stored:
    filename: str
    content_type: str
    size: int
    sha256: str


def _refused(code: str, detail: str) -> Refusal:
    return Refusal(VALIDATION_FAILED, detail, errors=[FieldError(pointer="#/file", code=code, detail=detail)])


async def open_part(request: web.Request) -> BodyPartReader:
    """The one part there must be: named `file`, with a filename."""
    if request.content_type != "multipart/form-data" or "boundary" not in request.headers["Content-Type"]:
        raise Refusal(UNSUPPORTED_MEDIA_TYPE, "the Content-Type must be multipart/form-data")
    if (request.content_length or 0) > MAX_FILE + _ENVELOPE:
        raise Refusal(PAYLOAD_TOO_LARGE, f"a file has at most {MAX_FILE} bytes")
    try:
        part = await (await request.multipart()).next()
    except (ValueError, RequestPayloadError) as error:
        raise Refusal(MALFORMED_REQUEST, "the multipart body cannot be read") from error
    if not isinstance(part, BodyPartReader) or part.name != "file" or not part.filename:
        raise _refused("missing", "one part must be named file and have a filename")
    return part


def read_filename(part: BodyPartReader) -> tuple[str, str]:
    """The last step of whatever path a client sent, and its extension."""
    try:
        filename = _FILENAME.validate_python((part.filename or "").replace("\\", "/").rpartition("/")[2])
    except ValidationError as error:
        raise _refused("filename", "the filename has 1 to 255 characters, none of them invisible") from error
    stem, _, extension = filename.rpartition(".")
    if not stem or extension.lower() not in CONTENT_TYPES:
        raise Refusal(UNSUPPORTED_MEDIA_TYPE, f"a file is one of {', '.join(CONTENT_TYPES)}")
    return filename, extension.lower()


class _Passing:
    """What streams through: counted, hashed and looked at."""

    def __init__(self, part: BodyPartReader, extension: str) -> None:
        self._part = part
        self._extension = extension
        self._sha256 = hashlib.sha256()
        self._decoder = codecs.getincrementaldecoder("utf-8")() if extension == "txt" else None
        self.size = 0

    @property
    def sha256(self) -> str:
        return self._sha256.hexdigest()

    async def __aiter__(self) -> AsyncIterator[bytes]:
        head = bytearray()
        while len(head) < _HEAD and not self._part.at_eof():
            head += await self._next()
        if not head:
            raise _refused("empty", "the file is empty")
        if not _is(self._extension, bytes(head)):
            raise _other_content(self._extension)
        yield bytes(head)
        while chunk := await self._next():
            yield chunk
        self._decode(b"", final=True)

    async def _next(self) -> bytes:
        try:
            chunk = bytes(await self._part.read_chunk(_CHUNK))
        except (ValueError, RequestPayloadError) as error:
            raise Refusal(MALFORMED_REQUEST, "the multipart body cannot be read") from error
        self.size += len(chunk)
        if self.size > MAX_FILE:
            raise Refusal(PAYLOAD_TOO_LARGE, f"a file has at most {MAX_FILE} bytes")
        self._sha256.update(chunk)
        self._decode(chunk)
        return chunk

    def _decode(self, chunk: bytes, *, final: bool = False) -> None:
        if self._decoder is None:
            return
        try:
            self._decoder.decode(chunk, final)
        except UnicodeDecodeError as error:
            raise _other_content("txt") from error
        if not _TEXT_CONTROLS.isdisjoint(chunk):
            raise _other_content("txt")


def _other_content(extension: str) -> Refusal:
    return Refusal(UNSUPPORTED_MEDIA_TYPE, f"the content is not that of a {extension} file")


def _is(extension: str, head: bytes) -> bool:
    if extension == "txt":
        return True
    try:
        found = {match.extension for match in puremagic.magic_string(head)}
    except puremagic.PureError:
        return False
    # Any zip could be a docx, but for what is in it.
    return f".{extension}" in found and (extension != "docx" or b"[Content_Types].xml" in head or b"word/" in head)


async def store(objects: Objects, file_id: UUID, part: BodyPartReader, *, within: float) -> Stored:
    filename, extension = read_filename(part)
    passing = _Passing(part, extension)
    try:
        async with asyncio.timeout(within):
            await objects.write(object_name(file_id), aiter(passing))
    except TimeoutError as error:
        raise Refusal(REQUEST_TIMEOUT) from error
    return Stored(filename, CONTENT_TYPES[extension], passing.size, passing.sha256)
