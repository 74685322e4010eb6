"""The demo: real cases with their own dates and figures, exercises dated from today, nothing twice, never for real."""

import json

import pytest
from django.conf import settings as django_settings
from django.core import mail
from django.core.exceptions import ImproperlyConfigured
from django.core.management import call_command
from django.test import override_settings
from django.utils import timezone

from crises import demo, sample
from crises.management.commands import load_demo
from crises.models import Activity, Crisis, Figure, Receipt, UpdateRequest
from crises.reading import plan_of
from crises.worklist import Worklist
from offices.models import Membership, Token, User

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(("is_demo", "https"), [(False, False), (True, True)])
def test_a_production_configuration_refuses_the_demo(settings, is_demo, https):
    settings.DEMO, settings.HTTPS = is_demo, https

    with pytest.raises(ImproperlyConfigured):
        call_command("load_demo", verbosity=0)

    assert not User.objects.exists()


@pytest.fixture(scope="module")
def loaded(kept, tmp_path_factory):
    """The demo, loaded once for all of these tests; each of them runs inside and is undone by itself."""
    with (
        override_settings(DEMO=True, HTTPS=False),
        pytest.MonkeyPatch.context() as patch,
        kept(),
    ):
        patch.setattr(load_demo, "TOKEN", tmp_path_factory.mktemp("demo") / "token")
        call_command("load_demo", verbosity=0)
        yield json.loads((django_settings.BASE_DIR / "fixtures" / "cases.json").read_text())["cases"]


def test_every_figure_and_line_of_the_cases_is_there_with_its_date_and_source(loaded):
    for case in loaded:
        crisis = Crisis.objects.get(title=case["title"])
        figures = {(f.metric, f.value, f.as_of_iso, f.source) for f in crisis.figures.all()}
        assert figures == {(f["metric"], f["value"], f["as_of"], f["source"]) for f in case["figures"]}
        assert crisis.activities.count() == len(case["activities"])
        assert crisis.started_iso == case["start"]
    assert Figure.objects.filter(crisis__exercise=False).count() == sum(len(case["figures"]) for case in loaded)
    assert Activity.objects.filter(name__startswith="Water", sectors=None).exists()


def test_the_sectors_a_case_names_are_active_in_its_plan(loaded):
    for case in loaded:
        plan = plan_of(Crisis.objects.get(title=case["title"]))
        for row in case["sectors"]:
            assert plan.cell(row["sector"], row["phase"]).status == "active", (case["slug"], row)


def test_a_case_was_entered_on_its_own_dates_and_an_exercise_lately(loaded):
    haiti = Crisis.objects.get(title="Haiti earthquake 2010")
    exercises = Crisis.objects.filter(exercise=True)

    assert haiti.logged_at.date().isoformat() == "2010-01-12"
    assert haiti.history.order_by("history_date").first().history_date == haiti.logged_at
    assert exercises.count() == 7
    assert all((timezone.now() - crisis.updated_at).days < 40 for crisis in exercises)


def test_changes_are_numbered_in_the_order_of_their_days(loaded):
    days = [crisis.updated_at for crisis in Crisis.objects.order_by("revision")]
    assert days == sorted(days)


def test_libya_2014_is_left_to_be_logged_by_hand(loaded):
    assert not Crisis.objects.filter(title__contains="2014", main_country="LBY").exists()


def test_hq_finds_something_in_every_queue_and_an_office_that_was_asked(loaded):
    hq = User.objects.get(username="hq")
    queues = Worklist(Crisis.objects.visible_to(hq), hq, timezone.now(), decides=True).queues()

    assert all(queue.n for queue in queues), [(queue.slug, queue.n) for queue in queues]
    [asked] = UpdateRequest.objects.standing()
    assert (asked.asked_by, bool(asked.emailed_at)) == (hq, True)
    assert mail.outbox == []


def test_loading_again_adds_nothing_and_overwrites_nothing(loaded):
    Crisis.objects.filter(title="Haiti earthquake 2010").update(summary="Edited by hand.")
    before = [model.objects.count() for model in (Crisis, Figure, Receipt, User, Token)]

    call_command("load_demo", verbosity=0)

    assert [model.objects.count() for model in (Crisis, Figure, Receipt, User, Token)] == before
    assert Crisis.objects.get(title="Haiti earthquake 2010").summary == "Edited by hand."


def test_a_demo_that_people_have_tried_loads_again(loaded):
    """There are more offices in its countries, as the administration or the sample makes them, and roles were taken."""
    sample.make(300, open_ones=20, today=timezone.now().date(), history=False)
    Membership.objects.all().delete()
    before = Crisis.objects.count()

    call_command("load_demo", verbosity=0)

    assert Crisis.objects.count() == before


def test_the_partners_token_is_kept_where_only_its_owner_reads_it(loaded):
    assert load_demo.TOKEN.read_text().startswith("mcof_")
    assert load_demo.TOKEN.stat().st_mode & 0o077 == 0
    assert load_demo.TOKEN.read_text() not in str(list(Token.objects.values()))


def test_a_token_that_this_database_does_not_know_is_replaced(loaded, client):
    load_demo.TOKEN.write_text("mcof_of_another_database")

    call_command("load_demo", verbosity=0)

    token = load_demo.TOKEN.read_text()
    assert client.get("/api/v1/crises/", headers={"authorization": f"Token {token}"}).status_code == 200


def test_a_partner_sees_shared_cases_of_the_agreed_countries(loaded):
    seen = Crisis.objects.visible_to(User.objects.get(username="partner"))

    assert {crisis.main_country_id for crisis in seen} == {"LBY", "SDN", "HTI", "ETH"}


def test_partial_dates_are_read_as_exact_as_they_are_written():
    assert [demo.partial(text)[1] for text in ("2012", "2014-06", "2013-12-15")] == ["year", "month", "day"]
