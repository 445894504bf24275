import asyncio
import os
import textwrap
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from ops import processes
from ops.errors import OpsError
from ops.ports import free_port
from ops.service import Service
from ops.state import ROOT
from ops.supervisor import Supervisor
from tests.eventually import eventually

SERVES = """
    import http.server, os, pathlib, signal, subprocess, sys, time
    diary = pathlib.Path(os.environ["DIARY"])
    def note(text):
        with diary.open("a") as file:
            file.write(f"{os.environ['NAME']} {text}\\n")
    note("started")
    if diary.read_text().count(f"{os.environ['NAME']} started") <= int(os.environ["FAILURES"]):
        print("no, not yet", flush=True)
        sys.exit(3)
    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            self.send_response(200)
            self.end_headers()
        def log_message(self, *arguments): pass
    def stop(*arguments):
        note("stopped")
        os._exit(0)
    signal.signal(signal.SIGTERM, stop)
    subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)  # " + os.environ["DIARY"]])
    http.server.HTTPServer(("127.0.0.1", int(os.environ["HEALTH_PORT"])), Handler).serve_forever()
"""


class Play:
    """A supervisor with actors that write down what happens to them."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.diary = folder / "diary"
        self.said: list[str] = []
        self.supervisor = Supervisor(lambda: None, self.said.append)
        (folder / "an_actor.py").write_text(textwrap.dedent(SERVES))

    def actor(self, name: str, *, failures: int = 0) -> Service:
        port = free_port()
        own = {
            "PYTHONPATH": f"{self.folder}:{ROOT}",
            "DIARY": str(self.diary),
            "NAME": name,
            "FAILURES": str(failures),
            "HEALTH_PORT": str(port),
        }
        return Service(name, "an_actor", {**os.environ, **own}, self.folder / f"{name}.log", port, lambda: None)

    def written(self) -> list[str]:
        return self.diary.read_text().splitlines()

    def left(self) -> list[processes.Process]:
        return [process for process in processes.running() if str(self.diary) in process.command]


@pytest.fixture
async def play(tmp_path: Path) -> AsyncIterator[Play]:
    play = Play(tmp_path)
    yield play
    await play.supervisor.stop()
    assert play.left() == []


async def test_one_that_fails_at_first_is_started_again_with_longer_pauses(play: Play) -> None:
    play.supervisor.launch([play.actor("flaky", failures=2)], attempts=4)
    await play.supervisor.ready("flaky")
    assert play.supervisor.supervised["flaky"].restarts == 2
    assert play.said == [
        "flaky ended with 3 before it was ready. Starting it again in 0.2 s.",
        "flaky ended with 3 before it was ready. Starting it again in 0.4 s.",
    ]


async def test_one_that_never_becomes_ready_is_given_up_with_its_last_words(play: Play) -> None:
    play.supervisor.launch([play.actor("hopeless", failures=99)], attempts=2)
    with pytest.raises(OpsError, match=r"hopeless ended with 3(.|\n)*no, not yet"):
        await play.supervisor.ready("hopeless")
    assert play.supervisor.supervised["hopeless"].state == "failed"


async def test_one_that_is_killed_comes_back(play: Play) -> None:
    actor = play.actor("victim")
    play.supervisor.launch([actor])
    await play.supervisor.ready("victim")
    supervised = play.supervisor.supervised["victim"]
    assert actor.pid
    os.kill(actor.pid, 9)
    await eventually(lambda: supervised.restarts == 1 and supervised.state == "ready")
    assert len(play.left()) == 1


async def test_stages_stop_in_reverse_order_and_leave_nothing(play: Play) -> None:
    for name in ("first", "second", "third"):
        play.supervisor.launch([play.actor(name)])
        await play.supervisor.ready(name)
    assert len(play.left()) == 3
    await play.supervisor.stop()
    assert play.written()[3:] == ["third stopped", "second stopped", "first stopped"]
    assert play.left() == []


async def test_stopping_in_the_middle_of_a_start_leaves_nothing(play: Play) -> None:
    play.supervisor.launch([play.actor("early")])
    await asyncio.sleep(0.05)
    await play.supervisor.stop()
    assert play.supervisor.supervised["early"].state == "stopped"
    assert play.left() == []
