"""Saved views: filters under a name, whose they are, and what an address that names one means."""

import re
from html import unescape
from io import BytesIO

import pytest
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import IntegrityError, transaction
from openpyxl import load_workbook

from crises import services
from crises.models import Counter, SavedView
from offices.models import Office, Role
from tests.conftest import signed_in
from tests.factories import (
    NOON,
    log,
    make_field,
    make_hq,
    make_lead,
    make_office,
    make_partner,
    make_user,
    reader,
    save_view,
    share,
)

pytestmark = pytest.mark.django_db


def read(client, address, status=200):
    answer = client.get(address)
    assert answer.status_code == status, address
    return " ".join(unescape(answer.content.decode()).split())


def titles(client, address):
    return set(re.findall(r'<th scope="row"><a href="/crises/[^"]+"><bdi>([^<]*)</bdi>', read(client, address)))


def chips(client, address):
    chip = '<li><a href="([^"]*)"><span class="vh">Remove the filter </span>([^<]*)'
    return dict(re.findall(chip, read(client, address)))


@pytest.fixture
def cast(office):
    """Two crises in Libya, one of them an epidemic, and a conflict in Peru."""
    lima = make_office("lima", country="PER")
    log(office=office, title="fighting")
    log(office=office, title="cholera", cause="epidemic")
    log(office=lima, by=make_field(lima, "lima-field"), title="far", country="PER", phases=["before"])


# The rules of keeping one


def test_a_view_keeps_filters_under_a_name_and_takes_a_number():
    before = Counter.objects.get().n

    view = save_view("  Epidemics in Libya ", country="LBY", cause="epidemic")

    assert (view.name, view.filters) == ("Epidemics in Libya", {"country": "LBY", "cause": "epidemic"})
    assert re.fullmatch("epidemics-in-libya-[2-9a-z]{5}", view.slug)
    assert (view.shared, view.created_at, view.revision) == (False, NOON, before + 1)
    assert re.fullmatch("view-[2-9a-z]{5}", save_view("ليبيا", country="LBY").slug)


def test_the_same_form_twice_makes_one_view_and_takes_one_number():
    first = services.save_view(name="Libya", filters={"country": "LBY"}, by=make_hq())
    n = Counter.objects.get().n

    second = services.save_view(name="Libya ", filters={"country": "LBY"}, by=make_hq())

    assert (first.fresh, second.fresh, second.view) == (True, False, first.view)
    assert Counter.objects.get().n == n
    assert SavedView.objects.count() == 1


def test_another_view_of_the_same_name_is_refused_but_not_to_another_person():
    save_view("Libya", country="LBY")

    for other in ({"filters": {"country": "TUN"}}, {"filters": {"country": "LBY"}, "shared": True}):
        with pytest.raises(ValidationError, match="You have a view of this name already"):
            services.save_view(name="Libya", by=make_hq(), **other)
    assert save_view("Libya", by=make_field(), country="TUN").pk
    assert SavedView.objects.count() == 2


def test_a_view_has_a_name_and_a_filter():
    for wrong in ({"name": " ", "filters": {"q": "x"}}, {"name": "x" * 61, "filters": {"q": "x"}}):
        with pytest.raises(ValidationError) as refused:
            services.save_view(by=make_hq(), **wrong)
        assert list(refused.value.message_dict) == ["name"]
    with pytest.raises(ValidationError):
        services.save_view(name="Nothing", filters={}, by=make_hq())
    for wrong in ({"name": ""}, {"query": ""}):
        row = {"owner": make_hq(), "name": "x", "slug": "x", "query": "q=x", "created_at": NOON, "updated_at": NOON}
        with pytest.raises(IntegrityError), transaction.atomic():
            SavedView.objects.create(**row | wrong)


def test_only_the_owner_renames_shares_and_removes_a_view(office):
    view, other = save_view("Libya", shared=True, country="LBY"), make_lead(office)
    n = Counter.objects.get().n

    for change in (
        lambda by: services.change_view(view=view, name="Mine now", shared=False, by=by),
        lambda by: services.remove_view(view=view, by=by),
    ):
        with pytest.raises(PermissionDenied, match="Only the person who saved a view"):
            change(other)
    kept = services.change_view(view=view, name="All of Libya", shared=False, by=make_hq()).view

    assert (kept.name, kept.shared, kept.slug, kept.query) == ("All of Libya", False, view.slug, view.query)
    assert Counter.objects.get().n == kept.revision == n + 1
    assert not services.change_view(view=view, name="All of Libya", shared=False, by=make_hq()).fresh
    assert services.remove_view(view=view, by=make_hq()).fresh
    assert not services.remove_view(view=view, by=make_hq()).fresh
    assert Counter.objects.get().n == n + 2
    assert save_view("All of Libya", country="LBY").pk != view.pk
    with pytest.raises(ValidationError, match="removed in the meantime"):
        services.change_view(view=view, name="Again", shared=False, by=make_hq())


