"""Rate limits, counted in the shared cache so that all processes count together.

Windows are fixed: each begins with a minute. An address is counted before its request costs anything: before a body is
parsed, a transaction opened or a business looked up. With the cache away requests pass, and the log says so: no
guarantee rests on a limit.
"""

import logging
import time
from collections.abc import Callable
from typing import Any, TypeVar

from django.conf import settings
from django.core.cache import cache
from django.http import HttpRequest
from django.urls import Resolver404, resolve
from rest_framework.request import Request

from rhivo.errors import Throttled
from rhivo.tokens import visitor_mark
from rhivo.web.client_address import client_address

logger = logging.getLogger(__name__)
WINDOW_SECONDS = 60
REST_SECONDS = 5
PER_MINUTE = {"read": 600, "hold": 60, "write": 120, "login": 20, "account": 10}
SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
V = TypeVar("V", bound=Callable[..., Any])


def limited(scope: str) -> Callable[[V], V]:
    """Mark a view, or an API view's class: requests that change something count in this scope, not in `write`."""

    def mark(view: V) -> V:
        view.limited = scope  # type: ignore[attr-defined]  # read by scope_of
        return view

    return mark


def scope_of(request: HttpRequest, path: str, urlconf: str) -> str:
    """Return what a request counts as; `path` is what `urlconf` will be asked for."""
    if request.method in SAFE:
        return "read"
    try:
        view = resolve(path, urlconf).func
    except Resolver404:
        return "write"
    return str(getattr(getattr(view, "cls", view), "limited", "write"))


class _Rest:
    """Until when, by the steady clock, a cache that did not answer is not asked again."""

    until = 0.0  # else each request would wait for the cache's timeout


def throttle(request: HttpRequest | Request, scope: str, who: str = "") -> None:
    """Count a request of a client in a scope; raises Throttled with the seconds to wait when it is too many."""
    if not settings.THROTTLE or time.monotonic() < _Rest.until:
        return
    now = int(time.time())
    window, gone = divmod(now, WINDOW_SECONDS)
    # Keyed hash of the address: the cache, and dumps of it, hold no addresses of people.
    key = f"throttle:{scope}:{window}:{visitor_mark(who or client_address(request))[:24]}"
    try:
        count = _counted(key)
    except Exception:  # noqa: BLE001 - whatever the cache's client raises, the limit gives way
        _Rest.until = time.monotonic() + REST_SECONDS
        logger.warning("rate limits are off for %s s: the cache does not answer", REST_SECONDS)
        return
    if count > PER_MINUTE[scope]:
        raise Throttled(retry_after=WINDOW_SECONDS - gone)


def _counted(key: str) -> int:
    """Count one more under a key; return how many there are now."""
    # 1. incr of a missing key fails: this request is the first of its window. 2. add sets the key, unless another
    # process was quicker. 3. Then incr counts on top of that. A get and a set would lose each other's counts.
    try:
        return int(cache.incr(key))
    except ValueError:
        # Twice the window: a key that expired within its window would start the count anew.
        return 1 if cache.add(key, 1, timeout=2 * WINDOW_SECONDS) else int(cache.incr(key))
