"""The back office's door, and the catalogue behind it: who comes in, what they see, and what a save refuses."""

from typing import Any
from uuid import uuid4

import pytest
from django.test import Client
from django.urls import reverse

from businesses.backoffice.form_fields import ClockField, PriceField
from businesses.models import Availability, Service, User
from businesses.tests.back_office_forms import Pages, form_of, shown
from rhivo.claims import acting_as
from rhivo.testing.builder import Shop
from rhivo.testing.database import as_role
from rhivo.testing.factories import PASSWORD, CategoryFactory, MembershipFactory

LISTS = [
    "bookings_appointment",
    "businesses_service",
    "businesses_category",
    "businesses_resource",
    "businesses_staff",
    "businesses_availability",
    "notifications_notificationlog",
    "audit_auditlog",
]


def log_in(client: Client, user: User, password: str = PASSWORD) -> Any:
    return client.post("/admin/login/?next=/admin/", {"username": user.email, "password": password})


def works_at(shop: Shop, user: User, role: str) -> None:
    with shop.changes():
        MembershipFactory.create(business=shop.business, user=user, role=role)


# The door


def test_an_owner_logs_in_by_email_and_sees_the_business_name(shop: Shop, client: Client) -> None:
    assert log_in(client, shop.owner).headers["Location"] == "/admin/"
    assert shop.business.name in shown(client.get("/admin/"))


def test_a_wrong_password_and_an_unknown_email_get_the_same_answer(shop: Shop, client: Client) -> None:
    wrong = log_in(client, shop.owner, "not this")
    unknown = log_in(client, User(email="nobody@example.com"))
    assert wrong.context["form"].non_field_errors() == unknown.context["form"].non_field_errors()
    assert "Email or password is wrong." in shown(wrong)


def test_a_customer_is_told_that_the_back_office_is_not_for_them(shop: Shop, client: Client) -> None:
    assert "customer’s account" in shown(log_in(client, shop.customer)).replace("&#x27;", "’")
    assert client.get("/admin/").status_code == 302


def test_an_unverified_owner_is_asked_to_confirm_the_address_first(shop: Shop, client: Client) -> None:
    with as_role("worker"):
        newcomer = User.objects.create_user(f"{uuid4().hex}@example.com", PASSWORD, name="New")
    works_at(shop, newcomer, "owner")
    assert "Confirm your email address first" in shown(log_in(client, newcomer))
    client.force_login(newcomer)
    assert client.get("/admin/").status_code == 302


def test_an_owner_of_elsewhere_is_refused_at_a_business_s_own_address(
    shop: Shop, other_shop: Shop, client: Client
) -> None:
    address = f"/b/{shop.business.subdomain}/admin/login/"
    refused = client.post(address, {"username": other_shop.owner.email, "password": PASSWORD})
    assert "You do not work at Shop" in shown(refused)


def test_log_ins_are_counted(shop: Shop, client: Client, settings: Any) -> None:
    settings.THROTTLE = True
    answers = [log_in(client, shop.owner, "guess") for _ in range(45)]
    assert "Too many attempts" in shown(answers[-1])


def test_a_customer_s_session_opens_no_page(shop: Shop, pages: Pages) -> None:
    customer = pages(shop.customer)
    for name in LISTS:
        assert customer.get(reverse(f"admin:{name}_changelist")).status_code == 302
    assert "customer" in shown(customer.get("/admin/login/?next=/admin/"))


def test_people_change_their_own_password(shop: Shop, pages: Pages) -> None:
    browser = pages(shop.employee)
    new = "quite-another-1234"
    sent = {"old_password": PASSWORD, "new_password1": new, "new_password2": new}
    assert browser.post(reverse("admin:password_change"), sent).status_code == 302
    assert browser.get("/admin/").status_code == 200
    assert log_in(Client(HTTP_HOST="localhost"), shop.employee, new).status_code == 302


# Several businesses


def test_a_person_with_two_businesses_switches_between_them(shop: Shop, other_shop: Shop, pages: Pages) -> None:
    works_at(other_shop, shop.owner, "staff")
    browser = pages(shop.owner)
    switch = reverse("admin:switch_business")
    assert "Other shop" in shown(browser.get(switch))
    browser.post(switch, {"business": str(other_shop.business.id)})
    assert "Other shop" in shown(browser.get("/admin/"))


def test_nobody_switches_to_where_they_do_not_work(shop: Shop, other_shop: Shop, pages: Pages) -> None:
    browser = pages(shop.owner)
    answer = browser.post(reverse("admin:switch_business"), {"business": str(other_shop.business.id)})
    assert answer.status_code == 404
    assert "business_id" not in browser.session


def test_a_choice_of_a_business_left_since_is_forgotten(shop: Shop, other_shop: Shop, pages: Pages) -> None:
    browser = pages(shop.owner)
    session = browser.session
    session["business_id"] = str(other_shop.business.id)
    session.save()
    assert "Today" in shown(browser.get("/admin/", follow=True))


