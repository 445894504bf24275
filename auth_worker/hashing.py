"""`python -m auth_worker.hashing MEMORY PASSES LANES`: hashes what comes on standard input, until that ends.

A process and no thread: a thread that lets others go first would hold Python's lock while it waits for a core.
"""

import json
import os
import signal
import sys

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerifyMismatchError

from chassis.priority import give_way

_NICENESS = 15


def main() -> None:
    memory, passes, lanes = map(int, sys.argv[1:])
    hasher = PasswordHasher(time_cost=passes, memory_cost=memory, parallelism=lanes)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # meant for the service, which closes our input
    # A hash may wait for a core: refreshing a session on the same machine shall not wait for a hash.
    give_way(_NICENESS, leader=os.getpid())
    for line in sys.stdin:
        password, hashed = json.loads(line)
        answer = hasher.hash(password) if hashed is None else _matches(hasher, hashed, password)
        sys.stdout.write(json.dumps(answer) + "\n")
        sys.stdout.flush()


def _matches(hasher: PasswordHasher, hashed: str, password: str) -> bool:
    try:
        return hasher.verify(hashed, password)
    except (VerifyMismatchError, InvalidHashError):
        return False


if __name__ == "__main__":
    main()
