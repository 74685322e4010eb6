"""What a person meets whatever their screen, theme or aids: axe finds nothing, and no page scrolls sideways."""

from datetime import date, timedelta

import pytest

from crises import services
from crises.models import Activity, AgeBand, Contact, Crisis, Figure
from exchange.imports.job import check
from exchange.models import Delivery
from exchange.services.imports import take_in
from exchange.services.webhooks import try_out
from offices.services import issue_token
from tests.factories import (
    NOON,
    add_activity,
    add_contact,
    add_figure,
    log,
    make_field,
    make_hook,
    make_hq,
    make_lead,
    make_office,
    publish,
    revise,
    save_view,
    set_priority,
    set_status,
)

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

FOR_EVERYBODY = [
    "/",
    "/login/",
    "/matrix/",
    "/matrix/?phase=during&priority=critical",
    "/matrix/?phase=never",
    "/matrix/editions/",
    "/matrix/editions/mcof-2012/1/",
    "/matrix/editions/compare/?from=1&to=2",
    "/matrix/editions/compare/?from=1",
    "/sectors/",
    "/sectors/transport-assistance/",
    "/systems/",
    "/systems/refugee-regime/",
    "/clusters/shelter/",
    "/help/",
    "/accessibility/",
    "/api/",
    "/nowhere/",
]
FOR_FIELD = [
    "/crises/",
    "/crises/?country=LBY&needs=S03",
    "/crises/new/",
    "/drafts/",
    "/import/",
    "/import/{file}/",
    "/account/",
    "/account/password/",
    "/account/tokens/",
    "/account/tokens/new/",
    "/account/tokens/{token}/revoke/",
    "/crises/{crisis}/",
    "/crises/{crisis}/edit/",
    "/crises/{crisis}/phases/",
    "/crises/{crisis}/edition/",
    "/crises/{crisis}/review/",
    "/crises/{crisis}/sharing/",
    "/crises/{crisis}/coordination/",
    "/contacts/new/?country=LBY&partner=system:refugee-regime",
    "/contacts/{contact}/",
    "/contacts/{contact}/remove/",
    "/crises/{crisis}/figures/",
    "/crises/{crisis}/figures/new/",
    "/crises/{crisis}/figures/affected/all/people/",
    "/crises/{crisis}/figures/{figure}/withdraw/",
    "/crises/{crisis}/activities/{line}/withdraw/",
    "/crises/{crisis}/activities/new/",
    "/crises/{crisis}/plan/?phase=all",
    "/crises/{crisis}/plan/S03/during/",
    "/crises/{crisis}/plan/S03/during/priority/",
    "/crises/{crisis}/plan/confirm/",
    "/crises/{crisis}/gaps/",
    "/crises/{crisis}/history/",
    "/crises/{crisis}/?as_of=2026-03-01",
    "/crises/{crisis}/plan/?phase=all&as_of=2026-03-01",
    "/crises/{crisis}/plan/S03/during/?as_of=2026-03-01T13:00Z",
    "/crises/{crisis}/figures/?as_of=2026-03-01",
    "/crises/{crisis}/?as_of=2026-02-01",
]
FOR_LEAD = ["/crises/{crisis}/close/"]
FOR_HQ = [
    "/matrix/editions/mcof-2012/3/",
    "/matrix/editions/mcof-2012/3/cells/S05/during/",
    "/matrix/editions/mcof-2012/3/links/S05/",
    "/matrix/editions/mcof-2012/3/complementarities/",
    "/matrix/editions/mcof-2012/3/discard/",
    "/matrix/editions/mcof-2012/3/publish/",
    "/dashboard/",
    "/grid/",
    "/grid/?phase=during&sort=title&as_of=2026-03-02",
    "/countries/",
    "/countries/LBY/",
    "/offices/tripoli/",
    "/offices/hq/",
    "/worklist/",
    "/worklist/?queue=stale&country=LBY",
    "/worklist/?queue=gaps&as_of=2026-03-05",
    "/worklist/ask/?queue=stale&all=1",
    "/worklist/assign/?chosen={crisis}",
    "/crises/{crisis}/",
    "/dashboard/?as_of=2026-03-01",
    "/dashboard/?level=3",
    "/gaps/",
    "/gaps/?sector=S03&phase=during",
    "/gaps/?as_of=2026-03-01",
    "/crises/?as_of=2026-03-01",
    "/crises/?view={view}&cause=",
    "/crises/?view=none",
    "/views/",
    "/views/new/?country=LBY&needs=S03",
    "/views/{view}/",
    "/views/{view}/remove/",
    "/history/",
    "/history/?kind=plan&office=tripoli",
    "/offices/",
    "/crises/{crisis}/level/",
    "/crises/{crisis}/levels/",
    "/levels/",
    "/levels/iom/3/",
    "/crises/{crisis}/plan/S03/during/waive/",
]


