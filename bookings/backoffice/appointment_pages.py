"""Appointments in the back office. They are changed by actions alone, and these go through the operations."""

from datetime import datetime
from typing import Any

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from unfold.enums import ActionVariant

from bookings import operations
from bookings.backoffice.appointment_actions import (
    CANCEL,
    COMPLETE,
    NO_SHOW,
    RESCHEDULE,
    AppointmentAction,
    how_notified,
    mark_each,
    phone_link,
)
from bookings.backoffice.booking_forms import BookForm, RescheduleForm, SlotFields
from bookings.backoffice.date_filter import DateFilter
from bookings.backoffice.explain_page import explained
from bookings.backoffice.free_times import free_times
from bookings.backoffice.history_entries import entries_in_words, latest_lines
from bookings.backoffice.resource_choice import what_is_booked, with_resource_names
from bookings.contact import Contact, answers_as_asked
from bookings.history.snapshots import history_of
from bookings.models import Appointment, Status
from bookings.operations.reschedule import Keep
from businesses.backoffice.admin_site import workplace
from businesses.backoffice.typed_decorators import action, display
from businesses.backoffice.view_only_admin import ViewOnlyAdmin
from businesses.models import Resource
from businesses.money import price_text
from rhivo.clock import now
from rhivo.errors import RhivoError
from rhivo.text.local_time import local_time

MOST = 200  # entries on the page of an appointment's history

COLOURS = {
    Status.CONFIRMED: "primary",
    Status.CANCELED: "danger",
    Status.COMPLETED: "success",
    Status.NO_SHOW: "warning",
}
ACTIONS = {"reschedule": RESCHEDULE, "cancel": CANCEL, "complete": COMPLETE, "no_show": NO_SHOW}


