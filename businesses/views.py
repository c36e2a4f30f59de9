"""The installation's own pages: a directory of businesses, and where an invited person sets a password."""

from django.contrib.auth.forms import SetPasswordForm
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.cache import never_cache

from businesses.identity.invitations import InvitationOver, accept_invitation, invited_id, invited_user
from businesses.models import Business
from rhivo.claims import Claims, acting_as, current
from rhivo.clock import now


def directory(request: HttpRequest) -> HttpResponse:
    """List the businesses that want to be found, the first 200 by name."""
    return render(request, "directory.html", {"businesses": Business.objects.listed()[:200]})


@never_cache
def invitation(request: HttpRequest, token: str) -> HttpResponse:
    """Let an invited person set a password, under their own claims for as long as this takes."""
    # Nobody is logged in here: the signed token is what proves whose account it is. `never_cache`, because the address
    # is a key and the page names a person.
    try:
        with acting_as(Claims(user_id=invited_id(token), request_id=current().request_id)):
            return _set_password(request, token)
    except InvitationOver:
        return render(request, "accept_invitation.html", status=410)


def _set_password(request: HttpRequest, token: str) -> HttpResponse:
    user = invited_user(token)
    form = SetPasswordForm(user, request.POST or None)
    if not form.is_valid():
        return render(request, "accept_invitation.html", {"invited": user, "form": form})
    accept_invitation(token=token, password=form.cleaned_data["new_password1"], at=now())
    return render(request, "accept_invitation.html", {"invited": user, "done": True})
