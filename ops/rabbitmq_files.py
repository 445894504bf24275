"""Where RabbitMQ's programs are: the system's, Homebrew's, or unpacked from Debian's packages."""

import os
import shutil
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from ops import debian_packages
from ops.errors import OpsError
from ops.unprivileged import Account, reachable

_HOMEBREW = (Path("/opt/homebrew/opt"), Path("/usr/local/opt"), Path("/home/linuxbrew/.linuxbrew/opt"))
_REMEDY = (
    "Install it (`apt-get install rabbitmq-server`, `dnf install rabbitmq-server`, `brew install rabbitmq`), "
    "or start everything in containers with `docker compose up`."
)


@dataclass(frozen=True)
class RabbitMQFiles:
    way: str
    server: Path
    programs: tuple[Path, ...]  # folders that hold `erl` and `epmd`
    environment: dict[str, str] = field(default_factory=dict)

    @property
    def version(self) -> str:
        """From the name of a folder such as `rabbitmq_server-3.10.8`, or Homebrew's `Cellar/rabbitmq/4.1.0`."""
        for folder in self.server.resolve().parents:
            if folder.name.startswith("rabbitmq_server-"):
                return folder.name.partition("-")[2]
            if folder.parent.name == "rabbitmq":
                return folder.name
        return "unknown"


def _system() -> RabbitMQFiles | None:
    # Not the wrapper in /usr/sbin, which runs `su rabbitmq`.
    server = Path("/usr/lib/rabbitmq/bin/rabbitmq-server")
    erl = shutil.which("erl")
    return RabbitMQFiles("system", server, (Path(erl).parent,)) if erl and server.exists() else None


def _homebrew() -> RabbitMQFiles | None:
    for prefix in _HOMEBREW:
        server = prefix / "rabbitmq/sbin/rabbitmq-server"
        if server.exists():
            erlang = [folder / "bin" for folder in sorted(prefix.glob("erlang*"), key=lambda folder: len(folder.name))]
            return RabbitMQFiles("homebrew", server, tuple(erlang))
    return None


def _debian(cache: Path, who: Account) -> RabbitMQFiles | None:
    if not debian_packages.available():
        return None
    root = debian_packages.unpacked(reachable(cache, who))
    home = next((root / "usr/lib/rabbitmq/lib").glob("rabbitmq_server-*"))
    libraries = [str(folder) for folder in (*root.glob("usr/lib/*-linux-*"), *root.glob("lib/*-linux-*"))]
    return RabbitMQFiles(
        "debian",
        home / "sbin/rabbitmq-server",
        (root / "usr/lib/erlang/bin",),
        {
            "LD_LIBRARY_PATH": ":".join(libraries),
            "RABBITMQ_HOME": str(home),
            "RABBITMQ_PLUGINS_DIR": str(home / "plugins"),
        },
    )


def _candidates(forced: str, cache: Path, who: Account) -> Iterator[RabbitMQFiles | None]:
    if forced in {"", "system"}:
        yield _system()
    if forced in {"", "homebrew"}:
        yield _homebrew()
    if forced in {"", "debian"}:
        yield _debian(cache, who)


def find(cache: Path, who: Account) -> RabbitMQFiles:
    """May download, when it comes to Debian's packages."""
    forced = os.environ.get("TASKMESH_RABBITMQ", "")
    if forced not in {"", "system", "homebrew", "debian"}:
        raise OpsError(f"TASKMESH_RABBITMQ is {forced!r}. Set it to `system`, `homebrew` or `debian`, or leave it out.")
    for files in _candidates(forced, cache, who):
        if files:
            return files
    if forced:
        raise OpsError(f"TASKMESH_RABBITMQ asks for `{forced}`, but RabbitMQ was not found that way. {_REMEDY}")
    raise OpsError(f"RabbitMQ was not found on this machine, and it has no apt to fetch it with. {_REMEDY}")


def would_download(cache: Path, who: Account) -> bool:
    forced = os.environ.get("TASKMESH_RABBITMQ", "")
    if forced not in {"", "debian"} or debian_packages.is_unpacked(reachable(cache, who)):
        return False
    return debian_packages.available() and (forced == "debian" or not (_system() or _homebrew()))
