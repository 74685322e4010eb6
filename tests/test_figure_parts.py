"""Sex and age of a figure where its source gives them: shown beside it, never added up, never a way to a person."""

import html
import re
import uuid
from dataclasses import dataclass
from itertools import combinations

import pytest
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.urls import reverse
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from crises import services
from crises.disclosure import parts_withheld
from crises.models import AgeBand, Figure, FigurePart
from tests.conftest import signed_in
from tests.factories import NOON, add_figure, log, make_field, make_hq, make_partner, make_user, reader, share

FIGURE = {
    "metric": "displaced",
    "group": "internally_displaced",
    "value": "1000",
    "qualifier": "exact",
    "unit": "people",
    "as_of_year": "2026",
    "source_kind": "iom_dtm",
}


def band(code):
    return AgeBand.objects.get(code=code)


def parts(**said):
    """female_0_4=120 as the parts that services take."""
    found = {}
    for name, value in said.items():
        sex, _, code = name.partition("_")
        found[sex, band(code.replace("_", "-"))] = value
    return found


def text(markup):
    return " ".join(html.unescape(re.sub(r"<[^>]*>", " ", markup)).split())


def send(client, crisis, **said):
    return client.post(reverse("figure-add", args=[crisis.reference]), FIGURE | {"key": str(uuid.uuid4())} | said)


# the rule


@pytest.mark.django_db
def test_parts_are_kept_beside_the_figure_and_an_empty_place_is_no_part():
    figure = add_figure(log(), 1000, parts=parts(female_0_4=120, male_0_4=0, unknown_unknown=30))

    assert {(part.sex, part.band.code): part.value for part in figure.parts.all()} == {
        ("female", "0-4"): 120,
        ("male", "0-4"): 0,
        ("unknown", "unknown"): 30,
    }


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("value", "values", "problem"),
    [
        (100, {}, "“Female, 0-4” cannot be more than the whole, which is exactly 100."),
        (200, {"unit": "households"}, "Only people have a sex and an age."),
    ],
)
def test_a_part_is_of_people_and_no_larger_than_an_exact_whole(value, values, problem):
    with pytest.raises(ValidationError) as refused:
        add_figure(log(), value, parts=parts(female_0_4=101), **values)

    assert refused.value.message_dict["parts"] == [problem]
    assert not Figure.objects.exists()


@pytest.mark.django_db
@pytest.mark.parametrize(("value", "values"), [(100, {"qualifier": "about"}), (None, {}), (101, {})])
def test_a_part_may_pass_a_whole_that_is_not_exact_or_not_known(value, values):
    assert add_figure(log(), value, parts=parts(female_0_4=101), **values).parts.get().value == 101


@pytest.mark.django_db
def test_the_database_holds_one_part_of_0_or_more_for_each_sex_and_age():
    figure = add_figure(log(), 1000, parts=parts(female_0_4=120))

    for wrong in ({"sex": "female", "value": 5}, {"sex": "male", "value": -1}, {"sex": "other", "value": 1}):
        with pytest.raises(IntegrityError), transaction.atomic():
            FigurePart.objects.create(figure=figure, band=band("0-4"), **wrong)


@pytest.mark.django_db
def test_the_same_figure_with_other_parts_is_another_submission():
    crisis, key = log(), uuid.uuid4()
    add_figure(crisis, 1000, key=key, parts=parts(female_0_4=120))
    add_figure(crisis, 1000, key=key, parts=parts(female_0_4=120))

    with pytest.raises(services.KeyReused):
        add_figure(crisis, 1000, key=key, parts=parts(female_0_4=121))
    assert FigurePart.objects.count() == 1


@pytest.mark.django_db
def test_the_bands_are_seeded_and_include_one_that_is_not_known():
    bands = list(AgeBand.objects.all())

    assert [one.code for one in bands][:2] == ["0-4", "5-11"]
    assert (bands[-1].code, bands[-1].from_age, bands[-1].to_age) == ("unknown", None, None)


@pytest.mark.django_db
def test_the_bands_can_be_edited_by_an_administrator_until_they_are_used():
    root = make_user("root")
    root.is_superuser = root.is_staff = True
    root.save()
    add_figure(log(), 1000, parts=parts(female_0_4=120))
    client, used, unused = signed_in(root), band("0-4"), band("5-11")
    said = {"code": "x", "label": "Babies", "from_age": "0", "to_age": "1", "number": "1"}

    for one in (used, unused):
        assert client.post(reverse("admin:crises_ageband_change", args=[one.pk]), said).status_code == 302
        one.refresh_from_db()

    assert (used.label, used.from_age, used.to_age, used.code) == ("Babies", 0, 4, "0-4")
    assert (unused.label, unused.from_age, unused.to_age) == ("Babies", 0, 1)
    assert used.history.first().history_user == root
    assert client.post(reverse("admin:crises_ageband_delete", args=[used.pk]), {"post": "yes"}).status_code == 403
    assert client.post(reverse("admin:crises_ageband_delete", args=[unused.pk]), {"post": "yes"}).status_code == 302


