import socket
from collections.abc import Iterator

import pytest

from ops.ports import free_port, free_port_like


@pytest.fixture
def taken() -> Iterator[int]:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        yield listener.getsockname()[1]


def test_a_port_that_is_taken_is_replaced(taken: int) -> None:
    assert free_port_like(taken) != taken


def test_a_preferred_port_that_is_free_is_kept() -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    assert free_port_like(port) == port


def test_no_port_is_given_out_twice() -> None:
    ports = [free_port() for _ in range(50)]
    assert len(set(ports)) == 50
    assert free_port_like(ports[0]) != ports[0]
