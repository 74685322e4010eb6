"""What this site calls on somebody's behalf: public addresses, as they were judged, and never for long."""

import socket
import ssl
import subprocess
import threading
import time
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest
from django.core.exceptions import ValidationError

from exchange import outbound
from exchange.outbound import Refused, Trouble

INSIDE = [
    *("127.0.0.1", "127.8.8.8", "0.0.0.0", "10.0.0.1", "172.16.0.1", "192.168.1.1", "100.64.0.1", "192.0.0.8"),
    *("169.254.169.254", "198.18.0.1", "224.0.0.1", "240.0.0.1", "255.255.255.255", "192.0.2.1", "203.0.113.9"),
    *("::", "::1", "fe80::1", "fe80::1%eth0", "fc00::1", "fd12:3456::1", "ff02::1", "2001:db8::1", "::7f00:1"),
    *("::ffff:127.0.0.1", "::ffff:10.0.0.1", "::ffff:8.8.8.8", "64:ff9b::7f00:1", "2002:7f00:1::", "2001:0:1::1"),
]
OUTSIDE = ["8.8.8.8", "93.184.216.34", "2606:2800:220:1:248:1893:25c8:1946"]


def naming(*addresses):
    """A resolver that knows these addresses of every name."""

    def resolve(host, port, **kind):
        family = {True: socket.AF_INET6, False: socket.AF_INET}
        return [(family[":" in one], socket.SOCK_STREAM, 6, "", (one, port)) for one in addresses]

    return resolve


# Which addresses


@pytest.mark.parametrize("address", INSIDE)
def test_an_address_inside_a_network_is_not_called(address):
    assert not outbound.may_be_called(address)
    with pytest.raises(Refused):
        outbound.addresses(outbound.target("https://example.org/"), naming(address))


@pytest.mark.parametrize("address", OUTSIDE)
def test_a_public_address_is(address):
    assert outbound.addresses(outbound.target("https://example.org/"), naming(address)) == [address]


def test_one_address_inside_among_many_is_enough_to_refuse():
    with pytest.raises(Refused):
        outbound.addresses(outbound.target("https://example.org/"), naming("8.8.8.8", "10.0.0.1"))


@pytest.mark.parametrize(
    "url",
    [
        *("", "example.org", "/hooks", "ftp://example.org/", "file:///etc/passwd", "javascript:alert(1)", "https://"),
        *("http://example.org/", "https://example.org:8443/", "https://example.org:80/", "https://example.org:x/"),
        *("https://user@example.org/", "https://user:pass@example.org/", "https://example.org/#x"),
        *("https://example.org/\r\nHost: inside", "https://exa mple.org/", "https://example.org/\x00"),
        *("https://127.0.0.1/", "https://[::1]/", "https://[::ffff:127.0.0.1]/", "https://10.0.0.1/"),
    ],
)
def test_what_is_no_public_address_over_https_is_refused_when_it_is_entered(url):
    with pytest.raises(ValidationError):
        outbound.target(url)


@pytest.mark.parametrize("host", ["2130706433", "0x7f.1", "127.1", "localhost"])
def test_this_machine_in_other_words_is_refused_when_it_is_called(host):
    assert outbound.post(f"https://{host}/", b"", {}).trouble == Trouble.ADDRESS


def test_this_machine_is_called_in_a_trial_and_nothing_else_inside(settings):
    settings.WEBHOOKS_TO_LOOPBACK = True

    assert outbound.target("http://localhost:9000/x").authority == "localhost:9000"
    assert outbound.target("http://127.0.0.1:9000/")
    for url in ("http://10.0.0.1/", "http://example.org/", "https://example.org:9000/", "https://169.254.169.254/"):
        with pytest.raises(ValidationError):
            outbound.target(url)
    with pytest.raises(Refused):  # a name that only resolves to this machine is not its name
        outbound.addresses(outbound.target("https://example.org/"), naming("127.0.0.1"))
    with pytest.raises(Refused):
        outbound.addresses(outbound.target("http://localhost/"), naming("10.0.0.1"))


# The call


class Quiet(BaseHTTPRequestHandler):
    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.calls.append((self.path, dict(self.headers), body))
        self.server.answer(self)

    def log_message(self, *args):
        pass


