"""One set of filters for pages, files and the API: what each means, and what an address that is not understood gets."""

import re
from datetime import date

import pytest
from django.http import QueryDict

from crises import services
from crises.filters import CrisisFilter, GapFilter
from crises.models import Crisis
from offices.models import Country, Office
from tests.factories import (
    NOON,
    log,
    make_field,
    make_hq,
    make_lead,
    make_office,
    set_status,
    waive,
)

pytestmark = pytest.mark.django_db


def ask(query, kind=CrisisFilter):
    return kind(QueryDict(query), Crisis.objects.all())


def found(query):
    narrowed = ask(query)
    assert narrowed.problems() == {}
    return set(narrowed.qs.values_list("title", flat=True))


def decide(crisis, value, on, **more):
    services.decide_level(
        decided_by="The emergency board",
        note="More than one office can serve.",
        crisis=crisis,
        by=make_hq(),
        scheme="iom",
        value=value,
        decided_on=on,
        at=NOON,
        **more,
    )


@pytest.fixture
def cast():
    """Libya in two phases, a neighbour reached from Libya, a drill in Peru, and a crisis that is over."""
    cairo = make_office("cairo", country="EGY", kind=Office.Kind.REGIONAL)
    tripoli, tunis, lima = (
        make_office("tripoli", parent=cairo),
        make_office("tunis", country="TUN", parent=cairo),
        make_office("lima", country="PER"),
    )
    return {
        "libya": log(office=tripoli, title="libya", phases=["during", "after"], glide="CE-2011-000020-LBY"),
        "tunisia": log(
            office=tunis,
            by=make_field(tunis, "tunis-field"),
            title="tunisia",
            country="TUN",
            cause="natural_hazard",
            other_countries=[Country.objects.get(pk="LBY")],
            sharing="office",
        ),
        "peru": log(
            office=lima,
            by=make_field(lima, "lima-field"),
            title="peru",
            country="PER",
            phases=["before"],
            exercise=True,
        ),
        "over": services.close_crisis(crisis=log(office=tripoli, title="over"), by=make_lead(tripoli), at=NOON).crisis,
    }


@pytest.mark.parametrize(
    ("query", "titles"),
    [
        ("", "libya tunisia peru over"),
        ("q=LIBYA+ce-2011", "libya"),
        ("q=nothing+like+it", ""),
        ("country=TUN", "tunisia"),
        ("country=LBY", "libya over tunisia"),  # main country or one of the others
        ("region=015", "libya tunisia over"),  # Northern Africa
        ("region=002", "libya tunisia over"),  # Africa, with its parts
        ("region=019", "peru"),
        ("office=tunis", "tunisia"),
        ("office=cairo", "libya tunisia over"),
        ("office=hq", "libya tunisia peru over"),
        ("cause=natural_hazard", "tunisia"),
        ("phase=after", "libya"),
        ("phase=before", "peru"),
        ("status=closed", "over"),
        ("status=open&country=LBY", "libya tunisia"),
        ("sharing=office", "tunisia"),
        ("exercise=true", "peru"),
        ("exercise=false", "libya tunisia over"),
        ("region=&country=TUN&q=", "tunisia"),  # as a form sends what was left empty
    ],
)
def test_a_filter_finds_what_it_says(cast, query, titles):
    assert found(query) == set(titles.split())


def test_the_level_is_the_newest_decision_unless_it_has_ended(cast):
    decide(cast["libya"], "3", date(2026, 1, 1))
    decide(cast["libya"], "2", date(2026, 2, 1))
    decide(cast["tunisia"], "3", date(2026, 1, 1))
    decide(cast["tunisia"], "1", date(2026, 2, 1), ended_on=date(2026, 2, 20))
    services.decide_level(
        decided_by="The emergency board",
        note="More than one office can serve.",
        crisis=cast["peru"],
        by=make_hq(),
        scheme="inter_agency",
        value="L3",
        decided_on=date(2026, 1, 1),
        at=NOON,
    )

    assert found("level=2") == {"libya"}
    assert found("level=3") == found("level=1") == set()
    assert found("level=none") == {"tunisia", "peru", "over"}


def test_a_sector_is_needed_where_it_is_an_open_gap_that_nobody_waived(cast):
    assert found("needs=S03") == {"libya", "tunisia"}

    set_status(cast["libya"], "S03", "during", "active")
    waive(cast["tunisia"], "S03")

    assert found("needs=S03") == set()
    assert found("needs=S14") == {"libya", "peru"}  # critical before and after


def test_gaps_are_narrowed_by_their_own_phase_and_sector(cast):
    narrowed = ask("phase=after&region=002", GapFilter)
    one = ask("sector=S14", GapFilter)

    assert narrowed.problems() == one.problems() == {}
    assert {(gap.crisis.title, gap.phase.slug) for gap in narrowed.qs} == {("libya", "after")}
    assert {(gap.crisis.title, gap.sector.code) for gap in one.qs} == {("libya", "S14"), ("peru", "S14")}


