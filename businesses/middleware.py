"""From request to business and claims, and one transaction around view and rendering.

The transaction opens with the identity that a session or token asserts. Inside it that identity is verified, the
business is found, and the full claims are put in force. It is rolled back when the response says that it failed.

Neither of Django's own ways will do: ATOMIC_REQUESTS ends before templates render, and their queries would run without
claims; a plain atomic middleware commits what a view wrote before it raised, since the error is a response by then.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from uuid import UUID, uuid4

from django.conf import settings
from django.contrib import auth
from django.contrib.auth.models import AnonymousUser
from django.db import DatabaseError, transaction
from django.http import Http404, HttpResponse
from django.urls import get_script_prefix, set_script_prefix
from django.views.defaults import page_not_found

from businesses.events import recording_refused_log_ins
from businesses.identity.access_tokens import read_token
from businesses.identity.workplace_roles import businesses_of_current_user, enter_business, role_in
from businesses.models import User
from businesses.tenant_request import TenantRequest, named_id
from rhivo import claims
from rhivo.api.errors import problem
from rhivo.claims import Claims, Role
from rhivo.db.constraints import domain_error
from rhivo.errors import NotAuthenticated, NotFound, RhivoError, Throttled, Unavailable
from rhivo.web.busy_page import busy_page
from rhivo.web.client_address import client_address
from rhivo.web.error_pages import API_PREFIX, is_api, refused
from rhivo.web.slow_bodies import readers
from rhivo.web.throttling import SAFE, scope_of, throttle

API_BUSINESS = re.compile(r"/api/v1/businesses/(?P<subdomain>[^/]+)(?:/|\Z)")
PAGE_BUSINESS = re.compile(r"(?P<prefix>/b/(?P<subdomain>[^/]+))(?P<rest>/.*)?\Z")
BUSINESS_URLS = "rhivo.business_urls"
WITHOUT_DATABASE = frozenset({"/healthz", "/readyz", "/metrics"})
REQUEST_ID = re.compile(r"[A-Za-z0-9._-]{8,64}")
GetResponse = Callable[[TenantRequest], HttpResponse]


@dataclass(frozen=True, slots=True)
class Address:
    """What an address says: the path to look up, in which URLconf, and the business it names by host or prefix."""

    path: str
    urlconf: str
    subdomain: str = ""
    prefix: str = ""


@dataclass(frozen=True, slots=True)
class Identity:
    """Who is asking, as a token or session says; not verified yet."""

    user_id: UUID | None = None
    business_id: UUID | None = None
    cancellation_token: str = ""
    by_token: bool = False


class TenancyMiddleware:
    """Give each request its business, its claims and its transaction."""

    def __init__(self, get_response: GetResponse) -> None:
        self.get_response = get_response

    def __call__(self, request: TenantRequest) -> HttpResponse:
        request.business = None
        # A probe must answer when the database does not; health pages ask it by themselves, one thing at a time.
        if request.path in WITHOUT_DATABASE:
            return self.get_response(request)
        request.request_id = _request_id(request)
        # The body is whole before BEGIN: a slow sender holds no transaction, and no connection.
        try:
            _read_body(request)
        except Unavailable as busy:
            return _busy(request, busy)
        # `_find_business` sets the prefix of /b/{subdomain}/ for `reverse`. It belongs to the thread, not the request,
        # and the next request of this thread must not inherit it.
        script_prefix = get_script_prefix()
        try:
            address = address_of(request)
            # Counted before BEGIN: a request too many costs the database nothing.
            throttle(request, scope_of(request, address.path, address.urlconf))
            with recording_refused_log_ins(request):
                response = self._in_transaction(request, address)
        except NotFound as missing:
            response = _not_found(request, missing)
        except Throttled as refusal:
            response = refused(request, refusal)
        except DatabaseError as error:
            known = domain_error(error)
            if known is None:
                raise
            # A lost COMMIT may or may not have happened, but a request that only reads has nothing to be in doubt of.
            if request.method in SAFE:
                known = Unavailable()
            response = _busy(request, known)
        finally:
            set_script_prefix(script_prefix)
        response["X-Request-ID"] = request.request_id
        return response

    def process_exception(self, request: TenantRequest, exception: Exception) -> HttpResponse | None:
        """Answer 503 for a view that waited too long for the database, or lost it; leave any other error alone."""
        known = domain_error(exception) if isinstance(exception, DatabaseError) else None
        return _busy(request, known) if isinstance(known, Unavailable) else None

    def _in_transaction(self, request: TenantRequest, address: Address) -> HttpResponse:
        identity = identify(request)
        bare = Claims(user_id=identity.user_id, request_id=request.request_id)
        # Claims first, transaction second: BEGIN carries the claims that are in force when it is sent.
        with claims.acting_as(bare), transaction.atomic():
            try:
                enter(request, identity, address)
                # The view and its rendering: a template that asks the database asks under the claims too.
                response = self.get_response(request)
            except (Http404, NotFound) as missing:
                response = _not_found(request, missing)
            except RhivoError as refusal:
                response = problem(refusal)
            # A refused request changes nothing, also where it had begun to write.
            if response.status_code >= 400:
                transaction.set_rollback(True)
        return response


def identify(request: TenantRequest) -> Identity:
    """Return the identity that a bearer token or the session asserts.

    A bad token leaves none. Its refusal is kept in `request.token_refusal`, which `TokenAuthentication` raises.
    """
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    request.token_refusal = None
    if is_api(request):
        # A session does not authenticate an API request: a form or a link of another site could use it.
        if scheme.lower() != "bearer":
            return Identity()
        try:
            said = read_token(token.strip(), kind="access")
        except NotAuthenticated as refusal:
            # Not raised here, so that DRF makes the answer, with the WWW-Authenticate header that a 401 needs.
            request.token_refusal = refusal
            return Identity()
        return Identity(said.user_id, said.business_id, said.cancellation_token, by_token=True)
    user_id = request.session.get(auth.SESSION_KEY)
    chosen = request.session.get("business_id")
    return Identity(named_id(user_id), named_id(chosen))


def enter(request: TenantRequest, identity: Identity, address: Address) -> None:
    """Find the request's business, verify who asks, and put the full claims in force."""
    user = _verified_user(request, identity)
    _find_business(request, address)
    acting = claims.current()
    business_id = request.business.id if request.business else identity.business_id
    role: Role = ""
    # `role_in` answers only about the person of the claims, whom BEGIN has brought along.
    if identity.by_token and identity.user_id is not None:
        role = _role_by_token(request, identity, business_id)
    elif user is not None:
        business_id = business_id or _first_workplace()
        role = role_in(user.id, business_id) or ""
    # A session whose user is gone or disabled, or whose password was changed: the claim that BEGIN carried is dropped.
    elif identity.user_id is not None:
        acting = acting.with_(user_id=None)
    new = acting.with_(business_id=business_id, role=role, cancellation_token=identity.cancellation_token)
    # One statement more, so only where the full claims differ from those that went with BEGIN.
    if request.token_refusal is None and new != claims.current():
        claims.assume(new)


