"""Where a request really comes from: the peer, unless the peer is a proxy that this installation trusts.

`Forwarded` and `X-Real-IP` are never read: one header, written by one's own proxy, is enough.
"""

from collections.abc import Mapping
from functools import lru_cache
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network
from typing import Any

from django.conf import settings
from django.http import HttpRequest
from rest_framework.request import Request

# More proxies than any installation has. Without it a client could make each request parse thousands of hops.
MOST_HOPS = 16
# An IPv6 customer is given at least a /64 (RFC 6177), and may use any address in it.
ONE_HOUSEHOLD = 64


@lru_cache(maxsize=8)
def _networks(trusted: tuple[str, ...]) -> tuple[IPv4Network | IPv6Network, ...]:
    return tuple(ip_network(entry, strict=False) for entry in trusted)


def client_address(request: HttpRequest | Request) -> str:
    """Return the client as limits count it: its IPv4 address, or the /64 network of its IPv6 one."""
    return counted_address(request.META)


def counted_address(environ: Mapping[str, Any]) -> str:
    """Return the same from a WSGI environment: the last hop of X-Forwarded-For that is no trusted proxy.

    A hop that is no address ends the search, and the peer itself counts.
    """
    peer = str(environ.get("REMOTE_ADDR", ""))
    address = _parsed(peer)
    if address is None or not comes_through_proxy(environ):
        return _counted(address) if address else peer
    # From the right: each proxy appends the peer that it saw. What stands left of a client's address it wrote itself.
    for hop in reversed(environ.get("HTTP_X_FORWARDED_FOR", "").rsplit(",", MOST_HOPS)[-MOST_HOPS:]):
        forwarded = _parsed(hop)
        if forwarded is None:
            break
        if not _is_trusted(forwarded):
            return _counted(forwarded)
    return _counted(address)


def comes_through_proxy(environ: Mapping[str, Any]) -> bool:
    """Whether the peer is a proxy that this installation trusts."""
    peer = _parsed(str(environ.get("REMOTE_ADDR", "")))
    return peer is not None and _is_trusted(peer)


def _is_trusted(address: IPv4Address | IPv6Address) -> bool:
    return any(address in network for network in _networks(tuple(settings.TRUSTED_PROXIES)))


def _parsed(text: str) -> IPv4Address | IPv6Address | None:
    """Return an address; one of IPv4 that is written as IPv6 is the IPv4 one."""
    try:
        address = ip_address(text.strip())
    except ValueError:
        return None
    return (address.ipv4_mapped or address) if isinstance(address, IPv6Address) else address


def _counted(address: IPv4Address | IPv6Address) -> str:
    if isinstance(address, IPv4Address):
        return str(address)
    return str(ip_network((int(address), ONE_HOUSEHOLD), strict=False))