@pytest.fixture
def server(settings):
    """A receiver on this machine that answers as it is told: server.answer = function of the request's handler."""
    settings.WEBHOOKS_TO_LOOPBACK = True
    found = HTTPServer(("127.0.0.1", 0), Quiet)
    found.calls, found.url = [], f"http://127.0.0.1:{found.server_port}/hooks?a=1"
    found.answer = saying(204)
    thread = threading.Thread(target=found.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    yield found
    found.shutdown()
    thread.join()
    found.server_close()


def saying(status, **headers):
    def answer(handler):
        handler.send_response(status)
        for name, value in {"Content-Length": "0", **headers}.items():
            handler.send_header(name, value)
        handler.end_headers()

    return answer


def test_a_call_sends_the_body_and_the_headers(server):
    answer = outbound.post(server.url, b'{"a": 1}', {"Mcof-Event": "test"})
    ((path, headers, body),) = server.calls

    assert (answer.status, answer.trouble) == (204, "")
    assert (path, body) == ("/hooks?a=1", b'{"a": 1}')
    assert headers["Host"] == f"127.0.0.1:{server.server_port}"
    assert headers["Mcof-Event"] == "test"


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_is_not_followed(server, status):
    server.answer = saying(status, Location=server.url.replace("hooks", "elsewhere"))

    assert outbound.post(server.url, b"", {}).trouble == Trouble.REDIRECT
    assert len(server.calls) == 1


@pytest.mark.parametrize("status", [400, 404, 410, 500, 503])
def test_what_is_no_success_is_said(server, status):
    server.answer = saying(status)
    answer = outbound.post(server.url, b"", {})

    assert (answer.status, answer.trouble) == (status, Trouble.STATUS)


def test_an_answer_without_end_is_not_read_to_it(server):
    def without_end(handler):
        handler.send_response(200)
        handler.end_headers()
        try:
            while True:
                handler.wfile.write(b"x" * 65536)
        except OSError:
            pass

    server.answer = without_end
    answer = outbound.post(server.url, b"", {})

    assert answer.status == 200
    assert answer.milliseconds < 5000


def test_an_answer_byte_by_byte_is_cut_off(server, monkeypatch):
    monkeypatch.setattr(outbound, "WHOLE", 0.4)

    def slowly(handler):
        try:
            for sign in b"HTTP/1.1 200 OK\r\nX-Long: " + b"x" * 200:
                handler.wfile.write(bytes([sign]))
                handler.wfile.flush()
                time.sleep(0.02)
        except OSError:
            pass

    server.answer = slowly
    answer = outbound.post(server.url, b"", {})

    assert (answer.status, answer.trouble) == (None, Trouble.TIME)
    assert answer.milliseconds < 3000


def test_silence_is_cut_off(server, monkeypatch):
    monkeypatch.setattr(outbound, "WHOLE", 0.3)
    server.answer = lambda handler: time.sleep(0.6)

    assert outbound.post(server.url, b"", {}).trouble == Trouble.TIME


def test_a_closed_port_and_an_unknown_name_are_said(server):
    def unknown(*args, **kind):
        raise socket.gaierror

    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    assert outbound.post(f"http://127.0.0.1:{port}/", b"", {}).trouble == Trouble.CONNECTION
    answer = outbound.post("https://example.org/", b"", {}, resolve=unknown)
    assert (answer.status, answer.trouble) == (None, Trouble.NAME)


def test_no_proxy_of_the_environment_is_used(server, monkeypatch):
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")

    assert outbound.post(server.url, b"", {}).status == 204


# A name that means another machine a moment later


@pytest.fixture(scope="module")
def certificate(tmp_path_factory):
    """A certificate for hooks.test and its key, made for these tests."""
    folder = tmp_path_factory.mktemp("tls")
    made = [folder / "key.pem", folder / "cert.pem"]
    command = f"openssl req -x509 -newkey rsa:2048 -nodes -keyout {made[0]} -out {made[1]} -days 2 -subj /CN=hooks.test"
    subprocess.run([*command.split(), "-addext", "subjectAltName=DNS:hooks.test"], check=True, capture_output=True)
    return made


@pytest.fixture
def secure(server, certificate, monkeypatch):
    """The receiver speaks TLS as hooks.test. It stands on this machine, which counts as a public one here."""
    key, cert = certificate
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(cert, key)
    server.names = []
    context.sni_callback = lambda connection, name, context: server.names.append(name)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    server.trust = ssl.create_default_context(cafile=str(cert))
    connect = socket.create_connection
    server.connected = []

    def here(address, timeout):
        server.connected.append(address)
        return connect(("127.0.0.1", server.server_port), timeout)

    monkeypatch.setattr(socket, "create_connection", here)
    return server


def test_the_name_is_resolved_once_and_the_address_that_was_judged_is_called(secure):
    answers = [naming("8.8.8.8"), naming("127.0.0.1")]  # the second one would be inside

    def rebinding(host, port, **kind):
        return answers.pop(0)(host, port, **kind)

    answer = outbound.post("https://hooks.test/x", b"{}", {}, resolve=rebinding, trust=secure.trust)

    assert (answer.status, answer.trouble) == (204, "")
    assert secure.connected == [("8.8.8.8", 443)]
    assert len(answers) == 1
    assert secure.names == ["hooks.test"]
    assert secure.calls[0][1]["Host"] == "hooks.test"


def test_a_certificate_of_another_name_is_refused(secure):
    asked = {"resolve": naming("8.8.8.8"), "trust": secure.trust}

    assert outbound.post("https://other.test/", b"", {}, **asked).trouble == Trouble.TLS
    assert outbound.post("https://hooks.test/", b"", {}, resolve=naming("8.8.8.8")).trouble == Trouble.TLS
    assert secure.calls == []
