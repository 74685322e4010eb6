"""The samples of the API's page, run as they stand against a live server: what they keep is what the pages say."""

import json
import os
import shutil
import sqlite3
import subprocess
import sys

import pytest
from django.test import override_settings

from crises import dashboard, demo, demo_related, services
from crises.models import Crisis
from exchange.samples import FOLDER, samples
from offices.demo import load_people, partner_token
from offices.models import Token, User
from tests.factories import make_hq

PROGRAMS = {"py": sys.executable, "js": shutil.which("node"), "R": shutil.which("Rscript")}
HERE = [ending for ending, program in PROGRAMS.items() if program]


def run(name, ending, folder, **variables):
    """Run a sample as a reader would, in a folder of its own. Answers what it printed."""
    command = [PROGRAMS[ending], str(FOLDER / f"{name}.{ending}")]
    done = subprocess.run(command, cwd=folder, env=os.environ | variables, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.fixture
def demo_site(seeded, live_server):
    """The demo behind a live server: the address of its API."""
    with override_settings(DEMO=True, HTTPS=False):
        load_people()
        demo.load(report=lambda line: None)
        demo_related.load(report=lambda line: None)
    return f"{live_server.url}/api/v1/"


def kept(folder, ending):
    """What a sample has kept: {reference: (status, gaps)}."""
    if ending == "py":
        rows = sqlite3.connect(folder / "crises.sqlite3").execute("select reference, status, gaps from crises")
        return {reference: (status, gaps) for reference, *(status, gaps) in rows}
    if ending == "js":
        stored = json.loads((folder / "crises.json").read_text())["crises"]
    else:
        words = 'cat(jsonlite::toJSON(readRDS("crises.rds")$crises, auto_unbox = TRUE))'
        stored = json.loads(subprocess.check_output([PROGRAMS["R"], "-e", words], cwd=folder))
    return {reference: (crisis["status"], crisis["gaps"]) for reference, crisis in stored.items()}


def counted(user):
    """The number of open crises and of their open gaps that the dashboard shows to a reader."""
    board = dashboard.board(Crisis.objects.visible_to(user))
    return board.counts()["open"], sum(board.gaps_of[row.pk] for row in board.rows)


@pytest.mark.django_db(transaction=True)
def test_the_samples_for_sync_keep_a_copy_whose_counts_are_the_dashboards(demo_site, tmp_path):
    partner, hq = User.objects.get(username="partner"), make_hq()
    tokens = {partner: partner_token(), hq: Token.objects.create(hq)[1]}
    folders = {(user, ending): tmp_path / f"{user.username}-{ending}" for user in tokens for ending in HERE}
    for folder in folders.values():
        folder.mkdir()

    def synced():
        for (user, ending), folder in folders.items():
            run("sync", ending, folder, MCOF=demo_site, MCOF_TOKEN=tokens[user])
            found = kept(folder, ending)
            opened = [gaps for status, gaps in found.values() if status == "open"]
            assert (len(opened), sum(opened)) == counted(user), (user, ending)
            shown = Crisis.objects.visible_to(user).exclude(status="merged")
            assert set(found) == set(shown.values_list("reference", flat=True))
        return counted(partner)

    before = synced()
    crisis = Crisis.objects.visible_to(partner).open().first()
    services.share_crisis(crisis=crisis, sharing="staff", by=hq)
    partner.partner.countries.add("PAK")  # the mirrors of the partner begin again
    assert synced() != before


@pytest.mark.django_db
def test_the_page_about_the_api_shows_the_files_of_the_samples(client):
    page = client.get("/api/").content.decode()

    for sample in samples("sync"):
        assert sample.file in page
        assert sample.text.splitlines()[0] in page
