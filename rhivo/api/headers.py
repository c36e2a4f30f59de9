"""The two request headers that make writes safe: Idempotency-Key and If-Match."""

import re

from rest_framework.request import Request

from rhivo.errors import Malformed, VersionRequired

# Eight at least, because a key that two visitors choose by chance makes one of them fail; the column takes 128.
KEY = re.compile(r"[\x20-\x7e]{8,128}")
# Proxies that compress an answer make its ETag weak, by `W/` before it. Nine digits fit the column.
VERSION_TAG = re.compile(r'(?:W/)?"(\d{1,9})"')


def idempotency_key(request: Request) -> str:
    """Return the key of a creating request; raises Malformed without a good one."""
    key = request.headers.get("Idempotency-Key", "")
    if not KEY.fullmatch(key):
        raise Malformed(
            "Send an Idempotency-Key header of 8 to 128 printable characters, a new one for each new thing.",
            errors={"Idempotency-Key": ["8 to 128 printable characters are required."]},
        )
    return key


def version_read(request: Request) -> int:
    """Return the version in If-Match; raises VersionRequired without one, Malformed for what is no version."""
    given = request.headers.get("If-Match")
    if given is None:
        raise VersionRequired()
    match = VERSION_TAG.fullmatch(given.strip())
    if match is None:
        raise Malformed(errors={"If-Match": ['Send the ETag you read, such as "3".']})
    return int(match[1])


def etag(version: int) -> str:
    """Return the ETag of a version."""
    return f'"{version}"'
