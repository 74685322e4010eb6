"""The samples of the API's page, run as they stand against a live server: what they keep is what the pages say."""

import json
import os
import shutil
import socket
import sqlite3
import subprocess
import sys
import time
from contextlib import suppress
from datetime import timedelta

import pytest
from django.core.management import call_command
from django.test import override_settings
from django.utils import timezone

from crises import dashboard, demo, services
from crises.models import Crisis
from exchange import delivering, outbound, signing
from exchange.samples import FOLDER, samples
from exchange.services.webhooks import renew_secret
from offices.demo import load_people, partner_token
from offices.models import Token, User
from tests.factories import log, make_hook, make_hq

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

    for sample in samples("sync") + samples("webhook"):
        assert sample.file in page
        assert sample.text.splitlines()[0] in page


# Webhooks


@pytest.fixture(params=HERE)
def receiver(request, settings, tmp_path):
    """The sample of a receiver: receiver(secret) starts it, `url` is its address, `heard` says what it has printed."""
    settings.WEBHOOKS_TO_LOOPBACK = True
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    heard, running = tmp_path / "heard", []

    def start(secret):
        command = [PROGRAMS[request.param], str(FOLDER / f"webhook.{request.param}")]
        environment = os.environ | {"PORT": str(port), "MCOF_SECRET": secret}
        with heard.open("w") as out:
            running.append(subprocess.Popen(command, stdout=out, stderr=subprocess.DEVNULL, env=environment))
        for _attempt in range(200):
            with suppress(OSError), socket.create_connection(("127.0.0.1", port)):
                break
            time.sleep(0.05)

    start.heard, start.url = heard.read_text, f"http://127.0.0.1:{port}/"
    yield start
    for process in running:
        process.terminate()
        process.wait()


@pytest.mark.django_db
def test_the_samples_for_webhooks_believe_what_is_signed_and_nothing_else(receiver):
    hook = make_hook(make_hq(), url=receiver.url, events=["crisis.new"])
    receiver(signing.secret_of(hook))
    crisis = log()
    call_command("deliver_webhooks", "--once")

    sent = hook.deliveries.get()
    assert (sent.state, sent.status) == ("sent", 204)
    assert receiver.heard() == f"crisis.new {crisis.reference}\n"
    now, old = timezone.now(), timezone.now() - timedelta(minutes=6)
    body, headers = delivering.call(hook, sent, now)
    assert outbound.post(hook.url, body, headers).status == 204
    assert outbound.post(hook.url, body.replace(b"crisis.new", b"crisis.old"), headers).status == 400
    assert outbound.post(hook.url, *delivering.call(hook, sent, old)).status == 400, "an old one, played again"
    hook = renew_secret(hook=hook, by=hook.owner)
    assert outbound.post(hook.url, *delivering.call(hook, sent, now)).status == 204, "while the secret is renewed"
    hook.old_secret_until = None
    assert outbound.post(hook.url, *delivering.call(hook, sent, now)).status == 400
