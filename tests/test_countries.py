"""The countries and regions are those of the United Nations' M49 list."""

import json
import re

import pytest
from django.conf import settings
from django.core.management import call_command

from offices.models import Country, Region

pytestmark = pytest.mark.django_db

# ISO3: ISO2, M49, name, region, region of the world; one of each region, and those easily mistaken.
KNOWN = {
    "LBY": ("LY", "434", "Libya", "Northern Africa", "Africa"),
    "SDN": ("SD", "729", "Sudan", "Northern Africa", "Africa"),
    "SSD": ("SS", "728", "South Sudan", "Eastern Africa", "Africa"),
    "ETH": ("ET", "231", "Ethiopia", "Eastern Africa", "Africa"),
    "TCD": ("TD", "148", "Chad", "Middle Africa", "Africa"),
    "CAF": ("CF", "140", "Central African Republic", "Middle Africa", "Africa"),
    "COD": ("CD", "180", "Democratic Republic of the Congo", "Middle Africa", "Africa"),
    "COG": ("CG", "178", "Congo", "Middle Africa", "Africa"),
    "LSO": ("LS", "426", "Lesotho", "Southern Africa", "Africa"),
    "MLI": ("ML", "466", "Mali", "Western Africa", "Africa"),
    "NER": ("NE", "562", "Niger", "Western Africa", "Africa"),
    "NGA": ("NG", "566", "Nigeria", "Western Africa", "Africa"),
    "HTI": ("HT", "332", "Haiti", "Caribbean", "Americas"),
    "DOM": ("DO", "214", "Dominican Republic", "Caribbean", "Americas"),
    "DMA": ("DM", "212", "Dominica", "Caribbean", "Americas"),
    "HND": ("HN", "340", "Honduras", "Central America", "Americas"),
    "COL": ("CO", "170", "Colombia", "South America", "Americas"),
    "USA": ("US", "840", "United States of America", "Northern America", "Americas"),
    "KGZ": ("KG", "417", "Kyrgyzstan", "Central Asia", "Asia"),
    "KOR": ("KR", "410", "Republic of Korea", "Eastern Asia", "Asia"),
    "PRK": ("KP", "408", "Democratic People's Republic of Korea", "Eastern Asia", "Asia"),
    "PHL": ("PH", "608", "Philippines", "South-eastern Asia", "Asia"),
    "NPL": ("NP", "524", "Nepal", "Southern Asia", "Asia"),
    "PAK": ("PK", "586", "Pakistan", "Southern Asia", "Asia"),
    "AFG": ("AF", "004", "Afghanistan", "Southern Asia", "Asia"),
    "SYR": ("SY", "760", "Syrian Arab Republic", "Western Asia", "Asia"),
    "PSE": ("PS", "275", "State of Palestine", "Western Asia", "Asia"),
    "UKR": ("UA", "804", "Ukraine", "Eastern Europe", "Europe"),
    "SWE": ("SE", "752", "Sweden", "Northern Europe", "Europe"),
    "SRB": ("RS", "688", "Serbia", "Southern Europe", "Europe"),
    "CHE": ("CH", "756", "Switzerland", "Western Europe", "Europe"),
    "AUS": ("AU", "036", "Australia", "Australia and New Zealand", "Oceania"),
    "VUT": ("VU", "548", "Vanuatu", "Melanesia", "Oceania"),
    "KIR": ("KI", "296", "Kiribati", "Micronesia", "Oceania"),
    "TON": ("TO", "776", "Tonga", "Polynesia", "Oceania"),
}


@pytest.mark.parametrize(("iso3", "expected"), KNOWN.items())
def test_a_country_has_its_codes_name_and_regions(iso3, expected):
    country = Country.objects.select_related("region__parent").get(iso3=iso3)

    assert (country.iso2, country.m49, country.name, country.region.name, country.region.parent.name) == expected


def test_every_region_is_represented_above():
    assert {row[3] for row in KNOWN.values()} == set(
        Region.objects.filter(parent__isnull=False).values_list("name", flat=True)
    )


def test_the_list_is_whole_and_its_codes_are_well_formed():
    countries = list(Country.objects.all())

    assert len(countries) == 248
    for country in countries:
        assert re.fullmatch("[A-Z]{3}", country.iso3)
        assert re.fullmatch("[A-Z]{2}", country.iso2)
        assert re.fullmatch("[0-9]{3}", country.m49)
        assert country.name == country.name.strip() != ""
    assert len({country.name for country in countries}) == 248
    assert [country.iso3 for country in countries if country.region is None] == ["ATA"]


def test_regions_have_two_floors_and_countries_stand_on_the_lower_one():
    assert Region.objects.filter(parent=None).count() == 5
    assert Region.objects.filter(parent__isnull=False, parent__parent=None).count() == 22
    assert not Country.objects.filter(region__parent=None, region__isnull=False).exists()
    assert not Region.objects.filter(parent__isnull=False, countries=None).exists()


def test_loading_the_list_again_changes_nothing():
    before = list(Country.objects.values()), list(Region.objects.values())

    call_command("loaddata", "countries", verbosity=0)

    assert (list(Country.objects.values()), list(Region.objects.values())) == before


def test_the_file_can_be_reviewed_one_line_per_row_parents_first_no_row_numbers():
    text = (settings.BASE_DIR / "fixtures" / "countries.json").read_text()
    rows = json.loads(text)
    order = [
        (row["model"] == "offices.country", bool(row["fields"].get("parent")), row["fields"].get("iso3", ""))
        for row in rows
    ]

    assert len(text.splitlines()) == len(rows) + 2
    assert order == sorted(order)
    assert not any("pk" in row for row in rows)
