"""What the database has already, as far as it decides whether a file is right."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from businesses.models import Service


@dataclass(frozen=True, slots=True)
class Known:
    """What a file must fit; the defaults are those of a new business.

    `services` are by slug, and `needs` are the kinds of resource that each of them uses. `resources` are the kinds of
    resource by slug.
    """

    exists: bool = False
    requires_email: bool = True
    requires_phone: bool = False
    staff: frozenset[str] = frozenset()
    services: Mapping[str, Service] = field(default_factory=dict)
    needs: Mapping[str, frozenset[str]] = field(default_factory=dict)
    resources: Mapping[str, str] = field(default_factory=dict)
