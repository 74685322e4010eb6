"""How often one reader may ask the API: each token by itself, in all processes together, without a write."""

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.conf import settings as configured
from django.core.cache import cache

from mcof import limits
from mcof.counts import Cached, Files
from offices.models import Token
from tests.factories import log, make_field, make_hq, make_office, make_partner, reader
from tests.test_api_errors import said

pytestmark = pytest.mark.django_db
V1 = "/api/v1/"
MOMENT = 1_700_000_010  # thirty seconds before its minute ends


@pytest.fixture(autouse=True)
def limited(settings, tmp_path, monkeypatch):
    """Three reads a minute, two of a visitor, one change; and a clock that stands still."""
    settings.API_READS_PER_MINUTE, settings.API_VISITORS_PER_MINUTE, settings.API_WRITES_PER_MINUTE = 3, 2, 1
    settings.API_LIMITS_DIR = tmp_path / "limits"
    monkeypatch.setattr(limits, "time", lambda: MOMENT)
    return lambda moment: monkeypatch.setattr(limits, "time", lambda: moment)


def left(answer):
    return answer.headers["RateLimit-Remaining"]


def test_every_answer_says_how_much_is_left_and_the_one_too_many_when_to_come_again():
    client = reader(make_hq())

    answers = [client.get(f"{V1}codes/") for _n in range(5)]

    assert [answer.status_code for answer in answers] == [200, 200, 200, 429, 429]
    assert [left(answer) for answer in answers] == ["2", "1", "0", "0", "0"]
    headers = answers[0].headers
    assert (headers["RateLimit-Policy"], headers["RateLimit"]) == ('"reads";q=3;w=60', '"reads";r=2;t=30')
    assert (headers["RateLimit-Limit"], headers["RateLimit-Reset"]) == ("3", "30")
    problem = said(answers[-1], 429)
    assert problem["type"] == "/api/#limit"
    assert "Retry-After" in problem["detail"]
    assert answers[-1].headers["Retry-After"] == "30"


def test_the_next_minute_begins_anew(limited):
    client = reader(make_hq())
    for _n in range(4):
        client.get(f"{V1}codes/")

    limited(MOMENT + 30)

    assert left(client.get(f"{V1}codes/")) == "2"


def test_an_answer_that_has_not_changed_and_one_that_is_not_found_are_counted_and_say_so():
    client = reader(make_hq())
    tag = client.get(f"{V1}crises/").headers["ETag"]

    unchanged = client.get(f"{V1}crises/", headers={"if-none-match": tag})
    missing = client.get(f"{V1}crises/LBY-2014-K7Q/")

    assert [(answer.status_code, left(answer)) for answer in (unchanged, missing)] == [(304, "1"), (404, "0")]


def test_each_token_of_a_person_is_counted_by_itself():
    user = make_hq()
    first, second = reader(user), reader(user)
    for _n in range(4):
        last = first.get(f"{V1}codes/")

    assert last.status_code == 429
    assert left(second.get(f"{V1}codes/")) == "2"


def test_visitors_are_counted_by_their_address_and_wrong_tokens_and_addresses_with_them():
    client = reader()
    wrong = reader()
    wrong.credentials(HTTP_AUTHORIZATION="Token nonsense")

    assert left(client.get(f"{V1}codes/")) == "1"
    refused = wrong.get(f"{V1}codes/")
    assert (said(refused, 401)["status"], left(refused)) == (401, "0")
    assert said(wrong.get(f"{V1}codes/"), 429)
    assert said(client.get(f"{V1}nothing/"), 429)
    assert said(client.get(f"{V1}codes/"), 429)
    assert client.get(f"{V1}codes/", REMOTE_ADDR="192.0.2.7").status_code == 200
    assert reader(make_hq()).get(f"{V1}codes/").status_code == 200


def test_a_network_of_ipv6_is_one_address():
    client = reader()

    answers = [client.get(f"{V1}codes/", REMOTE_ADDR=f"2001:db8:1:2::{n}") for n in (1, 2)]

    assert [left(answer) for answer in answers] == ["1", "0"]
    assert left(client.get(f"{V1}codes/", REMOTE_ADDR="2001:db8:1:3::1")) == "1"


