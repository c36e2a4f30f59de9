"""The texts of a message: its facts, the customer's link, and a template of each kind. Knows no channel."""

from datetime import datetime
from typing import Any
from uuid import UUID

from django.conf import settings
from django.template.loader import render_to_string

from businesses.identity.invitations import invitation_token
from businesses.models import User
from notifications.models import NotificationLog
from rhivo.tokens import guest_token


class MessageTexts:
    """What a message says, made from the templates `notifications/<template>.<kind>`."""

    def __init__(self, message: NotificationLog) -> None:
        self._template = message.template
        self.facts = _facts(message)

    def render(self, kind: str) -> str:
        """Return the text of one kind: txt, html, subject.txt. Raises TemplateDoesNotExist if there is none."""
        return render_to_string(f"notifications/{self._template}.{kind}", self.facts)

    def one_line(self, kind: str) -> str:
        """Return the text of one kind without line breaks, which would end a mail's header and begin another."""
        return " ".join(self.render(kind).split())


def _facts(message: NotificationLog) -> dict[str, Any]:
    facts: dict[str, Any] = {"locale": message.locale} | message.context
    # JSON has no instants. They keep the offset of the business's zone, in which the templates show them.
    for name in ("start", "end"):
        if name in facts:
            facts[name] = datetime.fromisoformat(facts[name])
    if "invitation_of" in facts:
        return facts | {"invitation_url": _invitation_url(facts["invitation_of"])}
    return facts | {"manage_url": _manage_url(facts)}


def _invitation_url(user_id: str) -> str:
    """Return the link by which an invited person sets a password; the front page if the account is gone."""
    user = User.objects.filter(pk=user_id).first()
    return f"{settings.PUBLIC_URL}/invitation/{invitation_token(user)}/" if user else f"{settings.PUBLIC_URL}/"


def _manage_url(facts: dict[str, Any]) -> str:
    """Return the link by which the customer sees, reschedules or cancels."""
    home = f"{settings.PUBLIC_URL}/b/{facts['business']['subdomain']}"
    if facts.get("manage_token_of"):
        # Derived only now: who reads the outbox or a backup of it finds no token there.
        return f"{home}/manage/{guest_token(UUID(facts['manage_token_of']))}/"
    return f"{home}/my/"