@pytest.mark.django_db
def test_a_band_that_is_no_longer_offered_is_not_asked_for_and_keeps_what_was_said(field_client):
    crisis = log()
    add_figure(crisis, 1000, parts=parts(female_0_4=120))
    AgeBand.objects.filter(code="0-4").update(offered=False)

    assert "parts_female_0-4" not in field_client.get(reverse("figure-add", args=[crisis.reference])).content.decode()
    assert "Female, 0-4: 120" in text(
        field_client.get(reverse("figure-list", args=[crisis.reference])).content.decode()
    )


# the form


@pytest.mark.django_db
def test_the_grid_is_closed_until_it_is_filled_or_wrong(field_client):
    crisis = log()
    form = field_client.get(reverse("figure-add", args=[crisis.reference])).content.decode()
    wrong = send(field_client, crisis, **{"parts_female_0-4": "many"})

    assert re.search(r"<details[^>]*>\s*<summary>", form)
    assert not re.search(r"<details[^>]*\bopen", form)
    assert wrong.status_code == 400
    assert re.search(r"<details[^>]*\bopen", wrong.content.decode())


@pytest.mark.django_db
def test_what_is_filled_in_is_kept_and_an_empty_place_stays_not_known(field_client):
    crisis = log()

    response = send(
        field_client, crisis, **{"parts_female_18-59": "1 000", "parts_male_0-4": "", "parts_male_5-11": "0"}
    )

    assert response.status_code == 303
    found = {(part.sex, part.band.code): part.value for part in Figure.objects.get().parts.all()}
    assert found == {("female", "18-59"): 1000, ("male", "5-11"): 0}
    assert "with 2 numbers by sex and age" in text(
        field_client.get(reverse("crisis", args=[crisis.reference])).content.decode()
    )


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("said", "message"),
    [
        ({"parts_female_0-4": "many"}, "“Female, 0-4” must be a whole number, like 12500."),
        ({"parts_male_60-plus": "-2"}, "“Male, 60 and over” must be 0 or more."),
        ({"parts_male_0-4": "1001"}, "“Male, 0-4” cannot be more than the whole, which is exactly 1,000."),
        ({"parts_male_0-4": "5", "unit": "houses"}, "Only people have a sex and an age."),
    ],
)
def test_each_mistake_in_the_grid_is_named_and_what_was_typed_stays(field_client, said, message):
    response = send(field_client, log(), note="Kept.", **said)
    page = html.unescape(response.content.decode())

    assert response.status_code == 400
    assert page.count(message) == 2  # in the summary and at the grid
    assert 'href="#id_parts_0"' in page
    assert 'id="id_parts_0"' in page
    name, typed = next(iter(said.items()))
    assert re.search(rf'name="{name}"[^>]*value="{typed}"', page)
    assert not Figure.objects.exists()


# who is told


@dataclass(frozen=True)
class Part:
    sex: str
    band: AgeBand
    value: int


BANDS = {
    code: AgeBand(code=code, from_age=low, to_age=high)
    for code, low, high in [
        ("child", 0, 17),
        ("0-4", 0, 4),
        ("5-17", 5, 17),
        ("adult", 18, None),
        ("unknown", None, None),
    ]
}
COUNTS = st.sampled_from([0, 0, 5, 6, 9, 40]) | st.integers(0, 7)


@st.composite
def statements(draw):
    """A whole and some of its true parts, as a source would give them: (whole, parts)."""
    given_parts, whole = [], draw(COUNTS)
    for sex in ("female", "male", "unknown"):
        small, rest, adult, unknown = (draw(COUNTS) for _ in range(4))
        child = small + rest + draw(COUNTS)
        values = {"child": child, "0-4": small, "5-17": rest, "adult": adult, "unknown": unknown}
        whole += child + adult + unknown
        given_parts += [Part(sex, BANDS[code], value) for code, value in values.items() if draw(st.booleans())]
    said = given_parts[: draw(st.integers(1, 4))] or given_parts
    return draw(st.sampled_from([whole, None])), said


def apart(one, other):
    """Whether nobody can be in both parts."""
    if one.sex != other.sex or "unknown" in (one.band.code, other.band.code):
        return True
    return {one.band.code, other.band.code} not in ({"child", "0-4"}, {"child", "5-17"})