# Who sees what


@pytest.mark.parametrize("name", LISTS)
def test_owner_and_staff_open_every_list_and_search_in_it(name: str, shop: Shop, pages: Pages) -> None:
    shop.book(shop.at("10:00"), shop.service(staff=["anna"]))
    for person in (shop.owner, shop.employee):
        browser = pages(person)
        page = reverse(f"admin:{name}_changelist")
        assert browser.get(page).status_code == 200
        for text in ("a b", str(uuid4()), "%'\\", "ü"):
            assert browser.get(page, {"q": text}).status_code == 200


@pytest.mark.parametrize("name", ["service", "category", "resource", "staff", "availability"])
def test_staff_look_on_where_the_owner_edits(name: str, shop: Shop, pages: Pages) -> None:
    owner, employee = pages(shop.owner), pages(shop.employee)
    add = reverse(f"admin:businesses_{name}_add")
    assert owner.get(add).status_code == 200
    assert owner.get(add, {"_popup": "1"}).status_code == 200
    assert employee.get(add).status_code == 403


def test_a_mistyped_address_leads_nowhere(shop: Shop, pages: Pages) -> None:
    browser = pages(shop.owner)
    for name in LISTS:
        for wrong in ("no-id", "99999999999999999999999", str(uuid4())):
            assert browser.get(reverse(f"admin:{name}_change", args=[wrong])).status_code == 404


def test_staff_see_neither_the_team_s_access_nor_editable_settings(shop: Shop, pages: Pages) -> None:
    employee = pages(shop.employee)
    assert employee.get(reverse("admin:businesses_membership_changelist")).status_code == 403
    page = reverse("admin:businesses_business_change", args=[shop.business.id])
    assert employee.get(page).status_code == 200
    assert employee.post(page, {"name": "Mine now"}).status_code == 403


def test_the_owner_sees_who_has_access(shop: Shop, pages: Pages) -> None:
    assert shop.employee.email in shown(pages(shop.owner).get(reverse("admin:businesses_membership_changelist")))


@pytest.mark.parametrize("verb", ["change", "delete", "history"])
def test_another_tenant_s_rows_do_not_exist(verb: str, shop: Shop, other_shop: Shop, pages: Pages) -> None:
    theirs = other_shop.service("secret-massage", staff=["zoe"])
    answer = pages(shop.owner).get(reverse(f"admin:businesses_service_{verb}", args=[theirs.id]), follow=True)
    assert "secret" not in shown(answer).lower()


def test_lists_and_choices_hold_no_rows_of_another_tenant(shop: Shop, other_shop: Shop, pages: Pages) -> None:
    other_shop.service("secret-massage", staff=["zoe"])
    browser = pages(shop.owner)
    for page in ("businesses_service_changelist", "businesses_staff_changelist", "businesses_availability_add"):
        text = shown(browser.get(reverse(f"admin:{page}")))
        assert "Zoe" not in text
        assert "Secret" not in text


def test_groups_are_not_shown(shop: Shop, pages: Pages) -> None:
    assert "/auth/group/" not in shown(pages(shop.owner).get("/admin/"))


# The catalogue


def test_a_new_service_belongs_to_the_business_whatever_is_sent(shop: Shop, other_shop: Shop, pages: Pages) -> None:
    anna = shop.person("anna")
    sent = {
        "name": "Shave",
        "slug": "shave",
        "price_cents": "12.50",
        "duration_minutes": "20",
        "max_simultaneous_bookings": "1",
        "buffer_before_minutes": "0",
        "buffer_after_minutes": "0",
        "position": "0",
        "is_active": "on",
        "business": str(other_shop.business.id),
        "assignments-TOTAL_FORMS": "1",
        "assignments-INITIAL_FORMS": "0",
        "assignments-0-staff": str(anna.id),
    }
    answer = pages(shop.owner).post(reverse("admin:businesses_service_add"), sent)
    assert answer.status_code == 302
    with acting_as(shop.owners):
        made = Service.objects.get(slug="shave")
        assert (made.business_id, made.price_cents) == (shop.business.id, 1250)
        assert [person.name for person in made.staff.all()] == ["Anna"]


def test_a_staff_member_of_another_tenant_cannot_be_assigned(shop: Shop, other_shop: Shop, pages: Pages) -> None:
    service, theirs = shop.service(), other_shop.person("zoe")
    browser = pages(shop.owner)
    page = reverse("admin:businesses_service_change", args=[service.id])
    sent = form_of(browser.get(page)) | {"assignments-TOTAL_FORMS": "1", "assignments-0-staff": str(theirs.id)}
    assert "Select a valid choice" in shown(browser.post(page, sent))


def test_a_name_that_is_taken_is_an_error_of_the_form(shop: Shop, pages: Pages) -> None:
    with shop.changes():
        CategoryFactory.create(business=shop.business, name="Hair")
    answer = pages(shop.owner).post(reverse("admin:businesses_category_add"), {"name": "Hair", "position": "0"})
    assert answer.status_code == 200
    assert answer.context["adminform"].form.errors