def test_what_a_caller_says_of_the_address_is_believed_behind_a_proxy_alone(settings):
    def ask(n):
        return left(reader().get(f"{V1}codes/", headers={"x-forwarded-for": f"192.0.2.{n}"}))

    assert [ask(1), ask(2)] == ["1", "0"]
    settings.REST_FRAMEWORK = configured.REST_FRAMEWORK | {"NUM_PROXIES": 1}
    assert [ask(3), ask(4)] == ["1", "1"]


def test_changes_have_a_lower_limit_of_their_own(office):
    crisis, client = log(office=office), reader(make_field(office), may_write=True)
    address = f"{V1}crises/{crisis.reference}/"

    answers = [client.patch(address, {"title": "x"}, format="json") for _n in range(2)]

    assert [answer.status_code for answer in answers] == [428, 429]
    assert answers[0].headers["RateLimit-Policy"] == '"writes";q=1;w=60'
    assert left(client.get(address)) == "2"


def test_without_a_limit_nothing_is_counted_and_nothing_said(settings):
    settings.API_READS_PER_MINUTE = 0

    answer = reader(make_hq()).get(f"{V1}codes/")

    assert "RateLimit" not in answer.headers
    assert not settings.API_LIMITS_DIR.exists()


def test_counting_asks_the_database_nothing(django_assert_num_queries):
    client = reader(make_partner("LBY"))
    for _n in range(3):
        with django_assert_num_queries(1):  # the token
            client.get(f"{V1}codes/")
    with django_assert_num_queries(1):
        assert client.get(f"{V1}codes/").status_code == 429


def test_the_api_answers_where_nothing_can_be_counted(settings, tmp_path, caplog):
    (tmp_path / "file").touch()
    settings.API_LIMITS_DIR = tmp_path / "file" / "limits"

    assert reader(make_hq()).get(f"{V1}codes/").status_code == 200
    assert "cannot be counted" in caplog.text


def test_pages_have_no_limit(client):
    answers = [client.get("/matrix/") for _n in range(4)]

    assert {(answer.status_code, "RateLimit" in answer.headers) for answer in answers} == {(200, False)}


COUNT = "import sys; from mcof.counts import Files; print(*[Files(sys.argv[1]).count('a', 7) for _ in range(500)])"


def test_two_processes_and_their_threads_share_one_count_and_none_is_lost(tmp_path):
    command = [sys.executable, "-c", COUNT, str(tmp_path)]
    processes = [subprocess.Popen(command, stdout=subprocess.PIPE, cwd=configured.BASE_DIR) for _n in range(2)]
    with ThreadPoolExecutor(4) as threads:
        counts = list(threads.map(lambda _n: Files(tmp_path).count("a", 7), range(200)))
    for process in processes:
        counts += map(int, process.communicate(timeout=60)[0].split())

    assert sorted(counts) == list(range(1, 1201))


def test_windows_that_are_over_leave_no_file(tmp_path):
    files = Files(tmp_path)
    for window in (7, 8, 9, 20):
        files.count("a", window)
        assert files.count("b", window) == 1

    assert {path.name for path in tmp_path.iterdir()} == {"20"}


def test_a_cache_that_counts_is_used_the_same_way():
    counts = Cached(cache, lasts=60)

    assert [counts.count("a", 7), counts.count("a", 7), counts.count("b", 7), counts.count("a", 8)] == [1, 2, 1, 1]


def test_a_cache_that_cannot_count_for_all_is_not_asked_to(settings):
    assert isinstance(limits._counts(), Files)
    settings.CACHES = {"default": {"BACKEND": "django.core.cache.backends.db.DatabaseCache", "LOCATION": "t"}}
    assert isinstance(limits._counts(), Files)
    settings.CACHES = {"default": {"BACKEND": next(iter(limits.SHARED)), "LOCATION": "redis://localhost/1"}}
    assert isinstance(limits._counts(), Cached)


def test_a_token_that_is_revoked_is_counted_as_a_visitor():
    client = reader(make_field(make_office()))
    Token.objects.all().delete()

    assert left(client.get(f"{V1}codes/")) == "1"