def look(page, axe, path):
    """Light and dark, at a desk and on a phone; on the narrowest screens nothing scrolls sideways."""
    assert page.goto(path).status < 500
    for scheme in ("light", "dark"):
        for width in (1280, 360):
            page.emulate_media(color_scheme=scheme)
            page.set_viewport_size({"width": width, "height": 800})
            axe(page)
    page.set_viewport_size({"width": 320, "height": 800})
    assert page.evaluate("document.documentElement.scrollWidth") <= 320


def editions_under_way():
    """A second edition of the framework, and the draft of a third."""
    revise("S05", "during", priority="recommended", condition="crosses_border", otherwise="important")
    publish()
    revise("S05", "during", priority="critical", condition="", otherwise="")


def plan_under_way():
    """A crisis with every kind of row: a gap, an active sector, a planned one, figures, a line of work, two phases."""
    crisis = log(phases=["during", "after"], foreign_nationals=True, summary="Roads are cut.")
    set_status(crisis, "S01", "during", "active", lead="A. Example")
    set_status(crisis, "S05", "during", "planned")
    set_priority(crisis, "S05", "during", "critical")
    set_priority(crisis, "S13", "during", "not_applicable")
    editions_under_way()
    add_contact(note="The group meets on Mondays.")
    parts = {("female", AgeBand.objects.get(code="18-59")): 20_000, ("male", AgeBand.objects.get(code="18-59")): 19_000}
    add_figure(crisis, 64_000, source="https://example.org/a/long/address/of/a/report.pdf", parts=parts)
    add_figure(crisis, None, qualifier="about", source_kind="iom", as_of_precision="month")
    add_figure(crisis, 61_000, qualifier="about", source_kind="iom", as_of=date(2026, 1, 5))
    wrong = add_figure(crisis, 640_000)
    services.withdraw_statement(statement=wrong, by=make_field(), why="A zero too many.", at=NOON)
    add_activity(crisis, "Shelter", sectors=["S02", "S03"], required=2_000_000)
    add_activity(crisis, "Appeal", required=5_000_000, whole_plan=True)
    return crisis.reference


def checked_file():
    """An import with a row to write and one to mend."""
    rows = b"title,country,cause,phases\nFloods in Sabha,TUN,natural_hazard,during\nFire,LBY,flood,durring\n"
    file = take_in(by=make_field(), kind="crises", name="a-long-name-of-a-file-from-the-field-office.csv", content=rows)
    check(file.pk)
    return file


def asked_about_and_given():
    """What HQ has done about every crisis: its office is asked, and nobody was told by mail."""
    crises = list(Crisis.objects.open())
    services.ask_for_update(crises=crises, by=make_hq(), note="How many people?")
    services.assign(crises=crises, to=make_hq("hq2"), by=make_hq())


@pytest.mark.parametrize("path", FOR_EVERYBODY)
def test_a_page_for_everybody_is_accessible(page, axe, path):
    if "editions" in path:
        editions_under_way()

    look(page, axe, path)


@pytest.mark.parametrize("path", FOR_FIELD)
def test_a_page_of_the_field_is_accessible(page, axe, sign_in, path):
    crisis = plan_under_way()

    sign_in(make_field(make_office()))

    token, _key = issue_token(user=make_field(), name="Dashboard of the cluster", lasts=timedelta(days=90))
    names = {"contact": Contact.objects.get().uid, "line": Activity.objects.first().pk, "token": token.pk}
    names["file"] = checked_file().uid
    look(page, axe, path.format(crisis=crisis, figure=Figure.objects.standing().first().pk, **names))


