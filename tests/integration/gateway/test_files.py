"""Files over HTTP: bytes in, the same bytes out, and nothing left where nothing should be."""

import asyncio
import hashlib
import io
import zipfile
from pathlib import Path

import aiohttp
import asyncpg
import pytest

from tests.eventually import eventually
from tests.integration.gateway.conftest import Newcomer
from tests.unit.gateway.serving import Answer, Served

MAX = 10 * 1024 * 1024
TEXT = "Water the plants.\nGieß die Pflanzen.\n".encode()


def docx() -> bytes:
    whole = io.BytesIO()
    with zipfile.ZipFile(whole, "w") as archive:
        archive.writestr("[Content_Types].xml", "<Types/>")
        archive.writestr("word/document.xml", "<document/>")
    return whole.getvalue()


def zipped() -> bytes:
    whole = io.BytesIO()
    with zipfile.ZipFile(whole, "w") as archive:
        archive.writestr("evil.exe", "MZ")
    return whole.getvalue()


async def upload(
    served: Served, actor: dict[str, str], task: str, content: bytes, filename: str = "plants.txt"
) -> Answer:
    form = aiohttp.FormData(quote_fields=False)
    form.add_field("file", io.BytesIO(content), filename=filename, content_type="text/html")
    return await served.ask("POST", f"/v1/tasks/{task}/files", data=form, headers=actor)


@pytest.fixture
async def task(served: Served, ada: dict[str, str]) -> str:
    return str((await served.ask("POST", "/v1/tasks", json={"title": "a"}, headers=ada)).json["id"])


def stored(scratch: Path) -> set[str]:
    return {file.name for file in (scratch / "files" / "files").glob("*")}


@pytest.mark.usefixtures("served")
async def test_bytes_come_back_as_they_went(served: Served, ada: dict[str, str], task: str, scratch: Path) -> None:
    answer = await upload(served, ada, task, TEXT, '../secret/über "plants".txt')
    assert (answer.status, answer.headers["location"]) == (201, f"/v1/files/{answer.json['id']}")
    sha256 = hashlib.sha256(TEXT).hexdigest()
    file = answer.json
    assert (file["filename"], file["size"], file["sha256"]) == ('über "plants".txt', len(TEXT), sha256)
    assert file["content_type"] == "text/plain; charset=utf-8"

    path = f"/v1/files/{file['id']}"
    got = await served.ask("GET", path, headers=ada)
    assert (got.status, got.body, got.headers["etag"]) == (200, TEXT, f'"{sha256}"')
    assert got.headers["content-type"] == "text/plain; charset=utf-8"
    assert got.headers["content-disposition"] == (
        "attachment; filename=\"u_ber _plants_.txt\"; filename*=UTF-8''%C3%BCber%20%22plants%22.txt"
    )
    assert got.headers["x-content-type-options"] == "nosniff"
    known = await served.ask("GET", path, headers=ada | {"If-None-Match": f'"{sha256}"'})
    assert (known.status, known.body) == (304, b"")
    head = await served.ask("HEAD", path, headers=ada)
    assert (head.status, head.body, head.headers["content-length"]) == (200, b"", str(len(TEXT)))

    assert file["id"] in stored(scratch)
    assert (await served.ask("DELETE", path, headers=ada)).status == 204
    assert (await served.ask("GET", path, headers=ada)).status == 404
    await eventually(lambda: file["id"] not in stored(scratch))


async def test_a_part_of_a_file(served: Served, ada: dict[str, str], task: str) -> None:
    path = (await upload(served, ada, task, TEXT)).headers["location"]
    for header, content in (
        ("bytes=0-4", TEXT[:5]),
        ("bytes=6-", TEXT[6:]),
        ("bytes=-3", TEXT[-3:]),
        ("bytes=-9999", TEXT),
        ("bytes=0-9999", TEXT),
    ):
        part = await served.ask("GET", path, headers=ada | {"Range": header})
        assert (part.status, part.body) == (206, content)
        start = TEXT.index(content)
        assert part.headers["content-range"] == f"bytes {start}-{start + len(content) - 1}/{len(TEXT)}"
    for header in (f"bytes={len(TEXT)}-", "bytes=-0"):
        beyond = await served.ask("GET", path, headers=ada | {"Range": header})
        assert (beyond.status, beyond.code) == (416, "range-not-satisfiable")
    for header in ("bytes=4-2", "bytes=0-1,3-4", "lines=0-1", "bytes=-", "bytes=a-b"):
        assert (await served.ask("GET", path, headers=ada | {"Range": header})).status == 200
    other = await served.ask("GET", path, headers=ada | {"Range": "bytes=0-4", "If-Range": '"other"'})
    assert (other.status, other.body) == (200, TEXT)


