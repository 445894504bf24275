"""A file on its way from the object storage to a client."""

import re
import unicodedata
from urllib.parse import quote

from aiohttp import web

from chassis.errors import Refusal
from chassis.objects import Objects
from contracts.files import File, object_name
from contracts.problems import RANGE_NOT_SATISFIABLE
from gateway.preconditions import matches_if_none_match

_RANGE = re.compile(r"bytes=(\d{0,19})-(\d{0,19})")
_FALLBACK = re.compile(r"[^ !#-\[\]-~]|%")


def disposition(filename: str) -> str:
    """RFC 6266: in ASCII for old readers, and whole."""
    plain = _FALLBACK.sub("_", unicodedata.normalize("NFKD", filename))
    return f"attachment; filename=\"{plain}\"; filename*=UTF-8''{quote(filename, safe='')}"


def read_range(request: web.Request, size: int, etag: str) -> tuple[int, int] | None:
    """Start, and end exclusively. None: the whole file, as for several ranges and for what is no range of bytes."""
    match = _RANGE.fullmatch(request.headers.get("Range", "").replace(" ", ""))
    if match is None or request.headers.get("If-Range", etag) != etag or not any(match.groups()):
        return None
    first, last = match.groups()
    if not first:
        start, end = max(0, size - int(last)), size
    else:
        start, end = int(first), min(size, int(last) + 1) if last else size
        if last and int(last) < int(first):
            return None
    if start >= end:
        raise Refusal(RANGE_NOT_SATISFIABLE, facts={"size": size})
    return start, end


async def send(request: web.Request, objects: Objects, file: File) -> web.StreamResponse:
    etag = f'"{file.sha256}"'
    headers = {
        "ETag": etag,
        "Accept-Ranges": "bytes",
        "Cache-Control": "private, no-cache",
        "Content-Disposition": disposition(file.filename),
        "Content-Type": file.content_type,
    }
    if matches_if_none_match(request, etag):
        return web.Response(status=304, headers={name: headers[name] for name in ("ETag", "Cache-Control")})
    ranged = read_range(request, file.size, etag)
    start, end = ranged or (0, file.size)
    if ranged:
        headers["Content-Range"] = f"bytes {start}-{end - 1}/{file.size}"
    response = web.StreamResponse(status=206 if ranged else 200, headers=headers)
    response.content_length = end - start
    chunks = objects.read(object_name(file.id), start, end)
    # The first bytes before the headers, so that a storage that is away is still a 503.
    first = await anext(chunks) if request.method != "HEAD" else b""
    await response.prepare(request)
    if first:
        await response.write(first)
        async for chunk in chunks:
            await response.write(chunk)
    await response.write_eof()
    return response
