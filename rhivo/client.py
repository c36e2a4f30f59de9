"""Where a request really comes from: the peer, unless the peer is a proxy that this installation trusts."""

from functools import lru_cache
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network

from django.conf import settings
from django.http import HttpRequest
from rest_framework.request import Request


@lru_cache(maxsize=8)
def _networks(trusted: tuple[str, ...]) -> tuple[IPv4Network | IPv6Network, ...]:
    return tuple(ip_network(entry) for entry in trusted)


def client_address(request: HttpRequest | Request) -> str:
    """Return the client's address: the last one in X-Forwarded-For that is no trusted proxy, if the peer is one."""
    peer = str(request.META.get("REMOTE_ADDR", ""))
    networks = _networks(tuple(settings.TRUSTED_PROXIES))
    if not networks or not _within(peer, networks):
        return peer
    for hop in reversed(request.headers.get("X-Forwarded-For", "").split(",")):
        if not _within(hop.strip(), networks):
            return hop.strip() or peer
    return peer


def _within(address: str, networks: tuple[IPv4Network | IPv6Network, ...]) -> bool:
    try:
        return any(ip_address(address) in network for network in networks)
    except ValueError:
        return False
