"""Emergency levels: dated decisions in two schemes, each with who, why and a day to look again; and what they mean."""

import re
from datetime import date, timedelta

import pytest
from django.core.exceptions import PermissionDenied, ValidationError
from django.utils import timezone

from crises import services
from crises.models import LevelDefinition
from tests.conftest import signed_in
from tests.factories import decide_level, log, make_field, make_hq, make_partner, reader, share

pytestmark = pytest.mark.django_db
NONE_ENTERED = "No definition has been entered."


def page(client, address):
    answer = client.get(address)
    assert answer.status_code == 200
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", answer.content.decode()))


def define(text="Every unit of the organisation may be asked for support.", *, by=None, revision=0, **more):
    by = by or make_hq()
    return services.define_level(scheme="iom", value="3", text=text, by=by, revision=revision, **more)


def test_a_crisis_that_nobody_assessed_says_so_in_both_schemes(field_client):
    shown = page(field_client, f"/crises/{log(level_proposed=2).reference}/levels/")

    assert "Never assessed. The office proposes level 2." in shown
    assert "Never activated." in shown


def test_the_two_schemes_are_kept_apart_each_with_its_own_log(field_client):
    crisis = log()
    decide_level(crisis, "2", review_on=date(2026, 2, 20))
    decide_level(crisis, "3", decided_on=date(2026, 2, 10), note="Two regions are cut off.")
    decide_level(crisis, "scale_up", decided_on=date(2026, 2, 12), decided_by="Emergency Relief Coordinator")

    iom, _title, inter_agency = page(field_client, f"/crises/{crisis.reference}/levels/").partition(
        "Inter-agency activation In force"
    )

    assert "In force: Level 3, since 10 Feb 2026." in iom
    assert "Two regions are cut off." in iom
    assert iom.index("Two regions") < iom.index("More people than one office can serve.")
    assert "Emergency Relief Coordinator" in inter_agency
    assert "Emergency Relief Coordinator" not in iom


def test_a_review_date_that_has_passed_is_said_and_asked_of_hq(hq_client, field_client):
    crisis = log()
    yesterday = timezone.now().date() - timedelta(days=1)
    decide_level(crisis, "3", decided_on=yesterday - timedelta(days=30), review_on=yesterday, at=timezone.now())

    assert "To be reviewed since" in page(field_client, f"/crises/{crisis.reference}/levels/")
    assert "review date passed" in page(field_client, f"/crises/{crisis.reference}/")
    assert "Review the emergency level: Level 3 was to be reviewed on" in page(
        hq_client, f"/crises/{crisis.reference}/"
    )


def test_a_review_date_to_come_asks_nothing(hq_client):
    crisis = log()
    decide_level(crisis, "3", review_on=timezone.now().date())

    assert "review date passed" not in page(hq_client, f"/crises/{crisis.reference}/")


@pytest.mark.parametrize("missing", ["decided_by", "note"])
def test_a_decision_says_who_and_why(missing):
    crisis = log()

    with pytest.raises(ValidationError) as refusal:
        decide_level(crisis, "3", **{missing: " "})

    assert set(refusal.value.message_dict) == {missing}
    assert not crisis.levels.exists()


def test_the_api_says_who_decided_and_why():
    crisis = log()
    decide_level(crisis, "3")

    answer = reader(make_hq()).get(f"/api/v1/crises/{crisis.reference}/").json()

    [level] = answer["levels"]
    assert (level["decided_by"], level["note"]) == ("The emergency board", "More people than one office can serve.")


def test_a_partner_reads_the_decisions_and_not_who_recorded_them(office):
    crisis = log(office=office)
    decide_level(crisis, "3")
    share(crisis)

    shown = signed_in(make_partner("LBY")).get(f"/crises/{crisis.reference}/levels/")

    assert "The emergency board" in shown.content.decode()
    assert "<bdi>hq</bdi>" not in shown.content.decode()


def test_the_software_brings_no_definition(field_client):
    assert page(field_client, "/levels/").count(NONE_ENTERED) == 5
    assert not LevelDefinition.objects.exists()


def test_headquarters_writes_what_a_level_means_and_every_reader_sees_whose_text_it_is(hq_client, field_client):
    answers = {"text": "Support from every unit.", "source": "Manual, chapter 3", "revision": 0}

    done = hq_client.post("/levels/iom/3/", answers)

    assert done.url == "/levels/"
    assert "Support from every unit. Manual, chapter 3 hq ," in page(field_client, "/levels/")
    assert "Support from every unit." in page(hq_client, f"/crises/{log().reference}/level/")


def test_two_people_at_one_definition_see_each_other_and_nothing_is_lost(hq_client):
    define("The first text.")

    clash = hq_client.post("/levels/iom/3/", {"text": "The second text.", "revision": 0})

    assert clash.status_code == 409
    assert "The first text." in clash.content.decode()
    assert "The second text." in clash.content.decode()
    assert re.search(r'name="revision" value="1"', clash.content.decode())
    assert LevelDefinition.objects.get().text == "The first text."


def test_every_text_a_level_has_had_is_kept():
    define("The first text.")
    define("The second text.", revision=1)
    define("The second text.", revision=2)

    assert list(LevelDefinition.objects.get().history.values_list("text", flat=True)) == [
        "The second text.",
        "The first text.",
    ]


def test_only_headquarters_writes_definitions_and_only_of_levels_there_are(hq_client):
    with pytest.raises(PermissionDenied):
        define(by=make_field())

    assert hq_client.get("/levels/iom/4/").status_code == 404
    assert hq_client.get("/levels/iom/L3/").status_code == 404


def test_the_levels_of_a_crisis_as_they_were(field_client):
    crisis = log(at=timezone.now() - timedelta(days=20))
    decide_level(crisis, "2", at=timezone.now() - timedelta(days=10))
    decide_level(crisis, "3", decided_on=date(2026, 2, 10), at=timezone.now() - timedelta(days=5))

    then = (timezone.now() - timedelta(days=7)).date().isoformat()
    shown = page(field_client, f"/crises/{crisis.reference}/levels/?as_of={then}")

    assert "In force: Level 2" in shown
    assert "Level 3" not in shown


def test_the_pages_of_levels_cost_the_same_whatever_there_is(field_client, django_assert_num_queries):
    crisis = log()
    for value in ("1", "2"):
        decide_level(crisis, value)
        # session, reader, crisis, decisions with who recorded them, definitions
        with django_assert_num_queries(5):
            field_client.get(f"/crises/{crisis.reference}/levels/")
