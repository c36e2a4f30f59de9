"""Rate limits, counted in the shared cache so that all processes count together.

Fixed windows of a minute. With the cache away requests pass: a limit is no guarantee that bookings rest on.
"""

import logging
import time

from django.conf import settings
from django.core.cache import cache
from django.http import HttpRequest
from rest_framework.request import Request

from rhivo.client import client_address
from rhivo.errors import Throttled
from rhivo.tokens import visitor_mark

logger = logging.getLogger(__name__)
WINDOW_SECONDS = 60
REST_SECONDS = 5
PER_MINUTE = {"read": 600, "hold": 60, "write": 120, "login": 20}


class _Rest:
    """How long a cache that did not answer is left alone, by the steady clock: else it would slow down everyone."""

    until = 0.0


def throttle(request: HttpRequest | Request, scope: str, who: str = "") -> None:
    """Count a request of a client in a scope; raises Throttled with the seconds to wait when it is too many."""
    if not settings.THROTTLE or time.monotonic() < _Rest.until:
        return
    now = int(time.time())
    window, gone = divmod(now, WINDOW_SECONDS)
    key = f"throttle:{scope}:{window}:{visitor_mark(who or client_address(request))[:24]}"
    try:
        cache.add(key, 0, timeout=2 * WINDOW_SECONDS)
        count = cache.incr(key)
    except Exception:  # noqa: BLE001 - whatever the cache's client raises, the limit gives way
        _Rest.until = time.monotonic() + REST_SECONDS
        logger.warning("rate limits are off for %s s: the cache does not answer", REST_SECONDS)
        return
    if count > PER_MINUTE[scope]:
        raise Throttled(retry_after=WINDOW_SECONDS - gone)