def test_the_grid_of_sex_and_age_is_accessible(page, axe, sign_in):
    crisis = plan_under_way()
    sign_in(make_field(make_office()))
    page.goto(f"/crises/{crisis}/figures/new/")
    page.set_viewport_size({"width": 320, "height": 800})

    page.get_by_text("Sex and age, where the source gives them").click()

    axe(page)
    assert page.evaluate("document.documentElement.scrollWidth") <= 320
    page.get_by_label("Female, 18-59").fill("20 000")
    assert page.locator(".parts input").count() == 24


@pytest.mark.parametrize("path", ["", "new/", "{hook}/", "{hook}/change/", "{hook}/remove/", "{hook}/secret/"])
def test_a_page_of_webhooks_is_accessible(page, axe, sign_in, path):
    hook = make_hook(make_hq(), name="Dashboard of the cluster", view=save_view("Shelter", country="LBY"))
    states = zip(Delivery.State.values, ["", "", "redirect", ""], [None, 204, 302, None], strict=True)
    for state, trouble, status in states:
        test = try_out(hook=hook, by=hook.owner)
        Delivery.objects.filter(pk=test.pk).update(
            state=state,
            trouble=trouble,
            status=status,
            event="crisis.changed",
            crisis="LBY-2026-K7Q",
            milliseconds=1200,
        )

    sign_in(make_hq())

    look(page, axe, f"/account/webhooks/{path.format(hook=hook.uid)}")


@pytest.mark.parametrize("path", FOR_LEAD)
def test_a_page_of_the_lead_is_accessible(page, axe, sign_in, path):
    crisis = plan_under_way()

    sign_in(make_lead(make_office()))

    look(page, axe, path.format(crisis=crisis))


@pytest.mark.parametrize("path", FOR_HQ)
def test_a_page_of_hq_is_accessible(page, axe, sign_in, path):
    crisis = plan_under_way()
    asked_about_and_given()

    sign_in(make_hq())

    view = save_view("Shelter in emergencies", shared=True, country="LBY", cause="conflict")
    look(page, axe, path.format(crisis=crisis, view=view.slug))


# Crises that stand to one another as whole and part, or may be one.
FOR_HQ_RELATED = [
    "/duplicates/",
    "/duplicates/{crisis}/{twin}/",
    "/crises/{part}/part-of/",
    "/crises/{crisis}/merge/",
    "/crises/{twin}/merge/?into={crisis}",
    "/crises/{stays}/merged/",
    "/crises/{stays}/unmerge/{gone}/",
    "/crises/{crisis}/parts/?phase=all",
]


def related_crises():
    """A crisis with two parts of one country, and an older one that it may be."""
    twin = log(title="The same fighting around Tripoli", glide="CE-2026-000012-LBY")
    crisis = log(glide="CE-2026-000012-LBY")
    for n in range(2):
        part = log(title=f"Part {n}, with the long name of a town", phases=["during"], cause="epidemic")
        set_status(part, "S03", "during", "active")
        add_figure(part, 64_000)
        services.set_part_of(crisis=part, whole=crisis, by=make_hq())
    stays, gone = log(title="Stays", country="TUN"), log(title="Merged", country="TUN")
    for one in (crisis, twin, gone):
        set_status(one, "S03", "during", "active", lead="A. Example")
    services.merge_crisis(crisis=gone, survivor=stays, why="One storm, two offices.", by=make_hq())
    known = {"crisis": crisis, "twin": twin, "part": part, "stays": stays, "gone": gone}
    return {name: one.reference for name, one in known.items()}


@pytest.mark.parametrize("path", FOR_HQ_RELATED)
def test_a_page_of_related_crises_is_accessible(page, axe, sign_in, path):
    references = related_crises()

    sign_in(make_hq())

    look(page, axe, path.format(**references))
