"""Writing a mail from a template's name and facts: subject, text and HTML, the customer's link, a calendar file."""

from datetime import datetime
from typing import Any
from uuid import UUID

from django.conf import settings
from django.core.mail import EmailMultiAlternatives
from django.template.loader import render_to_string

from businesses.identity.invitations import invitation_token
from businesses.models import User
from notifications.models import NotificationLog
from rhivo.tokens import guest_token


def write_mail(message: NotificationLog) -> EmailMultiAlternatives:
    """Return the mail, ready to send; its Message-ID is the same at every try."""
    facts = _facts(message)
    subject = render_to_string(f"notifications/{message.template}.subject.txt", facts).strip()
    mail = EmailMultiAlternatives(
        subject=" ".join(subject.split()),
        body=render_to_string(f"notifications/{message.template}.txt", facts),
        to=[message.recipient],
        headers={"Message-ID": f"<{message.id}@{settings.BASE_DOMAIN}>"},
    )
    mail.attach_alternative(render_to_string(f"notifications/{message.template}.html", facts), "text/html")
    return mail


def _facts(message: NotificationLog) -> dict[str, Any]:
    facts: dict[str, Any] = {"locale": message.locale} | message.context
    for name in ("start", "end"):
        if name in facts:
            facts[name] = datetime.fromisoformat(facts[name])
    if "invitation_of" in facts:
        return facts | {"invitation_url": _invitation_url(facts["invitation_of"])}
    return facts | {"manage_url": _manage_url(facts)}


def _invitation_url(user_id: str) -> str:
    """Return the link by which an invited person sets a password; for an account that is gone the front page."""
    user = User.objects.filter(pk=user_id).first()
    return f"{settings.PUBLIC_URL}/invitation/{invitation_token(user)}/" if user else f"{settings.PUBLIC_URL}/"


def _manage_url(facts: dict[str, Any]) -> str:
    """Return the link by which the customer sees, reschedules or cancels; the token in it is derived only now."""
    home = f"{settings.PUBLIC_URL}/b/{facts['business']['subdomain']}"
    if facts.get("manage_token_of"):
        return f"{home}/manage/{guest_token(UUID(facts['manage_token_of']))}/"
    return f"{home}/my/"