def _verified_user(request: TenantRequest, identity: Identity) -> User | None:
    """Load the session's user under its own claim; Django compares the hash that changes with the password."""
    # `_cached_user` is what AuthenticationMiddleware, which runs later, takes for `request.user`: without it the user
    # would be loaded again, lazily and perhaps under other claims.
    if identity.by_token or is_api(request):
        request._cached_user = AnonymousUser()
        return None
    user = auth.get_user(request)
    request._cached_user = user
    return user if isinstance(user, User) else None


def _role_by_token(request: TenantRequest, identity: Identity, business_id: UUID | None) -> Role:
    """Return the role that the token's person has now; in another business than the token's they are a customer."""
    assert identity.user_id is not None
    # Asked at each request: the role in the token is that of 15 minutes ago, and a dismissal must not wait for it.
    role = role_in(identity.user_id, business_id)
    if role is None:
        request.token_refusal = NotAuthenticated("This account is no longer active.")
        claims.assume(Claims(request_id=request.request_id))
        return ""
    return role if business_id == identity.business_id else "customer"


def _first_workplace() -> UUID | None:
    mine = businesses_of_current_user()
    return mine[0][0] if mine else None


def _find_business(request: TenantRequest, address: Address) -> None:
    """Set the request's business, path and URLconf from its address; raises NotFound for an unknown business."""
    if not address.subdomain:
        return
    if address.prefix:
        set_script_prefix(address.prefix + "/")
    request.path_info, request.urlconf = address.path, address.urlconf
    request.business = enter_business(address.subdomain)
    if request.business is None:
        raise NotFound("There is no such business.")


def address_of(request: TenantRequest) -> Address:
    """Read an address: the business of the host, of `/b/{subdomain}/` or of the API's path.

    Raises NotFound for the API below `/b/{subdomain}/`.
    """
    path = request.path_info
    if match := API_BUSINESS.match(path):
        return Address(path, settings.ROOT_URLCONF, match["subdomain"])
    if subdomain := subdomain_of_host(request):
        return Address(path, BUSINESS_URLS, subdomain)
    if match := PAGE_BUSINESS.match(path):
        rest = match["rest"] or "/"
        # `is_api` goes by the path as it came, which begins with /b/: the session would count here, and with it any
        # link or form of another site that a logged-in person follows.
        if rest.startswith(API_PREFIX):
            raise NotFound()
        return Address(rest, BUSINESS_URLS, match["subdomain"], match["prefix"])
    return Address(path, settings.ROOT_URLCONF)


def subdomain_of_host(request: TenantRequest) -> str:
    """Return what stands before BASE_DOMAIN, '' for the base domain itself, www or a foreign host."""
    # get_host keeps the port; a trailing dot is the same host, written in full.
    host = request.get_host().rpartition(":")[0] if ":" in request.get_host() else request.get_host()
    label, found, rest = host.lower().removesuffix(".").rpartition(f".{settings.BASE_DOMAIN}")
    return label if found and not rest and label != "www" else ""


def _read_body(request: TenantRequest) -> None:
    """Read all of the body; raises Unavailable when slow senders keep too many threads waiting."""
    # An answer that leaves a body unread makes the server cut the connection, and a client never reads why it was
    # refused. For the slow senders that are turned away here the cut is what is wanted.
    if request.META.get("CONTENT_LENGTH") in ("", "0", None):
        return
    with readers.turn(client_address(request)):
        _ = request.body


def _request_id(request: TenantRequest) -> str:
    # It goes into the claims, the history and a header of the answer, so only a plain one is taken.
    given = request.headers.get("X-Request-ID", "")
    return given if REQUEST_ID.fullmatch(given) else uuid4().hex


def _busy(request: TenantRequest, error: RhivoError) -> HttpResponse:
    return problem(error) if is_api(request) else busy_page(request, error)


def _not_found(request: TenantRequest, missing: Exception) -> HttpResponse:
    if is_api(request):
        return problem(missing if isinstance(missing, RhivoError) else NotFound())
    # The page is rendered without a business: by the installation's URLs, and perhaps before any user was loaded.
    request.urlconf = settings.ROOT_URLCONF
    request.user = AnonymousUser()
    return page_not_found(request, missing)
