import ipaddress
from functools import lru_cache

from aiohttp import web

_IPV6_PREFIX = 64  # one customer's network: its host part costs an attacker nothing


def client_address(request: web.BaseRequest, *, trusted_hops: int) -> str:
    """The peer, or what the outermost of our proxies wrote; what stands further left anybody may have written."""
    peer = request.remote or ""
    if trusted_hops == 0:
        return _counted(peer)
    forwarded = [hop.strip() for hop in ",".join(request.headers.getall("X-Forwarded-For", [])).split(",")]
    return _counted(forwarded[-trusted_hops] if len(forwarded) >= trusted_hops else peer)


@lru_cache(maxsize=1024)
def _counted(text: str) -> str:
    try:
        address = ipaddress.ip_address(text)
    except ValueError:
        return "unknown"
    if isinstance(address, ipaddress.IPv6Address):
        if address.ipv4_mapped:
            return str(address.ipv4_mapped)
        return str(ipaddress.ip_network((address, _IPV6_PREFIX), strict=False))
    return str(address)
