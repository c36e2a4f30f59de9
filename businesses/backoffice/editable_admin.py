"""The base classes of pages that edit: what the database refuses to save becomes an error of the form."""

from typing import Any
from urllib.parse import urlencode

from django.contrib import messages
from django.db import IntegrityError, transaction
from django.db.models import Model
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse

from businesses.backoffice.bounded_admin import BoundedAdmin
from businesses.backoffice.form_fields import OwnForm, VersionedForm
from rhivo.db.constraints import domain_error
from rhivo.errors import Conflict


class OwnAdmin(BoundedAdmin):
    """Edits rows of the business of the claims."""

    form = OwnForm
    warn_unsaved_form = True
    viewed_fieldsets: Any = ()

    def get_form(
        self, request: HttpRequest, obj: Model | None = None, change: bool = False, **kwargs: Any
    ) -> type[OwnForm]:
        form: type[OwnForm] = super().get_form(request, obj, change, **kwargs)
        # ModelAdmin makes a new class for every request, so this reaches no other request's form.
        form.refusal = getattr(request, "refusal", None)
        return form

    def get_fieldsets(self, request: HttpRequest, obj: Model | None = None) -> Any:
        """Return the form's fieldsets, or `viewed_fieldsets` to people who may only look."""
        only_looks = obj is not None and not self.has_change_permission(request, obj)
        return self.viewed_fieldsets if only_looks and self.viewed_fieldsets else super().get_fieldsets(request, obj)

    def history_view(self, request: HttpRequest, object_id: str, extra_context: Any = None) -> HttpResponse:
        """Redirect to the entries of the history about this row."""
        # The admin's own log knows only what was done in the admin.
        if self.get_object(request, object_id) is None:
            raise Http404
        return HttpResponseRedirect(f"{reverse('admin:audit_auditlog_changelist')}?{urlencode({'q': object_id})}")

    def changeform_view(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        """Show or save. What the database refuses is undone, and the form comes again with its reason."""
        # A row may pass the form's checks and be refused when it is written, by a trigger or because of a newer save:
        # 1. the savepoint undoes all that was written, the row and what stands inline;
        # 2. the refusal is kept on the request, where get_form finds it;
        # 3. the same POST runs once more, and the form fails with the refusal before anything is written.
        try:
            with transaction.atomic():
                return super().changeform_view(request, *args, **kwargs)
        except IntegrityError as error:
            taken = Conflict("This contradicts what somebody else has just saved: open the page again and compare.")
            request.refusal = domain_error(error) or taken  # type: ignore[attr-defined]
        return super().changeform_view(request, *args, **kwargs)


class VersionedAdmin(OwnAdmin):
    """Saves over the version that was shown; the page carries it in a hidden field."""

    form = VersionedForm
    change_form_before_template = "admin/_version.html"


class KeptAdmin(VersionedAdmin):
    """Rows that bookings refer to: these are switched off instead of deleted."""

    def get_deleted_objects(self, objs: Any, request: HttpRequest) -> tuple[Any, Any, Any, list[str]]:
        found, counts, lacking, protected = super().get_deleted_objects(objs, request)
        # Django would list each booking, and every permission that is lacking to delete it.
        if protected:
            return found, counts, set(), [self.kept_because(len(protected))]
        return found, counts, lacking, []

    def delete_view(self, request: HttpRequest, object_id: str, extra_context: Any = None) -> HttpResponse:
        """Delete a row that no booking refers to."""
        # Django looks for bookings first and deletes then. Only the foreign key notices one that is made in between.
        try:
            with transaction.atomic():
                return super().delete_view(request, object_id, extra_context)
        except IntegrityError:
            messages.error(request, self.kept_because(1))
        name = f"admin:{self.opts.app_label}_{self.opts.model_name}_change"
        return HttpResponseRedirect(reverse(name, args=[object_id]))

    def kept_because(self, count: int) -> str:
        """Return why it cannot be deleted, and what to do instead."""
        times = "a booking refers" if count == 1 else f"{count} bookings refer"
        return f"{times.capitalize()} to it. Untick “active” instead: then nobody can book it; what is booked stays."