def test_a_view_is_not_renamed_to_another_one_of_its_owner():
    save_view("Libya", country="LBY")
    view = save_view("Tunisia", country="TUN")

    with pytest.raises(ValidationError, match="You have a view of this name already"):
        services.change_view(view=view, name="Libya", shared=False, by=make_hq())


def test_staff_use_their_own_and_the_shared_ones_and_partners_only_their_own(office):
    private, shared = save_view("Private", q="x"), save_view("Shared", shared=True, q="x")
    partner, field = make_partner(), make_field(office)
    theirs = save_view("Theirs", by=partner, q="x")

    def usable(user):
        return set(SavedView.objects.usable_by(user))

    assert usable(make_hq()) == {private, shared}
    assert usable(field) == usable(make_user("auditor", Role.AUDITOR, office=office)) == {shared}
    assert usable(partner) == {theirs}
    make_user(partner.username, Role.FIELD, office=office)  # a role opens nothing to who is of a partner
    assert usable(partner) == {theirs}
    assert usable(make_user("nobody")) == usable(make_partner(username="another")) == set()
    with pytest.raises(PermissionDenied, match="shared among IOM staff"):
        services.save_view(name="To all", filters={"q": "x"}, shared=True, by=partner)
    with pytest.raises(PermissionDenied, match="shared among IOM staff"):
        services.change_view(view=theirs, name="To all", shared=True, by=partner)
    field.is_active = False
    assert usable(field) == set()


# What an address that names one means


def test_a_view_holds_where_the_address_says_nothing(cast, hq_client):
    view = save_view("Epidemics in Libya", country="LBY", cause="epidemic")
    asked = f"/crises/?view={view.slug}"

    assert titles(hq_client, asked) == {"cholera"}
    assert titles(hq_client, f"{asked}&cause=conflict") == {"fighting"}  # what the address says wins
    assert titles(hq_client, f"{asked}&cause=") == {"fighting", "cholera"}  # and takes off with nothing
    assert titles(hq_client, f"{asked}&country=&cause=") == {"fighting", "cholera", "far"}
    assert titles(hq_client, f"{asked}&cause=&exercise=true") == set()


def test_the_same_view_narrows_every_page_file_and_answer(cast, hq_client):
    view = save_view("Epidemics", cause="epidemic", phase="during")
    client, query = reader(make_hq()), f"?view={view.slug}"

    (row,) = client.get(f"/api/v1/crises/{query}").json()["results"]
    gaps = client.get(f"/api/v1/gaps/{query}").json()["results"]
    assert row["title"] == "cholera"
    assert {gap["crisis"] for gap in gaps} == {row["reference"]}
    board = hq_client.get(f"/dashboard/{query}").context
    assert (board["counts"]["open"], board["total"].gaps) == (1, len(gaps))
    assert hq_client.get(f"/gaps/{query}").context["count"]["gaps"] == len(gaps)
    for name, column, n in (("crises", "title", 1), ("gaps", "crisis", len(gaps))):
        answer = hq_client.get(f"/{name}.csv{query}")
        header, *lines = answer.getvalue().decode().splitlines()
        assert len(lines) == n
        assert all("cholera" in line for line in lines)
        assert f"{name}-{view.slug}-2" in answer["Content-Disposition"]
        sheet = load_workbook(BytesIO(hq_client.get(f"/{name}.xlsx{query}").getvalue())).active
        rows = list(sheet.values)
        assert rows[0] == tuple(header.split(","))
        assert {row[header.split(",").index(column)] for row in rows[1:]} == {"cholera"}
        assert len(rows) == n + 1
    (coverage, *_more) = hq_client.get(f"/dashboard/coverage.csv{query}").getvalue().decode().splitlines()
    assert coverage.startswith("sector,")


