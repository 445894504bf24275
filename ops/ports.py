import random
import socket

# Below the range from which kernels take the ports of outgoing connections, so that none of those is in the way.
_RANGE = range(20_000, 30_000)
_given: set[int] = set()


def is_free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


def free_port() -> int:
    """A port that is free now and that this process has not given out before."""
    for port in random.sample(_RANGE, len(_RANGE)):
        if port not in _given and is_free(port):
            _given.add(port)
            return port
    raise OSError(f"No port from {_RANGE.start} to {_RANGE.stop} is free on 127.0.0.1.")


def free_port_like(preferred: int) -> int:
    if preferred not in _given and is_free(preferred):
        _given.add(preferred)
        return preferred
    return free_port()
