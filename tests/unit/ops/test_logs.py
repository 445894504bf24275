import asyncio
from pathlib import Path

from ops import logfile, logs
from tests.eventually import eventually


async def test_following_shows_whole_lines_from_now_on_and_new_files_from_their_beginning(tmp_path: Path) -> None:
    old, new = tmp_path / "old.log", tmp_path / "new.log"
    old.write_text("long ago\n")
    seen: list[tuple[str, str]] = []
    files = {"old": old}
    following = asyncio.create_task(logs.follow(lambda: files, lambda name, line: seen.append((name, line))))
    await asyncio.sleep(0)
    with old.open("a") as file:
        file.write("now\nhalf a li")
    files["new"] = new
    new.write_text("hello\n")
    await eventually(lambda: seen == [("old", "now"), ("new", "hello")])
    with old.open("a") as file:
        file.write("ne\n")
    await eventually(lambda: seen[-1] == ("old", "half a line"))
    following.cancel()


def test_the_end_of_a_log() -> None:
    assert logfile.last_lines(Path("/nowhere")) == "(nothing was logged)"


def test_a_log_that_grew_too_large_makes_room(tmp_path: Path) -> None:
    log = tmp_path / "a.log"
    log.write_bytes(b"x" * 10_000_001)
    logfile.rotate(log)
    assert not log.exists()
    assert (tmp_path / "a.log.1").stat().st_size == 10_000_001
