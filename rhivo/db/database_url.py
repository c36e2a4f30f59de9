"""URLs of PostgreSQL databases, read and rewritten by libpq's own rules. A server may be a host or a Unix socket."""

from typing import Any
from urllib.parse import quote, urlencode

from psycopg import conninfo


def parts_of(url: str) -> dict[str, str]:
    """Return a URL's parameters by libpq's names (`host`, `port`, `user`, `password`, `dbname`, …), without defaults.

    Raises psycopg.ProgrammingError for what libpq cannot read.
    """
    return {name: str(value) for name, value in conninfo.conninfo_to_dict(url).items() if value not in (None, "")}


def rewritten(url: str, **changes: str | int) -> str:
    """Return a URL with some of its parameters replaced, readable by libpq and by Django's settings alike.

    What is not one plain host (a socket's folder, several hosts) goes into the query.
    """
    # Not by urllib.parse: `urlunsplit` drops the empty host of `postgresql:///db?host=/run/postgresql`.
    parts = parts_of(url) | {name: str(value) for name, value in changes.items()}
    user, password, database = (parts.pop(name, "") for name in ("user", "password", "dbname"))
    login = quote(user, safe="") + (f":{quote(password, safe='')}" if password else "")
    # A comma stands between several hosts, a slash opens a socket's folder, an @ an abstract socket.
    server = ""
    if not any(mark in parts.get("host", "") for mark in "/,@"):
        host, port = parts.pop("host", ""), parts.pop("port", "")
        server = (f"[{host}]" if ":" in host else quote(host)) + (f":{port}" if port else "")
    query = f"?{urlencode(parts, quote_via=quote)}" if parts else ""
    return f"postgresql://{login}{'@' if login else ''}{server}/{quote(database, safe='')}{query}"


def django_settings(url: str) -> dict[str, Any]:
    """Return what Django's DATABASES calls a URL's parameters; those that it has no name for are OPTIONS."""
    parts = parts_of(url)
    names = {"dbname": "NAME", "user": "USER", "password": "PASSWORD", "host": "HOST", "port": "PORT"}
    named = {django: parts.pop(libpq, "") for libpq, django in names.items()}
    return named | {"OPTIONS": parts}
