"""The outermost middleware of ours: refuses what is too large to be read, and gives every answer its headers."""

from collections.abc import Callable

from django.conf import settings
from django.http import HttpRequest, HttpResponse

from rhivo.errors import LengthRequired, RhivoError, TooLarge, TooLong
from rhivo.web.client_address import comes_through_proxy
from rhivo.web.error_pages import refused

MOST_OF_AN_ADDRESS = 4096  # characters of path and query together
FORWARDED = ("HTTP_X_FORWARDED_FOR", "HTTP_X_FORWARDED_HOST", "HTTP_X_FORWARDED_PORT", "HTTP_X_FORWARDED_PROTO")
HEADERS = {
    "X-Frame-Options": "DENY",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": settings.SECURE_REFERRER_POLICY,
    "Cross-Origin-Opener-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
    # Responses are no-store unless a view says otherwise: pages carry tokens, API and back office carry people's data.
    "Cache-Control": "no-store",
}
GetResponse = Callable[[HttpRequest], HttpResponse]


class EdgeMiddleware:
    """Drop the forwarding headers of strangers, refuse what is too large, and complete the headers of every answer."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        # Dropped before anybody reads them: SECURE_PROXY_SSL_HEADER would believe a stranger's X-Forwarded-Proto.
        if not comes_through_proxy(request.META):
            for name in FORWARDED:
                request.META.pop(name, None)
        refusal = _refusal(request)
        response = self.get_response(request) if refusal is None else refused(request, refusal)
        for name, value in HEADERS.items():
            response.headers.setdefault(name, value)
        return response


def _refusal(request: HttpRequest) -> RhivoError | None:
    """Return why a request is not read at all."""
    if len(request.META.get("PATH_INFO", "")) + len(request.META.get("QUERY_STRING", "")) > MOST_OF_AN_ADDRESS:
        return TooLong()
    # A chunked body has no length: Django would take it for empty, and the bound below could not be kept.
    if "HTTP_TRANSFER_ENCODING" in request.META:
        return LengthRequired()
    length = str(request.META.get("CONTENT_LENGTH") or "0")
    # 20 digits are too many bytes already. Of more than 4,300 int() raises ValueError, and the answer would be a 500.
    if not (length.isascii() and length.isdecimal()) or int(length[:20]) > _most():
        return TooLarge()
    return None


def _most() -> int:
    most = settings.DATA_UPLOAD_MAX_MEMORY_SIZE
    assert most is not None
    return most