def test_a_view_holds_as_of_a_past_moment_too(cast, hq_client):
    view = save_view("Epidemics", cause="epidemic")

    assert titles(hq_client, f"/crises/?view={view.slug}&as_of=2026-03-02") == {"cholera"}
    assert titles(hq_client, f"/crises/?view={view.slug}&as_of=2026-02-02") == set()


def test_each_filter_of_a_view_can_be_taken_off_alone_and_the_view_as_a_whole(cast, hq_client):
    view = save_view("Epidemics in Libya", country="LBY", cause="epidemic")
    slug = f"view={view.slug}"

    assert chips(hq_client, f"/crises/?{slug}&q=cho") == {
        f"?{slug}": "Search: cho",
        f"?{slug}&q=cho&country=": "Country: Libya",
        f"?{slug}&q=cho&cause=": "Main cause: Epidemic",
        "?q=cho": "Saved view: Epidemics in Libya",
    }
    assert chips(hq_client, f"/crises/?{slug}&cause=") == {
        f"?{slug}&cause=&country=": "Country: Libya",
        "?": "Saved view: Epidemics in Libya",
    }
    for chip in chips(hq_client, f"/crises/?{slug}&cause="):
        assert read(hq_client, f"/crises/{chip}")


def test_forms_and_links_carry_the_view_and_what_is_taken_off(cast, hq_client):
    view = save_view("Changes in Libya", country="LBY", review="changed")
    page = read(hq_client, f"/dashboard/?view={view.slug}&review=&country=")

    form = re.search('<form class="bar".*?</form>', page)[0]
    assert f'<input type="hidden" name="view" value="{view.slug}">' in form
    assert '<input type="hidden" name="review" value="">' in form  # the form has no field for it
    moment = re.search('<form class="theme" method="get">.*?</form>', page)[0]
    assert '<input type="hidden" name="review" value="">' in moment
    assert f'href="/gaps/?view={view.slug}&review=&country="' in page
    assert f'href="/crises/?view={view.slug}&review=&country="' in page
    assert 'name="review" value=""' not in read(hq_client, f"/dashboard/?view={view.slug}")


def test_the_links_between_pages_leave_behind_what_the_other_does_not_know(cast, hq_client):
    page = read(hq_client, "/crises/?country=LBY&sort=title&mine=1")
    gaps = read(hq_client, "/gaps/?country=LBY&sector=S03&waived=1&as_of=2026-03-05")

    for address in ("/dashboard/?country=LBY", "/gaps/?country=LBY"):
        assert f'href="{address}"' in page
    for address in ("/dashboard/?country=LBY&as_of=2026-03-05", "/crises/?country=LBY&as_of=2026-03-05"):
        assert f'href="{address}"' in gaps


def test_a_view_of_gaps_opens_on_the_gaps_alone(cast, hq_client):
    view = save_view("Transport", sector="S03", country="LBY")

    assert hq_client.get(f"/gaps/?view={view.slug}").context["count"]["gaps"] == 2
    for address in ("/dashboard/", "/crises/", "/crises.csv", "/api/v1/crises/"):
        answer = hq_client.get(f"{address}?view={view.slug}")
        assert answer.status_code == 400
        assert "The saved view “Transport” asks for “sector”, of gaps alone. Open it on the gaps." in unescape(
            answer.content.decode()
        )
    page = read(hq_client, f"/gaps/?view={view.slug}")
    assert 'href="/dashboard/?country=LBY"' in page  # what the dashboard can ask of it
    assert f'href="/gaps/?view={view.slug}' not in read(hq_client, "/views/").split("Open on")[0]
    assert f'href="/dashboard/?view={view.slug}"' not in read(hq_client, "/views/")


@pytest.mark.parametrize(
    "address", ["/dashboard/", "/gaps/", "/gaps.csv", "/crises/", "/api/v1/crises/", "/api/v1/gaps/"]
)
def test_a_view_that_does_not_exist_or_is_another_s_is_answered_in_the_same_words(office, address):
    hidden, mine = save_view("Secret plan", country="LBY"), save_view("Epidemics", by=make_field(office), q="x")
    client = signed_in(make_field(office))

    def problem(slug):
        answer = client.get(f"{address}?view={slug}")
        assert answer.status_code == 400
        return re.sub(r'value="[\w-]{64}"', "", unescape(answer.content.decode())).replace(slug, "…")

    assert problem(hidden.slug) == problem("secret-plan-zzzzz")
    assert "You have no saved view “…”." in problem(hidden.slug)
    assert "Secret" not in problem("secret-plan")
    assert f"Did you mean “{mine.slug}”?" in problem(f"{mine.slug}x")
    assert problem("a%00b")
    assert problem("x" * 200)


