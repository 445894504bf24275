"""Prometheus' own programs: those of this machine, or Debian's packages, unpacked and never installed."""

import functools
import os
import shutil
import subprocess
from pathlib import Path

import pytest

from ops.state import ROOT
from ops.unprivileged import make_passable

_PACKAGES = {"prometheus": "prometheus", "promtool": "prometheus", "amtool": "prometheus-alertmanager"}
_CACHE = ROOT / ".taskmesh/cache/prometheus-debian"


@functools.cache
def program(name: str) -> str:
    """Skips the test where the program is neither here nor to be had."""
    if found := shutil.which(name):
        return found
    unpacked = _CACHE / "usr/bin" / name
    if not unpacked.exists():
        _fetch(_PACKAGES[name])
    return str(unpacked)


def _fetch(package: str) -> None:
    if not shutil.which("apt-get"):
        pytest.skip(f"{package} is not here, and neither is apt-get to fetch it")
    downloads = _CACHE / "downloads"
    make_passable(downloads)
    sandbox = ["-o", "APT::Sandbox::User=root"] if os.geteuid() == 0 else []
    command = ["apt-get", *sandbox, "download", package]
    done = subprocess.run(command, cwd=downloads, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        pytest.skip(f"apt-get could not fetch {package}: {done.stderr.strip()[-200:]}")
    [archive] = downloads.glob(f"{package}_*.deb")
    subprocess.run(["dpkg", "-x", str(archive), str(_CACHE)], check=True)
    archive.unlink()


def run(name: str, *arguments: str | Path) -> str:
    done = subprocess.run([program(name), *map(str, arguments)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout
