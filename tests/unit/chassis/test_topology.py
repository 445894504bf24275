import re

import pytest

from chassis.topology import DEAD, EVENTS, RETRY, RETRY_TIERS, TOPOLOGY, Queue, User
from contracts.catalogue import COMMANDS, QUERIES
from contracts.catalogue import EVENTS as ALL_EVENTS

QUEUES = {queue.name: queue for queue in TOPOLOGY.queues}
SERVICE_OF = {"auth": "auth_worker", "tasks": "task_worker", "notifier": "notifier"}
ANSWERED_BY_EVERY_WORKER = {"chassis.find_command.v1"}


def queue_id(queue: Queue) -> str:
    return queue.name


@pytest.mark.parametrize("reason", ["rejected", "delivery_limit", "expired"])
def test_every_dead_letter_has_a_home(reason: str) -> None:
    """An at-least-once dead letter that cannot be routed stays in its queue for ever."""
    homes = [
        binding.queue
        for binding in TOPOLOGY.bindings
        if binding.exchange == DEAD and binding.arguments.get("x-first-death-reason") == reason
    ]
    assert len(homes) == 1
    assert homes[0] in QUEUES


@pytest.mark.parametrize("queue", TOPOLOGY.queues, ids=queue_id)
def test_no_queue_has_an_argument_that_loses_messages(queue: Queue) -> None:
    forbidden = {"x-max-priority", "x-queue-mode", "x-expires"}
    assert forbidden.isdisjoint(queue.arguments)
    assert queue.arguments.get("x-delivery-limit") != -1
    assert queue.arguments.get("x-overflow") != "reject-publish-dlx"


@pytest.mark.parametrize(
    "queue", [queue for queue in TOPOLOGY.queues if queue.arguments["x-queue-type"] == "quorum"], ids=queue_id
)
def test_every_quorum_queue_says_how_often_it_delivers(queue: Queue) -> None:
    """RabbitMQ 3.10 has no limit by default, and 4.x has 20. What nobody consumes needs none."""
    assert "x-delivery-limit" in queue.arguments or queue.name.startswith("retry.")


@pytest.mark.parametrize("message", [*COMMANDS, *(query for query in QUERIES if hasattr(query, "queue"))])
def test_every_message_has_a_queue_bound_under_its_own_name(message: type) -> None:
    name = message.queue  # type: ignore[attr-defined]
    assert [
        binding.queue for binding in TOPOLOGY.bindings if binding.routing_key == name and binding.exchange != RETRY
    ] == [name]


def test_only_what_every_worker_answers_has_no_queue_of_its_own() -> None:
    assert {query.wire_name for query in QUERIES if not hasattr(query, "queue")} == ANSWERED_BY_EVERY_WORKER


@pytest.mark.parametrize("command", COMMANDS)
def test_a_command_that_failed_finds_its_way_back(command: type) -> None:
    name = command.queue  # type: ignore[attr-defined]
    assert [
        binding.queue for binding in TOPOLOGY.bindings if (binding.exchange, binding.routing_key) == (RETRY, name)
    ] == [name]


@pytest.mark.parametrize(("tier", "milliseconds"), RETRY_TIERS.items())
def test_a_tier_holds_a_message_and_gives_it_back(tier: str, milliseconds: int) -> None:
    arguments = QUEUES[f"retry.{tier}"].arguments
    assert (arguments["x-message-ttl"], arguments["x-dead-letter-exchange"]) == (milliseconds, RETRY)


@pytest.mark.parametrize("event", ALL_EVENTS)
def test_every_event_reaches_the_activity_log(event: type) -> None:
    context = event.wire_name.partition(".")[0]  # type: ignore[attr-defined]
    bound = {
        binding.queue
        for binding in TOPOLOGY.bindings
        if (binding.exchange, binding.routing_key) == (EVENTS, f"{context}.#")
    }
    assert "notifier.activity" in bound


def test_every_binding_joins_what_exists() -> None:
    exchanges = {exchange.name for exchange in TOPOLOGY.exchanges}
    assert {binding.exchange for binding in TOPOLOGY.bindings} <= exchanges
    assert {binding.queue for binding in TOPOLOGY.bindings} == set(QUEUES)


@pytest.mark.parametrize("user", TOPOLOGY.users, ids=lambda user: user.name)
def test_every_permission_is_anchored_at_both_ends(user: User) -> None:
    for pattern in (user.configure, user.write, user.read):
        assert (pattern[0], pattern[-1]) == ("^", "$")
        outside = pattern
        while "(" in outside:
            outside = re.sub(r"\([^()]*\)", "", outside)
        assert "|" not in outside, "an anchor would hold for one alternative alone"


@pytest.mark.parametrize("message", [*COMMANDS, *(query for query in QUERIES if hasattr(query, "queue"))])
def test_its_owner_alone_may_read_a_queue(message: type) -> None:
    name = message.queue  # type: ignore[attr-defined]
    readers = {user.name for user in TOPOLOGY.users if re.search(user.read, name)}
    assert readers == {SERVICE_OF[name.partition(".")[0]]}


def test_the_gateway_may_publish_no_event() -> None:
    writers = {user.name for user in TOPOLOGY.users if re.search(user.write, EVENTS)}
    assert writers == {"auth_worker", "task_worker", "notifier"}