def test_a_partner_uses_their_own_view_and_no_shared_one(office):
    share(log(office=office, title="shared"))
    log(office=office, title="inside")
    partner = make_partner()
    own, shared = save_view("Mine", by=partner, country="LBY"), save_view("Libya", shared=True, country="LBY")
    client = signed_in(partner)

    assert titles(client, f"/crises/?view={own.slug}") == {"shared"}
    assert client.get(f"/crises/?view={shared.slug}").status_code == 400
    assert [row["view"] for row in reader(partner).get("/api/v1/views/").json()["results"]] == [own.slug]
    page = read(client, "/views/")
    assert "Libya</bdi>" not in page
    assert "staff" not in page.split("<main")[1].split("</main>")[0]


def test_a_shared_view_shows_each_reader_what_they_may_see(cast, field_client, hq_client):
    view = save_view("All open", shared=True, status="open")

    assert titles(hq_client, f"/crises/?view={view.slug}") == {"fighting", "cholera", "far"}
    assert titles(field_client, f"/crises/?view={view.slug}") == {"fighting", "cholera"}


def test_a_view_that_is_no_longer_right_says_which_and_what(cast, hq_client):
    office = make_office("tunis", country="TUN")
    view = save_view("Around Tunis", office="tunis")
    old = save_view("Of an older version", colour="red")
    Office.objects.filter(pk=office.pk).update(slug="tunis-town")

    for address in ("/crises/", "/gaps/", "/dashboard/", "/api/v1/crises/"):
        answer = hq_client.get(f"{address}?view={view.slug}")
        words = unescape(answer.content.decode()).replace('\\"', '"')
        assert answer.status_code == 400
        assert (
            f"The saved view “Around Tunis” ({view.slug}) is no longer right: “office” has no value “tunis”." in words
        )
        assert "Take it off, or save it anew." in words
        assert hq_client.get(f"{address}?view={view.slug}&office=").status_code == 200
        assert hq_client.get(f"{address}?view={view.slug}&office=tripoli").status_code == 200
    assert "There is no parameter “colour” here." in read(hq_client, f"/crises/?view={old.slug}", status=400)
    assert "colour: <b>red</b>" in read(hq_client, "/views/")


def test_a_view_costs_one_query_and_only_where_it_is_named(cast, hq_client, django_assert_num_queries):
    view = save_view("Libya", country="LBY")
    hq_client.get("/crises/")
    for address, n in (("/crises/", 9), ("/gaps/", 9)):
        with django_assert_num_queries(n):
            hq_client.get(f"{address}?country=LBY")
        with django_assert_num_queries(n + 1):
            hq_client.get(f"{address}?view={view.slug}")


# The pages


def test_the_filters_of_a_page_are_saved_in_words_and_opened_from_the_list(cast, hq_client):
    page = read(hq_client, "/gaps/?country=LBY&cause=epidemic&as_of=2026-03-05&page=1")
    [save] = re.findall('href="(/views/new/[^"]+)"', page)
    assert save == "/views/new/?country=LBY&cause=epidemic"
    form = read(hq_client, save)
    assert "Country: <b>Libya</b>; Main cause: <b>Epidemic</b>" in form

    answer = hq_client.post(save, {"name": "Epidemics in Libya", "shared": "yes"}, follow=True)

    assert answer.redirect_chain == [("/views/", 303)]
    page = " ".join(unescape(answer.content.decode()).split())
    assert "The view “Epidemics in Libya” is saved." in page
    view = SavedView.objects.get()
    assert (view.filters, view.shared) == ({"country": "LBY", "cause": "epidemic"}, True)
    for address in ("/dashboard/", "/gaps/", "/crises/"):
        assert f'href="{address}?view={view.slug}"' in page
        assert read(hq_client, f"{address}?view={view.slug}")
    again = hq_client.post(save, {"name": "Epidemics in Libya", "shared": "yes"}, follow=True)
    assert "It was saved once." in again.content.decode()
    assert SavedView.objects.count() == 1