def test_waived_gaps_are_among_the_gaps_unless_asked_for_or_ruled_out(cast):
    waive(cast["libya"], "S03")

    def codes(query):
        narrowed = ask(query, GapFilter)
        assert narrowed.problems() == {}
        return {gap.sector.code for gap in narrowed.qs.filter(crisis=cast["libya"], phase__slug="during")}

    assert codes("waived=true") == codes("waived=1") == {"S03"}
    assert codes("waived=false") == codes("waived=0") == codes("") - {"S03"}
    assert "S03" in codes("")


@pytest.mark.parametrize(
    ("query", "name", "words"),
    [
        ("phse=during", "phse", "There is no parameter “phse” here. Did you mean “phase”?"),
        ("zzz=1", "zzz", "There is no parameter “zzz” here. The known ones are: q, region, country"),
        ("phase=durng", "phase", "“phase” has no value “durng”. Did you mean “during” (During)?"),
        ("country=LBYA", "country", "Did you mean “LBY” (Libya)?"),
        ("country=tunisa", "country", "Did you mean “TUN” (Tunisia)?"),
        ("region=Africa", "region", "Did you mean “002” (Africa)?"),
        ("office=tripolis", "office", "Did you mean “tripoli”"),
        ("needs=shelter", "needs", "“needs” has no value “shelter”. Did you mean “S02” (Shelter, NFI)?"),
        ("level=9", "level", "“level” has no value “9”. Its values are: 1, 2, 3, none."),
        ("exercise=maybe", "exercise", "“exercise” has no value “maybe”. Its values are: false, true."),
        ("cause=conflict&cause=epidemic", "cause", "The parameter “cause” is there twice. Keep one."),
        ("q=" + "x" * 101, "q", "Search must be 100 characters or fewer. It has 101."),
        ("q=%00", "q", "Null characters are not allowed."),
    ],
)
def test_an_address_that_is_not_understood_is_answered_with_the_nearest_one(cast, query, name, words):
    problems = ask(query).problems()

    assert list(problems) == [name]
    assert len(problems[name]) == 1
    assert words in problems[name][0]


def test_names_that_the_caller_reads_itself_are_known(cast):
    narrowed = ask("sort=title&page=2&sor=x")

    assert list(narrowed.problems(["sort", "page"])) == ["sor"]
    assert narrowed.problems(["sort", "page"])["sor"] == ["There is no parameter “sor” here. Did you mean “sort”?"]


def test_a_code_that_exists_is_known_even_where_it_finds_nothing(cast):
    assert found("country=FRA") == found("region=142") == set()


def test_only_places_and_offices_with_a_crisis_of_the_reader_are_offered(cast):
    own = CrisisFilter(QueryDict(), Crisis.objects.visible_to(make_field(cast["libya"].office)))

    assert own.countries.offered == [("LBY", "Libya")]
    assert own.regions.offered == [("002", "Africa"), ("015", "\N{EN DASH} Northern Africa")]
    assert [slug for slug, _name in own.offices.offered] == ["cairo", "hq", "tripoli"]


def test_a_wrong_value_hints_at_nothing_the_reader_may_not_see(cast):
    own = CrisisFilter(QueryDict("office=limas"), Crisis.objects.visible_to(make_field(cast["libya"].office)))

    assert "lima" not in own.problems()["office"][0].replace("limas", "")


def test_each_filter_in_use_can_be_taken_away_alone(cast):
    narrowed = ask("q=sea&phase=during&country=LBY&sort=title&page=3&cause=")
    assert narrowed.problems(["sort", "page"]) == {}

    assert [(str(chip["label"]), chip["value"], chip["without"]) for chip in narrowed.chips()] == [
        ("Search", "sea", "?phase=during&country=LBY&sort=title"),
        ("Country", "Libya", "?q=sea&phase=during&sort=title"),
        ("Phase", "During", "?q=sea&country=LBY&sort=title"),
    ]


def test_a_filter_costs_no_query_beyond_its_codes(cast, django_assert_num_queries):
    ask("phase=during").problems()
    # the edition in force
    with django_assert_num_queries(1):
        assert ask("phase=during&needs=S03&cause=conflict&level=2").problems() == {}
    # countries with their regions, offices
    with django_assert_num_queries(2):
        assert ask("country=LBY&region=002&office=tripoli").problems() == {}


# The form above a page.

ALIKE = {"region", "office", "level", "phase", "cause", "period", "part_of", "exercise"}


@pytest.mark.parametrize("path", ["/crises/", "/gaps/", "/dashboard/", "/grid/", "/worklist/", "/countries/"])
def test_each_filter_can_be_chosen_on_every_page_across_crises(cast, hq_client, path):
    form = re.search(r'<form class="bar".*?</form>', hq_client.get(path).content.decode(), re.DOTALL)[0]

    assert set(re.findall(r'<(?:select|input type="text")[^>]* name="(\w+)"', form)) >= ALIKE


def test_what_is_chosen_under_more_filters_is_sent_once(cast, hq_client):
    page = hq_client.get("/grid/?cause=conflict&review=changed").content.decode()
    form = re.search(r'<form class="bar".*?</form>', page, re.DOTALL)[0]

    assert [form.count(f'name="{name}"') for name in ("cause", "review", "region")] == [1, 1, 1]
    assert '<option value="conflict" selected>' in form
    assert '<input type="hidden" name="review" value="changed">' in form
