"""Where a webhook may never lead, in every form that an address can be written in."""

import pytest

from notifier.webhook_targets import Targets, parse_networks

PUBLIC = Targets()
WITH_CLUSTER = Targets(parse_networks(["10.1.0.0/16", "fd00:1::/32"]))

REFUSED = [
    "127.0.0.1",
    "127.255.255.254",
    "0.0.0.0",
    "10.0.0.1",
    "172.16.0.1",
    "192.168.1.1",
    "169.254.169.254",
    "100.64.0.1",
    "192.0.0.8",
    "192.88.99.1",
    "198.18.0.1",
    "224.0.0.1",
    "255.255.255.255",
    "::1",
    "::",
    "::127.0.0.1",
    "::ffff:127.0.0.1",
    "::ffff:10.0.0.1",
    "64:ff9b::7f00:1",
    "2002:7f00:1::",
    "2001:0:7f00:1::",
    "fe80::1%eth0",
    "fd00:ec2::254",
    "ff02::1",
    "2001:db8::1",
]


@pytest.mark.parametrize("address", REFUSED)
def test_a_socket_is_not_opened_to(address: str) -> None:
    assert not PUBLIC.allows(address, 443)


@pytest.mark.parametrize("address", ["93.184.215.14", "2606:2800:21f:cb07:6820:80da:af6b:8b2c", "64:ff9b::5db8:d70e"])
def test_a_socket_is_opened_to_the_internet(address: str) -> None:
    assert PUBLIC.allows(address, 443)
    assert PUBLIC.allows(address, 8443)
    for port in (22, 25, 80, 6379, 5672):
        assert not PUBLIC.allows(address, port)


def test_an_operator_may_name_networks_and_no_more_than_these_open() -> None:
    assert WITH_CLUSTER.allows("10.1.2.3", 8080)
    assert WITH_CLUSTER.allows("fd00:1::5", 8080)
    assert not WITH_CLUSTER.allows("10.2.0.1", 443)
    assert not WITH_CLUSTER.allows("169.254.169.254", 80)


@pytest.mark.parametrize(
    "url",
    [
        "http://example.org/",
        "https://example.org:22/",
        "https://example.org:6379/",
        "https://127.0.0.1/",
        "https://127.1/",
        "https://2130706433/",
        "https://0x7f000001/",
        "https://[::1]/",
        "https://[::ffff:127.0.0.1]/",
        "https://[fd00:ec2::254]/",
        "https://93.184.215.14/",
        "https://localhost/",
        "https://localhost./",
        "https://metadata.google.internal/",
        "https://notifier.taskmesh.svc/",
        "https://printer.local/",
    ],
)
def test_an_address_is_refused_before_anything_is_sent(url: str) -> None:
    assert PUBLIC.problem_with(url) is not None


@pytest.mark.parametrize("url", ["https://example.org/hook?x=1", "https://example.org:8443/"])
def test_an_address_that_may_be_used(url: str) -> None:
    assert PUBLIC.problem_with(url) is None