def holds(wide, part):
    return wide.sex == part.sex and wide.band.code == "child" and part.band.code in ("0-4", "5-17")


@given(statements())
@settings(suppress_health_check=[HealthCheck.filter_too_much], max_examples=200, deadline=None)
def test_nobody_outside_finds_a_small_count_by_subtraction(statement):
    """What a reader can work out of the parts that are told: any of them taken from what holds them."""
    whole, said = statement
    assume(said and not parts_withheld(whole, said))

    for size in range(1, len(said) + 1):
        for some in combinations(said, size):
            if not all(apart(*pair) for pair in combinations(some, 2)):
                continue
            total = sum(part.value for part in some)
            assert total == 0 or total >= 5
            holders = [whole] if whole is not None else []
            holders += [wide.value for wide in said if all(holds(wide, part) for part in some)]
            for holder in holders:
                assert not 0 < holder - total < 5


@pytest.mark.parametrize(
    ("whole", "values", "withheld"),
    [
        (100, {("female", "adult"): 60, ("male", "adult"): 40}, False),
        (100, {("female", "adult"): 97, ("male", "adult"): 3}, True),  # one small part
        (102, {("female", "adult"): 60, ("male", "adult"): 40}, True),  # 2 of the whole are left
        (None, {("female", "child"): 50, ("female", "0-4"): 47}, True),  # 3 of the children are left
        (None, {("female", "adult"): 60}, False),
        (100, {("female", "adult"): 100, ("male", "adult"): 0}, False),  # none is no person
        (3, {("female", "adult"): 0}, True),
        (100, {}, False),
    ],
)
def test_all_parts_are_withheld_or_none(whole, values, withheld):
    said = [Part(sex, BANDS[code], value) for (sex, code), value in values.items()]

    assert parts_withheld(whole, said) is withheld


@pytest.mark.django_db
def test_bands_that_share_ages_without_one_holding_the_other_are_withheld():
    odd = AgeBand(code="10-24", from_age=10, to_age=24)

    assert parts_withheld(None, [Part("male", BANDS["child"], 50), Part("male", odd, 50)])
    assert not parts_withheld(None, [Part("male", BANDS["child"], 50), Part("female", odd, 50)])


@pytest.mark.django_db
def test_partners_get_all_parts_or_none_on_the_page_in_the_api_and_in_the_table(partner_client, field_client):
    crisis = share(log())
    add_figure(crisis, 1000, parts=parts(female_18_59=800, male_18_59=200))
    add_figure(crisis, 2000, parts=parts(female_18_59=1777, male_18_59=3))
    listed, table = (reverse(name, args=[crisis.reference]) for name in ("figure-list", "figure-csv"))
    partner, staff = reader(make_partner("LBY")), reader(make_hq())
    address = f"/api/v1/crises/{crisis.reference}/"

    told, known = partner.get(address).json()["figures"], staff.get(address).json()["figures"]

    assert {figure["value"]: figure["parts"] for figure in told} == {
        1000: [
            {"sex": "female", "age_band": "18-59", "from_age": 18, "to_age": 59, "value": 800},
            {"sex": "male", "age_band": "18-59", "from_age": 18, "to_age": 59, "value": 200},
        ],
        2000: [],
    }
    assert {figure["value"]: figure["parts_withheld"] for figure in told} == {1000: False, 2000: True}
    assert {figure["value"]: len(figure["parts"]) for figure in known} == {1000: 2, 2000: 2}
    page = text(partner_client.get(listed).content.decode())
    assert "Female, 18-59: 800" in page
    assert "1,777" not in page
    assert "Sex and age are not shown" in page
    assert "Female, 18-59: 1,777" in text(field_client.get(listed).content.decode())
    lines = b"".join(partner_client.get(table)).decode()
    assert "female 18-59: 800; male 18-59: 200" in lines
    assert "1777" not in lines
    assert "female 18-59: 1777; male 18-59: 3" in b"".join(field_client.get(table)).decode()


@pytest.mark.django_db
def test_the_list_costs_the_same_with_parts(field_client, django_assert_num_queries):
    one, many = log(), log()
    add_figure(one, 1000, parts=parts(female_0_4=120))
    for code in ("0_4", "5_11", "60_plus"):
        add_figure(many, 1000, by=make_field(), at=NOON, parts=parts(**{f"female_{code}": 9, f"male_{code}": 8}))

    # session, reader, crisis, figures with who recorded and withdrew them, their sectors, their parts with the bands
    for crisis in (one, many):
        with django_assert_num_queries(6):
            field_client.get(reverse("figure-list", args=[crisis.reference]))
