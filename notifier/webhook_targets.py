"""Where a webhook may lead: to the public internet, and to the networks that an operator names. No I/O."""

from collections.abc import Sequence
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from urllib.parse import urlsplit

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network

_PORTS = frozenset({443, 8443})

# The IANA special-purpose registries; `is_global` of the standard library lets some of them through.
_SPECIAL_V4 = tuple(
    map(
        IPv4Network,
        (
            "0.0.0.0/8",
            "10.0.0.0/8",
            "100.64.0.0/10",
            "127.0.0.0/8",
            "169.254.0.0/16",
            "172.16.0.0/12",
            "192.0.0.0/24",
            "192.0.2.0/24",
            "192.31.196.0/24",
            "192.52.193.0/24",
            "192.88.99.0/24",
            "192.168.0.0/16",
            "192.175.48.0/24",
            "198.18.0.0/15",
            "198.51.100.0/24",
            "203.0.113.0/24",
            "224.0.0.0/4",
            "240.0.0.0/4",
        ),
    )
)
_GLOBAL_UNICAST = IPv6Network("2000::/3")
_NAT64 = IPv6Network("64:ff9b::/96")
_SPECIAL_V6 = tuple(
    map(IPv6Network, ("2001::/23", "2001:db8::/32", "2002::/16", "2620:4f:8000::/48", "3fff::/20", "5f00::/16"))
)


@dataclass(frozen=True, slots=True)
class Targets:
    allowed_networks: Sequence[Network] = ()

    def allows(self, address: str, port: int) -> bool:
        """Asked of the address that a socket is about to connect to, after every name was resolved."""
        ip = _plain(ip_address(address.partition("%")[0]))
        if any(ip in network for network in self.allowed_networks):
            return True
        return port in _PORTS and _is_public(ip)

    def problem_with(self, url: str) -> str | None:
        """What can be told from the URL alone, before any name is resolved."""
        parts = urlsplit(url)
        host = (parts.hostname or "").rstrip(".")
        port = parts.port or (443 if parts.scheme == "https" else 80)
        if parts.scheme != "https" and not self.allowed_networks:
            return "must be https"
        literal = _literal(host)
        if literal is not None:
            return None if self.allows(str(literal), port) and self.allowed_networks else "must name a host"
        if host.rpartition(".")[2].isdigit() or host.lower().startswith("0x"):
            return "must name a host"
        if not self.allowed_networks:
            if port not in _PORTS:
                return "must use port 443 or 8443"
            if "." not in host or host.lower().endswith((".local", ".internal", ".localhost", ".svc", ".arpa")):
                return "must name a public host"
        return None


def parse_networks(texts: Sequence[str]) -> tuple[Network, ...]:
    return tuple(ip_network(text) for text in texts)


def _literal(host: str) -> Address | None:
    try:
        return ip_address(host)
    except ValueError:
        return None


def _plain(ip: Address) -> Address:
    """The IPv4 address inside an IPv6 one, where that is what the packet is for."""
    if isinstance(ip, IPv4Address):
        return ip
    if ip.ipv4_mapped is not None:
        return ip.ipv4_mapped
    if ip in _NAT64:
        return IPv4Address(int(ip) & 0xFFFFFFFF)
    return ip


def _is_public(ip: Address) -> bool:
    if isinstance(ip, IPv4Address):
        return not any(ip in network for network in _SPECIAL_V4)
    return ip in _GLOBAL_UNICAST and not any(ip in network for network in _SPECIAL_V6)
