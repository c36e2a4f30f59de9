"""Who is acting, and for which business: the facts by which row-level security decides.

Claims live in a context variable. The database backend sends them with every BEGIN as transaction-local settings
(`rhivo.business_id` and so on). So they are never forgotten and never outlive their transaction, also behind a pooler.
`businesses.middleware` decides which claims a request gets.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import asdict, dataclass, replace
from typing import Any, Literal
from uuid import UUID

from django.db import connection
from psycopg.pq import TransactionStatus

Role = Literal["", "customer", "staff", "owner"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Claims:
    """What a visitor, person, task or operator has proved. The default claims nothing and sees public rows only.

    `cancellation_token` is the SHA-256 of a guest's token in hex, `reservation_id` the hold that a visitor presents,
    `request_id` the name of this request in the history.
    """

    business_id: UUID | None = None
    user_id: UUID | None = None
    role: Role = ""
    cancellation_token: str = ""
    reservation_id: UUID | None = None
    request_id: str = ""

    @property
    def works_here(self) -> bool:
        """Whether these are the claims of the business's own staff or owner."""
        return self.business_id is not None and self.role in ("staff", "owner")

    @property
    def owns(self) -> bool:
        """Whether these are the claims of the business's owner."""
        return self.business_id is not None and self.role == "owner"

    def with_(self, **changes: Any) -> "Claims":
        """Return these claims with some of them replaced."""
        return replace(self, **changes)


PUBLIC = Claims()
_current: ContextVar[Claims] = ContextVar("rhivo_claims", default=PUBLIC)


def current() -> Claims:
    """Return the claims in force."""
    return _current.get()


def settings_of(claims: Claims) -> dict[str, str]:
    """Return every transaction-local setting with its value, '' where nothing is claimed."""
    # All of them, each time: one that is left out would keep the value of an earlier claim in the same transaction. In
    # SQL '' counts as none, since PostgreSQL resets a local setting to '' and not to NULL.
    return {f"rhivo.{key}": str(value or "") for key, value in asdict(claims).items()}


def assume(claims: Claims) -> None:
    """Put claims in force until the enclosing `acting_as` ends.

    Call it inside one: the end of a transaction does not reset them.
    """
    _current.set(claims)
    _announce()


def note(claims: Claims) -> None:
    """Put claims in force that a statement has set in the database already; nothing is sent."""
    _current.set(claims)


@contextmanager
def acting_as(claims: Claims) -> Iterator[Claims]:
    """Put claims in force for a block, inside a transaction or around one; the former ones come back after it."""
    token = _current.set(claims)
    try:
        _announce()
        yield claims
    finally:
        # Also after an error: this thread serves somebody else next.
        _current.reset(token)
        _announce()


def _announce() -> None:
    """Send the claims to the transaction under way, if there is one; otherwise the next BEGIN carries them."""
    # A failed transaction refuses every statement but ROLLBACK. `needs_rollback` is what Django knows; the status is
    # what the server said, where an error was caught before Django saw it.
    failed = connection.needs_rollback or (
        connection.connection is not None and connection.connection.info.transaction_status == TransactionStatus.INERROR
    )
    if connection.in_atomic_block and not failed:
        connection.cursor().execute(set_config_sql(_current.get()))


def set_config_sql(claims: Claims) -> str:
    """Return the SELECT that puts claims into the present transaction, values quoted as SQL literals."""
    # Literals, because the backend sends this in one message with BEGIN, and a message of several statements takes no
    # parameters.
    calls = (f"set_config('{name}', '{_quoted(value)}', true)" for name, value in settings_of(claims).items())
    return f"SELECT {', '.join(calls)}"


def _quoted(value: str) -> str:
    # A backslash is harmless only while standard_conforming_strings is on, and NUL ends a message of the protocol. No
    # claim needs either.
    if "\\" in value or "\0" in value:
        raise ValueError("a claim holds neither backslash nor NUL")
    return value.replace("'", "''")