def test_a_stale_form_is_refused_keeps_what_was_typed_and_saves_when_sent_again(shop: Shop, pages: Pages) -> None:
    service = shop.service()
    browser = pages(shop.owner)
    page = reverse("admin:businesses_service_change", args=[service.id])
    sent = form_of(browser.get(page)) | {"name": "Mine"}
    with shop.changes():
        Service.objects.filter(pk=service.pk).update(name="Theirs")
    refused = browser.post(page, sent)
    assert "Someone else changed this meanwhile" in shown(refused)
    with acting_as(shop.owners):
        assert Service.objects.get(pk=service.pk).name == "Theirs"
    again = form_of(refused)
    assert again["name"] == "Mine"
    assert browser.post(page, again).status_code == 302
    with acting_as(shop.owners):
        assert Service.objects.get(pk=service.pk).name == "Mine"


@pytest.mark.parametrize("sent_version", ["", "x", "99999999999999999999"])
def test_a_form_without_its_version_saves_nothing(sent_version: str, shop: Shop, pages: Pages) -> None:
    anna = shop.person("anna")
    browser = pages(shop.owner)
    page = reverse("admin:businesses_staff_change", args=[anna.id])
    answer = browser.post(page, form_of(browser.get(page)) | {"name": "Other", "version": sent_version})
    assert set(answer.context["adminform"].form.errors) <= {"version", "__all__"}
    with acting_as(shop.owners):
        assert shop.business.staff.get(pk=anna.pk).name == "Anna"


def test_the_owner_changes_settings_and_questions(shop: Shop, pages: Pages) -> None:
    browser = pages(shop.owner)
    page = reverse("admin:businesses_business_change", args=[shop.business.id])
    assert browser.get(reverse("admin:businesses_business_changelist")).headers["Location"] == page
    questions = '[{"key": "hair", "label": "How long?", "kind": "text"}]'
    answer = browser.post(page, form_of(browser.get(page)) | {"questions": questions, "tagline": "Sharp"})
    assert answer.status_code == 302
    with acting_as(shop.owners):
        shop.business.refresh_from_db()
    assert (shop.business.tagline, shop.business.questions[0]["key"]) == ("Sharp", "hair")


@pytest.mark.parametrize("questions", ["{", '{"key": 1}', '[{"key": "A"}]'])
def test_questions_that_cannot_be_asked_are_an_error_of_the_form(questions: str, shop: Shop, pages: Pages) -> None:
    browser = pages(shop.owner)
    page = reverse("admin:businesses_business_change", args=[shop.business.id])
    answer = browser.post(page, form_of(browser.get(page)) | {"questions": questions})
    assert "questions" in answer.context["adminform"].form.errors


def test_a_service_with_bookings_is_not_deleted_but_to_be_switched_off(shop: Shop, pages: Pages) -> None:
    service = shop.service()
    shop.book(shop.at("10:00"))
    page = reverse("admin:businesses_service_delete", args=[service.id])
    for answer in (pages(shop.owner).get(page), pages(shop.owner).post(page, {"post": "yes"})):
        assert "Untick “active” instead" in shown(answer)
    with acting_as(shop.owners):
        assert Service.objects.filter(pk=service.pk).exists()


def test_what_was_never_booked_is_deleted(shop: Shop, pages: Pages) -> None:
    service = shop.service(staff=["anna"])
    browser = pages(shop.owner)
    answer = browser.post(reverse("admin:businesses_service_delete", args=[service.id]), {"post": "yes"})
    assert answer.status_code == 302
    with acting_as(shop.owners):
        assert not Service.objects.filter(pk=service.pk).exists()
        assert Availability.objects.filter(business=shop.business).exists()


# Fields


@pytest.mark.parametrize(
    ("typed", "minute"), [("00:00", 0), ("9:05", 545), ("24:00", 1440), (" 13.30 ", 810), ("", None)]
)
def test_a_time_of_day_is_read_as_minutes(typed: str, minute: int | None) -> None:
    assert ClockField(required=False).clean(typed) == minute


@pytest.mark.parametrize("typed", ["24:01", "25:00", "9", "12:60", "noon", "-1:00", "١:٠٠x"])
def test_what_is_no_time_of_day_is_refused(typed: str) -> None:
    field = ClockField()
    with pytest.raises(Exception, match="HH:MM"):
        field.clean(typed)


@pytest.mark.parametrize(
    ("currency", "typed", "minor"), [("EUR", "12.5", 1250), ("JPY", "900", 900), ("KWD", "1.234", 1234)]
)
def test_a_price_is_kept_in_the_currency_s_minor_unit(currency: str, typed: str, minor: int) -> None:
    field = PriceField(currency=currency)
    assert field.clean(typed) == minor
    assert not field.has_changed(minor, typed)
