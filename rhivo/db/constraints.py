"""One place where a constraint's name becomes a domain error.

Apps register what their constraints mean when they load; `refusals` translates around a write.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import psycopg
from django.db import DatabaseError

from rhivo.db.doubt import CommitInDoubt
from rhivo.errors import OutcomeUnknown, RhivoError, Unavailable

_meanings: dict[str, Callable[[], RhivoError]] = {}

RETRYABLE = (psycopg.errors.DeadlockDetected, psycopg.errors.SerializationFailure)
# Nothing is wrong with the request, only with the moment: a lock timeout, a statement timeout, a standby that was asked
# to write, a disk that is full or fails.
BUSY = (
    psycopg.errors.LockNotAvailable,
    psycopg.errors.QueryCanceled,
    psycopg.errors.ReadOnlySqlTransaction,
    psycopg.errors.IoError,
)
# By class of SQLSTATE: connections, resources (disk, memory, connections), operators; and a transaction left idle.
_AWAY = ("08", "53", "57P", "25P03", "25P04")


def means(constraint: str, error: Callable[[], RhivoError]) -> None:
    """Declare what a violation of a named constraint says to the caller."""
    _meanings[constraint] = error


def constraint_of(error: DatabaseError) -> str | None:
    """Return the name of the constraint that was violated, if it was one."""
    cause = error.__cause__
    return cause.diag.constraint_name if isinstance(cause, psycopg.Error) else None


def domain_error(error: DatabaseError) -> RhivoError | None:
    """Return the domain error that a database error stands for, or None if it is a bug of ours."""
    cause = error.__cause__
    # Asked first: after a commit in doubt the next error looks like a plain lost connection, which is answered with
    # "nothing was changed".
    if _in_doubt(error):
        return OutcomeUnknown()
    if isinstance(cause, (*RETRYABLE, *BUSY)) or _away(cause):
        return Unavailable()
    meaning = _meanings.get(constraint_of(error) or "")
    return meaning() if meaning else None


def _in_doubt(error: BaseException | None) -> bool:
    """Tell whether a commit in doubt is behind an error."""
    # By __context__, not __cause__: Django rolls back or connects anew after the failed COMMIT, and that may fail too.
    while error is not None and not isinstance(error, CommitInDoubt):
        error = error.__context__
    return error is not None


def _away(cause: BaseException | None) -> bool:
    """Tell whether the server is not there, not ready or not able; without SQLSTATE the connection is what failed."""
    if not isinstance(cause, psycopg.Error):
        return False
    return cause.sqlstate.startswith(_AWAY) if cause.sqlstate else isinstance(cause, psycopg.OperationalError)


@contextmanager
def refusals() -> Iterator[None]:
    """Turn the refusal of a write inside the block into its domain error; let deadlocks pass, to be retried."""
    try:
        yield
    except DatabaseError as error:
        known = None if isinstance(error.__cause__, RETRYABLE) else domain_error(error)
        if known is None:
            raise
        raise known from error