def test_a_view_in_use_is_saved_with_what_was_changed(cast, hq_client):
    view = save_view("Epidemics in Libya", country="LBY", cause="epidemic")

    [save] = re.findall('href="(/views/new/[^"]+)"', read(hq_client, f"/crises/?view={view.slug}&cause=&level=none"))

    assert save == "/views/new/?level=none&country=LBY"


def test_nothing_to_save_is_not_offered(cast, hq_client):
    assert "/views/new/" not in read(hq_client, "/crises/?sort=title")
    assert "There is no filter to save." in read(hq_client, "/views/new/")
    answer = hq_client.post("/views/new/", {"name": "Nothing"})
    assert answer.status_code == 400
    assert SavedView.objects.count() == 0


def test_a_mistake_in_the_form_is_said_at_the_field(cast, hq_client):
    save_view("Libya", country="LBY")

    for name, words in (
        ("", "Enter a name."),
        ("Libya", "You have a view of this name already."),
        ("x" * 61, "has 61"),
    ):
        answer = hq_client.post("/views/new/?country=TUN", {"name": name})
        assert answer.status_code == 400
        assert words in answer.content.decode()
    assert hq_client.get("/views/new/?county=LBY").status_code == 400
    assert SavedView.objects.count() == 1


def test_partners_are_not_asked_whether_to_share(partner_client):
    assert 'name="shared"' not in read(partner_client, "/views/new/?country=LBY")
    partner_client.post("/views/new/?country=LBY", {"name": "Libya", "shared": "yes"})

    assert SavedView.objects.get().shared is False


def test_a_view_is_renamed_shared_and_removed_on_its_page(hq_client, field_client):
    view = save_view("Libya", country="LBY")
    page = f"/views/{view.slug}/"
    assert field_client.get(page).status_code == field_client.post(f"{page}remove/").status_code == 404
    assert 'value="Libya"' in read(hq_client, page)

    hq_client.post(page, {"name": "All of Libya", "shared": "yes"})
    view.refresh_from_db()
    assert (view.name, view.shared) == ("All of Libya", True)
    assert "All of Libya" in read(field_client, "/views/")
    assert field_client.get(page).status_code == 403
    assert "It leaves your list and everybody" in read(hq_client, f"{page}remove/")
    for words in ("The view “All of Libya” is removed.", "It was saved once."):
        answer = hq_client.post(f"{page}remove/", follow=True)
        assert words in unescape(answer.content.decode())
    assert hq_client.get(page).status_code == 404
    assert hq_client.get(f"/crises/?view={view.slug}").status_code == 400
    assert "All of Libya" not in read(field_client, "/views/")


def test_who_signs_in_meanwhile_comes_back_with_filters_and_answers(client, office):
    answer = client.post("/views/new/?country=LBY", {"name": "Libya", "writer": make_field(office).pk})
    assert answer.url == "/login/?next=/views/new/%3Fcountry%3DLBY"
    client.force_login(make_field(office))

    assert 'value="Libya"' in read(client, "/views/new/?country=LBY")
    assert SavedView.objects.count() == 0


def test_the_list_costs_the_same_for_one_view_and_for_many(hq_client, office, django_assert_num_queries):
    log(office=office)
    save_view("First", country="LBY", needs="S03", office="tripoli")
    hq_client.get("/views/")
    for n in range(2):
        # session, user, views, countries, edition in force, offices
        with django_assert_num_queries(6):
            hq_client.get("/views/")
        for more in range(5):
            save_view(f"More {n} {more}", shared=True, by=make_lead(office), country="LBY", office="tripoli")


def test_the_api_lists_the_views_that_the_caller_may_use(office):
    mine = save_view("Libya", by=make_field(office), country="LBY", phase="during")
    shared = save_view("Epidemics", shared=True, cause="epidemic")
    save_view("Private", q="x")

    rows = reader(make_field(office)).get("/api/v1/views/").json()["results"]

    assert rows == [
        {
            "view": view.slug,
            "name": view.name,
            "filters": filters,
            "shared": not own,
            "own": own,
            "updated_at": "2026-03-01T12:00:00Z",
        }
        for view, filters, own in (
            (mine, {"country": "LBY", "phase": "during"}, True),
            (shared, {"cause": "epidemic"}, False),
        )
    ]
    assert reader().get("/api/v1/views/").status_code == 401
