"""Servers out of Debian's or Ubuntu's own packages, unpacked into a folder and never installed."""

import os
import re
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path

from ops.errors import OpsError
from ops.postgres_files import alone
from ops.unprivileged import make_passable

_FOLDER = "rabbitmq-debian"
_PACKAGE = "rabbitmq-server"
_NEEDED = re.compile(r"^(rabbitmq-server|erlang-[a-z0-9-]+|lib[a-z0-9.+-]+)$")
_PRINTED = re.compile(r"^'[^']+' (?P<package>[^_]+)_")
_ROOT = re.compile(r"^(\s*)ROOTDIR=/usr/lib/erlang$", re.MULTILINE)


def available() -> bool:
    return all(shutil.which(tool) for tool in ("apt-get", "dpkg", "dpkg-query"))


def is_unpacked(cache: Path) -> bool:
    return (cache / _FOLDER).exists()


def unpacked(cache: Path) -> Path:
    """The folder, which takes the place of `/`; filled at the first call, without any privilege."""
    root = cache / _FOLDER
    with alone(cache):
        if not root.exists():
            unfinished = cache / f"{_FOLDER}.unfinished"
            shutil.rmtree(unfinished, ignore_errors=True)
            fetch(unfinished, _PACKAGE, _NEEDED)
            _let_erlang_move(unfinished / "usr/lib/erlang/bin/erl")
            unfinished.rename(root)
    return root


def fetch(root: Path, package: str, needed: re.Pattern[str]) -> None:
    """`package`, and of what it depends on all that is `needed` and not installed."""
    downloads = root / "downloads"
    make_passable(downloads / "partial")
    own_lists = _own_lists(root)
    try:
        _download(downloads, package, needed, [])
    except OpsError:
        # No package lists on this machine, or older ones than the archive: both end with lists of our own.
        _run(["apt-get", *own_lists, "update"], downloads)
        _download(downloads, package, needed, own_lists)
    for archive in sorted(downloads.glob("*.deb")):
        _run(["dpkg", "-x", str(archive), str(root)], root)
    root.chmod(0o755)  # the packages hold `.` with a mode of its own
    shutil.rmtree(downloads)
    shutil.rmtree(root / "apt", ignore_errors=True)


def _own_lists(root: Path) -> list[str]:
    lists, archives = root / "apt/lists/partial", root / "apt/cache/archives/partial"
    make_passable(lists)
    make_passable(archives)
    return ["-o", f"Dir::State::lists={lists.parent}", "-o", f"Dir::Cache={root / 'apt/cache'}"]


def _download(downloads: Path, package: str, needed: re.Pattern[str], options: Sequence[str]) -> None:
    # Asked as if nothing were installed, for what is installed may be half of an Erlang; and as if nothing were in apt's
    # cache, for what is there is not printed.
    plan = _run(
        [
            "apt-get",
            *options,
            "-o",
            "Dir::State::status=/dev/null",
            "-o",
            f"Dir::Cache::archives={downloads}",
            "install",
            "--print-uris",
            "--yes",
            "--no-install-recommends",
            package,
        ],
        downloads,
    )
    planned = {match["package"] for line in plan.splitlines() if (match := _PRINTED.match(line))}
    wanted = {each for each in planned if needed.match(each)}
    libraries = {each for each in wanted if each.startswith("lib")}
    _run(["apt-get", *options, "download", *sorted(wanted - (libraries & _installed()))], downloads)


def _installed() -> set[str]:
    listing = subprocess.run(
        ["dpkg-query", "-W", "-f", "${db:Status-Status} ${Package}\n"], capture_output=True, text=True, check=True
    )
    return {line.split()[1] for line in listing.stdout.splitlines() if line.startswith("installed ")}


def _run(command: Sequence[str], folder: Path) -> str:
    sandbox = ["-o", "APT::Sandbox::User=root"] if command[0] == "apt-get" and os.geteuid() == 0 else []
    done = subprocess.run(
        [command[0], *sandbox, *command[1:]],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "LC_ALL": "C.UTF-8", "DEBIAN_FRONTEND": "noninteractive"},
    )
    if done.returncode != 0:
        last = done.stderr.strip().splitlines()[-3:]
        raise OpsError(
            f"RabbitMQ could not be fetched: `{' '.join(command[:1])}` ended with {done.returncode}: {' '.join(last)} "
            "Check the network, install RabbitMQ yourself (`apt-get install rabbitmq-server`), "
            "or use `docker compose up`."
        )
    return done.stdout


def _let_erlang_move(erl: Path) -> None:
    """Debian writes /usr/lib/erlang into the script, and no environment variable overrides it."""
    script, replaced = _ROOT.subn(r'\1ROOTDIR=$(cd "$(dirname "$0")/.." && pwd -P)', erl.read_text())
    if replaced == 0:
        raise OpsError(
            f"{erl} is not the script that Debian 12 has, so Erlang cannot run from another folder. "
            "Install RabbitMQ yourself (`apt-get install rabbitmq-server`), or use `docker compose up`."
        )
    erl.write_text(script)