@admin.register(Appointment)
class AppointmentAdmin(ViewOnlyAdmin):
    list_display = ("reference", "when", "what", "staff", "uses", "who", "phone", "state")
    list_display_links = ("reference", "when")
    list_filter = (DateFilter, "status", "staff", "service")
    list_per_page = 50
    search_fields = ("reference", "customer_name", "customer_email", "customer_phone")
    search_help_text = "Search by reference, name, email or phone."
    # The full count would read every appointment of the business for one number.
    show_full_result_count = False
    actions = ("complete_selected", "no_show_selected")
    actions_list = ("explain",)
    actions_detail = ("reschedule", "complete", "no_show", "cancel")
    fieldsets = (
        ("Appointment", {"fields": (("reference", "status"), ("when", "until"), ("what", "staff"), "price")}),
        ("Customer", {"fields": ("customer_name", ("customer_email", "phone"), "notes", "answered")}),
        ("Terms", {"fields": (("may_cancel", "may_reschedule"), ("set_aside", "booked"))}),
        ("History", {"fields": ("history",)}),
    )
    readonly_fields = (
        *("when", "what", "until", "uses", "phone", "price", "answered"),
        *("may_cancel", "may_reschedule", "set_aside", "booked", "history"),
    )

    def has_add_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("bookings.add_appointment")

    def has_act_permission(self, request: HttpRequest, object_id: str | None = None) -> bool:
        """Whether the role in force may do something to appointments."""
        return request.user.has_perm("bookings.change_appointment")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Appointment]:
        rows: QuerySet[Appointment] = super().get_queryset(request)
        return with_resource_names(rows.select_related("staff"))

    def get_list_display(self, request: HttpRequest) -> tuple[str, ...]:
        """Return the columns; that of the resources only where there are any."""
        has_any = Resource.objects.filter(business=workplace(request)).exists()
        return tuple(name for name in self.list_display if has_any or name != "uses")

    def get_fieldsets(self, request: HttpRequest, obj: Appointment | None = None) -> Any:
        """Return what the page shows; resources only of a booking that uses some."""
        (title, first), *others = self.fieldsets
        more = ("uses",) if obj is not None and obj.resource_ids else ()
        return [(title, first | {"fields": (*first["fields"], *more)}), *others]

    def get_object(self, request: HttpRequest, object_id: str, from_field: str | None = None) -> Appointment | None:
        """Return an appointment, loaded once a request."""
        # The page asks for it, and so do its buttons and the form of an action.
        known: dict[str, Appointment | None] = request.__dict__.setdefault("appointments", {})
        if object_id not in known:
            known[object_id] = found = super().get_object(request, object_id, from_field)
            if found is not None:
                # Prices, answers and forms read it; it is loaded already.
                found.business = workplace(request)
        return known[object_id]

    def get_ordering(self, request: HttpRequest) -> tuple[str, ...]:
        return ("-starts_at", "-id") if request.GET.get("when") == "past" else ("starts_at", "id")

    def get_actions_detail(self, request: HttpRequest, object_id: str) -> list[Any]:
        """Offer what the appointment's status and the present allow."""
        appointment = self.get_object(request, object_id)
        at = now()
        legal = {name for name, each in ACTIONS.items() if appointment is not None and each.is_legal(appointment, at)}
        # Unfold filters by permission, and names its buttons by app and model: the method's own name is kept besides.
        offered = super().get_actions_detail(request, object_id)
        return [button for button in offered if button.method.original_function_name in legal]

    def history_view(self, request: HttpRequest, object_id: str, extra_context: Any = None) -> HttpResponse:
        """Show all that happened to one appointment, the oldest first; of a very long history the latest part."""
        appointment = self.get_object(request, object_id)
        if appointment is None:
            raise Http404
        # One entry more than is shown says whether there are more, without a count.
        latest = list(history_of(appointment).order_by("-id")[: MOST + 1])
        context = {
            **self.admin_site.each_context(request),
            "title": f"History of {appointment.reference}",
            "opts": self.opts,
            "appointment": appointment,
            "entries": entries_in_words(latest[:MOST][::-1], request),
            "is_longer": len(latest) > MOST,
        }
        return TemplateResponse(request, "admin/bookings/appointment/history.html", context)

    @action(description="Why is a time not free?", icon="help", permissions=["view"], url_path="why")
    def explain(self, request: HttpRequest) -> HttpResponse:
        """Show why a time is or was not free."""
        context = self.admin_site.each_context(request) | {"opts": self.opts} | explained(request)
        return TemplateResponse(request, "admin/bookings/appointment/explain.html", context)

    # Actions

    @action(description="Reschedule", icon="event_repeat", permissions=["act"])
    def reschedule(self, request: HttpRequest, object_id: str) -> HttpResponse:
        return self._act(request, object_id, RESCHEDULE)

    @action(description="Completed", icon="check", permissions=["act"], variant=ActionVariant.SUCCESS)
    def complete(self, request: HttpRequest, object_id: str) -> HttpResponse:
        return self._act(request, object_id, COMPLETE)

    @action(description="No-show", icon="person_off", permissions=["act"])
    def no_show(self, request: HttpRequest, object_id: str) -> HttpResponse:
        return self._act(request, object_id, NO_SHOW)

    @action(description="Cancel", icon="close", permissions=["act"], variant=ActionVariant.DANGER)
    def cancel(self, request: HttpRequest, object_id: str) -> HttpResponse:
        return self._act(request, object_id, CANCEL)

    def _act(self, request: HttpRequest, object_id: str, action: AppointmentAction) -> HttpResponse:
        """Show an action's form, or do it and go back to the appointment."""
        appointment = self.get_object(request, object_id)
        if appointment is None:
            raise Http404
        more = {"business": workplace(request)} if issubclass(action.form, RescheduleForm) else {}
        form = action.form(request.POST or None, appointment=appointment, **more)
        looked: list[datetime] = []
        if isinstance(form, RescheduleForm) and form.is_choosing:
            looked = self._looked_up(request, form, rescheduling=appointment)
            # A form without data complains of nothing: what is missing may still be typed.
            form = RescheduleForm(initial=form.typed(), appointment=appointment, **more)
        elif form.is_bound and form.is_valid():
            try:
                after = action.perform(appointment, form, now())
            except RhivoError as refusal:
                form.refuse(refusal)
            else:
                _say_done(request, action, appointment, after)
                return HttpResponseRedirect(self._page(appointment))
        context = {"appointment": appointment, "when": local_time(appointment.starts_at), "looked": looked}
        return self._form_page(request, f"{action.title} {appointment.reference}", form, action.button, context)

    def add_view(self, request: HttpRequest, form_url: str = "", extra_context: Any = None) -> HttpResponse:
        """Book for a customer; the form's key makes a second press of the button book nothing more."""
        if not self.has_add_permission(request):
            raise PermissionDenied
        business = workplace(request)
        form = BookForm(request.POST or None, business=business)
        looked: list[datetime] = []
        if form.is_choosing:
            looked = self._looked_up(request, form)
            form = BookForm(initial=form.typed(), business=business)
        elif form.is_bound and form.is_valid():
            try:
                booked = _book(request, form)
            except RhivoError as refusal:
                form.refuse(refusal)
            else:
                reference = booked.appointment.reference
                if booked.created:
                    messages.success(
                        request, format_html("Booked: {}. {}", reference, how_notified(booked.appointment))
                    )
                else:
                    messages.info(request, f"Was booked already: {reference}.")
                return HttpResponseRedirect(self._page(booked.appointment))
        return self._form_page(request, "Book for a customer", form, "Book", {"looked": looked})

    def _looked_up(
        self, request: HttpRequest, form: SlotFields, rescheduling: Appointment | None = None
    ) -> list[datetime]:
        """Return the free times for what was typed so far; none when a time was taken into the form."""
        # Only for cleaned_data: whatever else is missing or wrong does not matter yet.
        form.is_valid()
        if "look" not in request.POST:
            return []
        service, day = form.cleaned_data.get("service"), form.cleaned_data.get("day")
        if not service or not day:
            messages.warning(request, "Choose a service and a day first.")
            return []
        staff = form.staff_wanted if isinstance(form, RescheduleForm) else form.cleaned_data.get("staff")
        # The person is kept where they do the service that was chosen, as the operation does it.
        if isinstance(staff, Keep):
            staff = (
                rescheduling.staff
                if rescheduling and service.assignments.filter(staff=rescheduling.staff).exists()
                else None
            )
        found = free_times(
            workplace(request),
            service,
            day,
            at=now(),
            staff=staff,
            rescheduling=rescheduling,
            places=form.places_wanted,
            resources=form.resources,
        )
        if not found:
            messages.warning(request, "Nothing is free within a week of that day.")
        return found

    def _form_page(
        self, request: HttpRequest, title: str, form: Any, button: str, context: dict[str, Any]
    ) -> HttpResponse:
        return TemplateResponse(
            request,
            "admin/bookings/appointment/action_form.html",
            {
                **self.admin_site.each_context(request),
                "title": title,
                "opts": self.opts,
                "form": form,
                "button": button,
                "has_start": isinstance(form, SlotFields),
                **context,
            },
        )

    def _page(self, appointment: Appointment) -> str:
        return reverse("admin:bookings_appointment_change", args=[appointment.pk])

    # Many at once

    @admin.action(description="Completed", permissions=["act"])
    def complete_selected(self, request: HttpRequest, queryset: QuerySet[Appointment]) -> None:
        mark_each(request, queryset, operations.complete_appointment, "completed")

    @admin.action(description="No-show", permissions=["act"])
    def no_show_selected(self, request: HttpRequest, queryset: QuerySet[Appointment]) -> None:
        mark_each(request, queryset, operations.mark_no_show, "no-show")

    # What is shown

    @display(description="When", ordering="starts_at")
    def when(self, appointment: Appointment) -> str:
        return local_time(appointment.starts_at)

    @display(description="Service", ordering="service_name")
    def what(self, appointment: Appointment) -> str:
        return what_is_booked(appointment)

    @display(description="Resources")
    def uses(self, appointment: Any) -> str:
        return ", ".join(appointment.resource_names) or "–"

    @display(description="Customer", ordering="customer_name")
    def who(self, appointment: Appointment) -> str:
        return appointment.customer_name

    @display(description="Until")
    def until(self, appointment: Appointment) -> str:
        return local_time(appointment.ends_at)

    @display(description="Status", ordering="status", label=COLOURS)
    def state(self, appointment: Appointment) -> tuple[str, str]:
        return appointment.status, appointment.get_status_display()

    @display(description="Phone", ordering="customer_phone")
    def phone(self, appointment: Appointment) -> SafeString | str:
        return phone_link(appointment.customer_phone) or "–"

    @display(description="Price")
    def price(self, appointment: Appointment) -> str:
        return price_text(appointment.price_cents, appointment.currency, appointment.business.locale)

    @display(description="Answers")
    def answered(self, appointment: Appointment) -> SafeString | str:
        answers = answers_as_asked(appointment.business, appointment.answers)
        rows = ((label, "yes" if value is True else value) for label, value in answers)
        return format_html_join("", "<div>{}: {}</div>", rows) or "–"

    @display(description="The customer may cancel")
    def may_cancel(self, appointment: Appointment) -> str:
        until = appointment.cancel_until
        return f"until {local_time(until)}" if until else "no"

    @display(description="The customer may reschedule")
    def may_reschedule(self, appointment: Appointment) -> str:
        until = appointment.reschedule_until
        return f"until {local_time(until)}" if until else "no"

    @display(description="Rules set aside by staff")
    def set_aside(self, appointment: Appointment) -> str:
        return ", ".join(name.replace("_", " ") for name in appointment.overrides) or "none"

    @display(description="Booked")
    def booked(self, appointment: Appointment) -> str:
        return local_time(appointment.created_at)

    @display(description="What happened")
    def history(self, appointment: Appointment) -> SafeString | str:
        # Unfold's template asks for a field six times: the queries are made once.
        lines: SafeString | str | None = getattr(appointment, "history_lines", None)
        if lines is None:
            lines = latest_lines(appointment)
            appointment.history_lines = lines  # type: ignore[attr-defined]
        return lines


def _say_done(request: HttpRequest, action: AppointmentAction, before: Appointment, after: Appointment) -> None:
    """Say what came of an action. One that found everything as it should be changed nothing and notified nobody."""
    # The operation returned the row as it was, without a new version: somebody else, or a first press, did it before.
    if after.version == before.version:
        messages.info(request, f"{after.reference}: Nothing changed, it is so already.")
    else:
        messages.success(request, format_html("{}: {}", after.reference, action.done(after)))


def _book(request: HttpRequest, form: BookForm) -> operations.Booked:
    typed = form.cleaned_data
    return operations.book_for_customer(
        business=workplace(request),
        service=typed["service"],
        staff=typed["staff"],
        places=form.places_wanted,
        resources=form.resources,
        start=form.start,
        contact=Contact(typed["name"], typed["email"], typed["phone"]),
        notes=typed["notes"],
        overrides=form.overrides,
        key=typed["key"],
        at=now(),
    )
