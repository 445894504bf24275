import itertools
import secrets
from collections.abc import Iterator
from pathlib import Path

import pytest

from ops.edges import GRAPH, Workload
from tests.mesh.identities import Authority, Identity


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    return Authority(tmp_path, "mesh")


@pytest.fixture
def places() -> Iterator[str]:
    """Addresses for pods, out of a piece of loopback that nobody else is likely to use."""
    net = f"127.{secrets.randbelow(200) + 20}.{secrets.randbelow(250) + 2}"
    return (f"{net}.{number}" for number in itertools.count(1))


def workload(name: str) -> Workload:
    found = GRAPH.by_name[name]
    assert isinstance(found, Workload)
    return found


def identity_of(authority: Authority, name: str) -> Identity:
    return authority.issue(workload(name).service_account, workload(name).namespace)
