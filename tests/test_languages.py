"""What the API's lists of codes call things, in three languages; and that nothing else is half in another one."""

import gettext
import re

import pytest

from crises.api import ENUMERATIONS
from mcof.languages import LISTS, asked_for
from offices.models import Country, Region
from sectors import reference
from tests.factories import log, make_hq, reader
from tests.test_api_errors import said

pytestmark = pytest.mark.django_db
V1 = "/api/v1/"
NAMES = ["codes", "sectors", "phases", "systems", "clusters", "regions", "countries"]


def ask(name, language, **headers):
    return reader().get(f"{V1}{name}/", headers={"accept-language": language} | headers)


def labels(language):
    return {row["code"]: row["label"] for row in ask("codes", language).json()["metric"]}


def named(name, language, key, code):
    return next(row["name"] for row in ask(name, f"{language}").json()["results"] if row[key] == code)


def test_each_list_is_in_the_language_asked_for():
    assert labels("fr")["displaced"] == "Personnes déplacées"
    assert labels("es")["displaced"] == "Personas desplazadas"
    assert labels("en")["displaced"] == labels("")["displaced"] == "Displaced"
    assert named("sectors", "fr", "code", "S04") == "Appui sanitaire"
    assert named("phases", "es", "slug", "during") == "Durante una crisis migratoria"
    assert named("clusters", "fr", "slug", "wash") == "Eau, assainissement et hygiène"
    assert named("systems", "es", "slug", "refugee-regime") == "Régimen de los refugiados"
    assert named("regions", "fr", "code", "017") == "Afrique centrale"
    assert named("countries", "es", "iso3", "AFG") == "Afganistán"


@pytest.mark.parametrize(
    ("header", "language"),
    [
        ("", "en"),
        ("fr", "fr"),
        ("fr-CH, fr;q=0.9, en;q=0.8", "fr"),
        ("de, es;q=0.5, en;q=0.1", "es"),
        ("es;q=0.2, fr;q=0.9", "fr"),
        ("fr;q=0, es", "es"),
        ("*", "en"),
        ("de", "en"),
        ("nonsense;;q=x", "en"),
    ],
)
def test_the_best_of_what_is_accepted_is_chosen(header, language):
    assert asked_for(header) == language


@pytest.mark.parametrize("name", NAMES)
def test_each_language_is_an_answer_of_its_own(name):
    answers = {language: ask(name, language) for language in ("en", "fr", "es")}
    tags = {language: answer.headers["ETag"] for language, answer in answers.items()}

    assert len(set(tags.values())) == 3
    for language, answer in answers.items():
        assert answer.headers["Content-Language"].split(", ")[0] == language
        assert "Accept-Language" in answer.headers["Vary"]
        unchanged = ask(name, language, **{"if-none-match": tags[language]})
        assert (unchanged.status_code, unchanged.content) == (304, b"")
        assert unchanged.headers["Content-Language"] == answer.headers["Content-Language"]
        assert ask(name, language, **{"if-none-match": tags["es" if language == "fr" else "fr"]}).status_code == 200


def test_a_head_says_the_same_as_the_answer_itself():
    head = reader().head(f"{V1}codes/", headers={"accept-language": "fr"})

    assert head.headers["ETag"] == ask("codes", "fr").headers["ETag"]
    assert head.headers["Content-Language"] == "fr"


def test_sentences_of_the_framework_beside_a_name_are_said_to_be_english():
    assert ask("sectors", "fr").headers["Content-Language"] == "fr, en"
    assert ask("countries", "fr").headers["Content-Language"] == "fr"


# --- what is not a list of codes is in English, whole


def test_pages_problems_and_other_answers_are_in_english_whatever_is_accepted(client):
    crisis = log()
    french = {"accept-language": "fr"}
    page = client.get("/matrix/", headers=french)

    assert '<html lang="en"' in page.text
    assert page.headers["Content-Language"] == "en"
    assert "Camp Management" in page.text
    assert client.get("/login/", headers=french).text.count("Sign in") > 0
    wrong = reader().get(f"{V1}codes/?a=1", headers=french)
    assert "There is no parameter" in said(wrong, 400)["errors"][0]["message"]
    assert wrong.headers["Content-Language"] == "en"
    hq = reader(make_hq())
    for address in ("framework/", f"crises/{crisis.reference}/", f"crises/{crisis.reference}/plan/"):
        told, english = (hq.get(V1 + address, headers={"accept-language": language}) for language in ("fr", "en"))
        assert told.content == english.content
        assert told.headers["Content-Language"] == "en"


def test_a_month_on_a_page_is_not_french(client):
    client.force_login(make_hq())

    assert "mars 2026" not in client.get(f"/crises/{log().reference}/", headers={"accept-language": "fr"}).text


# --- the catalogues


@pytest.fixture(params=["fr", "es"])
def catalogue(request, settings):
    """What a translator wrote, and what the program reads: {English: translated}, twice."""
    folder = settings.BASE_DIR / "locale" / request.param / "LC_MESSAGES"
    pairs = re.findall(r'^msgid "(.+)"\nmsgstr "(.+)"$', (folder / "django.po").read_text(), re.M)
    with (folder / "django.mo").open("rb") as compiled:
        read = gettext.GNUTranslations(compiled)
    return {msgid.replace('\\"', '"'): msgstr.replace('\\"', '"') for msgid, msgstr in pairs}, read


def everything():
    """Every name that the lists show."""
    for values in ENUMERATIONS.values():
        yield from (str(value.label) for value in values)
    content = reference.current()
    for row in (*content.sectors, *content.phases, *content.systems, *content.clusters):
        yield from (row.name, row.short_name)
    yield from Region.objects.values_list("name", flat=True)
    yield from Country.objects.values_list("name", flat=True)


def test_every_name_in_the_lists_is_translated_and_no_other(catalogue):
    written, _read = catalogue

    assert {*everything()} - {*written} == set()
    assert {*written} - {*everything()} == set()


def test_the_compiled_catalogue_says_what_is_written(catalogue):
    written, read = catalogue

    assert {msgid: read.gettext(msgid) for msgid in written} == written, (
        "compile it again: msgfmt -c -o locale/fr/LC_MESSAGES/django.mo locale/fr/LC_MESSAGES/django.po, es too"
    )
    assert len(read._catalog) == len(written) + 1  # and the header


def test_the_lists_are_those_of_the_api():
    assert [f"api-{name}" for name in NAMES] == LISTS