@pytest.mark.parametrize(
    ("content", "filename", "status"),
    [
        (b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR", "a.png", 201),
        (b"\xff\xd8\xff\xe0\0\x10JFIF", "a.JPEG", 201),
        (b"GIF89a", "a.gif", 201),
        (b"%PDF-1.7\n", "a.pdf", 201),
        (bytes.fromhex("d0cf11e0a1b11ae1") + bytes(600), "a.doc", 201),
        (docx(), "a.docx", 201),
        (zipped(), "a.docx", 415),
        (b"MZ\x90\0", "a.png", 415),
        (b"\xff\xd8\xff\xe0\0\x10JFIF", "a.png", 415),
        (b"a\0b", "a.txt", 415),
        (b"\xff\xfe", "a.txt", 415),
        (b"\xc3", "a.txt", 415),
        (b"<svg/>", "a.svg", 415),
        (b"a", "txt", 415),
        (b"a", ".txt", 415),
        (b"a", "a.txt.exe", 415),
        (b"a", "a\u202etxt.txt", 422),
        (b"a", "a" * 252 + ".txt", 422),
        (b"", "a.txt", 422),
        (b"a" * MAX, "a.txt", 201),
        (b"a" * (MAX + 1), "a.txt", 413),
    ],
    ids=lambda value: str(value)[:20],
)
async def test_only_what_it_says_it_is_is_stored(
    served: Served, ada: dict[str, str], task: str, scratch: Path, content: bytes, filename: str, status: int
) -> None:
    before = stored(scratch)
    answer = await upload(served, ada, task, content, filename)
    assert answer.status == status, answer.body
    assert len(stored(scratch) - before) == (status == 201)


@pytest.mark.parametrize(
    ("content_type", "body", "status"),
    [
        ("application/json", b"{}", 415),
        ("multipart/form-data", b"", 415),
        ("multipart/form-data; boundary=x", b"", 400),
        ("multipart/form-data; boundary=x", b"--x\r\n\r\nhello\r\n--x--\r\n", 422),
        (
            "multipart/form-data; boundary=x",
            b'--x\r\nContent-Disposition: form-data; name="other"; filename="a.txt"\r\n\r\nhello\r\n--x--\r\n',
            422,
        ),
        (
            "multipart/form-data; boundary=x",
            b'--x\r\nContent-Disposition: form-data; name="file"; filename="a.txt"\r\n\r\nhello',
            400,
        ),
    ],
)
async def test_what_is_no_upload_is_refused(
    served: Served, ada: dict[str, str], task: str, content_type: str, body: bytes, status: int
) -> None:
    answer = await served.ask(
        "POST", f"/v1/tasks/{task}/files", data=body, headers=ada | {"Content-Type": content_type}
    )
    assert answer.status == status, answer.body


async def test_strangers_store_nothing(
    served: Served, newcomer: Newcomer, ada: dict[str, str], task: str, scratch: Path
) -> None:
    before, grace = stored(scratch), await newcomer("grace")
    path = (await upload(served, ada, task, TEXT)).headers["location"]
    assert (await upload(served, grace, task, TEXT)).code == "not-found"
    assert (await served.ask("GET", path, headers=grace)).code == "not-found"
    assert len(stored(scratch) - before) == 1


async def test_the_same_upload_again_is_the_same_file(
    served: Served, ada: dict[str, str], task: str, superuser: asyncpg.Connection
) -> None:
    key = ada | {"Idempotency-Key": "once"}
    answers = [await upload(served, key, task, TEXT) for _ in range(2)]
    assert len({answer.json["id"] for answer in answers}) == 1
    assert answers[1].headers["idempotency-replayed"] == "true"
    # The second one's bytes are an upload that never ends: the reaper's.
    assert await superuser.fetchval("SELECT count(*) FROM tasks.uploads") == 1
    other = await upload(served, key, task, TEXT + TEXT)
    assert (other.status, other.code) == (422, "idempotency-key-reused")


async def test_many_at_once_all_arrive(served: Served, ada: dict[str, str], task: str) -> None:
    answers = await asyncio.gather(*(upload(served, ada, task, TEXT * n) for n in range(1, 6)))
    assert [answer.status for answer in answers] == [201] * 5
    shown = await served.ask("GET", f"/v1/tasks/{task}", headers=ada)
    assert shown.json["file_count"] == 5


async def test_a_part_need_not_say_what_it_is(served: Served, ada: dict[str, str], task: str) -> None:
    body = b'--x\r\nContent-Disposition: form-data; name="file"; filename="a.txt"\r\n\r\nhello\r\n--x--\r\n'
    headers = ada | {"Content-Type": "multipart/form-data; boundary=x"}
    answer = await served.ask("POST", f"/v1/tasks/{task}/files", data=body, headers=headers)
    assert (answer.status, answer.json["content_type"]) == (201, "text/plain; charset=utf-8")
