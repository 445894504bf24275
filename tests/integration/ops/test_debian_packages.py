import re
import subprocess
from pathlib import Path

import pytest

from ops import debian_packages

SMALL = "redis-tools"
ITS_LIBRARY = "liblzf1"


@pytest.fixture
def cached(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The library lies in the cache of apt, as where somebody installed it once, and is not installed."""
    if not debian_packages.available():
        pytest.skip("there is no apt-get")
    if ITS_LIBRARY in debian_packages._installed():
        pytest.skip(f"{ITS_LIBRARY} is installed")
    archives = tmp_path / "archives"
    (archives / "partial").mkdir(parents=True)
    downloaded = subprocess.run(["apt-get", "download", ITS_LIBRARY], cwd=archives, capture_output=True, check=False)
    if downloaded.returncode != 0:
        pytest.skip("this machine has no lists of packages, or the archive is not reached")
    settings = tmp_path / "apt.conf"
    settings.write_text(f'Dir::Cache::archives "{archives}";\n')
    monkeypatch.setenv("APT_CONFIG", str(settings))


@pytest.mark.usefixtures("cached")
def test_what_lies_in_the_cache_of_apt_is_fetched_too(tmp_path: Path) -> None:
    root = tmp_path / "root"
    debian_packages.fetch(root, SMALL, re.compile(r"^(redis-tools|lib[a-z0-9.+-]+)$"))
    assert list(root.glob("usr/lib/*/liblzf.so.1"))
