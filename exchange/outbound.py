"""How this site calls an address that somebody gave it: never one inside the network it stands in.

A name is resolved once, every address that it has is judged, and the connection goes to the very address that was
judged, with the name only in TLS and in the header Host: a name that means something else a moment later is of no use.
Redirects are not followed, no proxy of the environment is used, and no answer is read for long.
"""

import http.client
import ipaddress
import socket
import ssl
import threading
import time
from contextlib import suppress
from dataclasses import dataclass
from urllib.parse import urlsplit

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db.models import TextChoices
from django.utils.translation import gettext_lazy as _

CONNECT, WHOLE = 5, 10  # seconds
ENOUGH = 16 * 1024  # bytes of an answer, beyond which it is not read
# What IANA's registers of special addresses set apart, as each version of Python knows it a little differently; of
# IPv6 among them what leads to another address behind a translator or a tunnel. The rest of IPv6 is not in use.
SET_APART = [
    ipaddress.ip_network(net)
    for net in (
        *("0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12"),
        *("192.0.0.0/24", "192.0.2.0/24", "192.88.99.0/24", "192.168.0.0/16", "198.18.0.0/15", "198.51.100.0/24"),
        *("203.0.113.0/24", "224.0.0.0/4", "240.0.0.0/4"),
        *("2001::/23", "2001:db8::/32", "2002::/16", "3fff::/20"),
    )
]
IN_USE = {4: ipaddress.ip_network("0.0.0.0/0"), 6: ipaddress.ip_network("2000::/3")}


class Trouble(TextChoices):
    """Why a call did not succeed."""

    ADDRESS = "address", _("The address is not one that may be called: it is inside a network, or on another port.")
    NAME = "name", _("The name of the address is not known.")
    CONNECTION = "connection", _("The connection failed or was cut.")
    TLS = "tls", _("The certificate of the address was not accepted.")
    TIME = "time", _("There was no answer within ten seconds.")
    REDIRECT = "redirect", _("The answer was a redirect, which is not followed.")
    STATUS = "status", _("The answer was not a success (200 to 299).")


@dataclass(frozen=True)
class Answer:
    """How a call went: the status of its answer, where there was one, how long it took, and what was wrong."""

    status: int | None
    milliseconds: int
    trouble: str = ""


class Refused(Exception):
    """An address that may not be called."""


@dataclass(frozen=True)
class Target:
    secure: bool
    host: str
    port: int
    path: str

    @property
    def authority(self):
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == (443 if self.secure else 80) else f"{host}:{self.port}"


def _is_this_machine(host):
    """Whether a host is this machine by its very words, where a trial may call it."""
    if not settings.WEBHOOKS_TO_LOOPBACK:
        return False
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def target(url):
    """What an address names. Raises ValidationError, saying what is wrong, for what is no address to call."""
    try:
        parts = urlsplit(url)
        host, port = (parts.hostname or "").encode("idna").decode("ascii"), parts.port
    except (ValueError, UnicodeError):
        raise ValidationError(_("Enter a whole address, such as https://example.org/hooks.")) from None
    local = _is_this_machine(host)
    if parts.scheme not in ("https", "http") or not host or any(ord(sign) <= 32 or ord(sign) > 126 for sign in url):
        raise ValidationError(_("Enter a whole address, such as https://example.org/hooks."))
    if parts.scheme == "http" and not local:
        raise ValidationError(_("The address must begin with https://, so that nobody else reads what is sent."))
    if parts.username is not None or parts.password is not None or parts.fragment:
        raise ValidationError(_("Leave names, passwords and “#” out of the address. The signature says who calls."))
    if port not in (None, 443) and not local:
        raise ValidationError(_("Only the port 443 is called. Leave the port out."))
    secure = parts.scheme == "https"
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    if _is_number(host) and not may_be_called(host, local=local):
        raise ValidationError(Trouble.ADDRESS.label)
    return Target(secure, host, port or (443 if secure else 80), path)


def _is_number(host):
    try:
        return bool(ipaddress.ip_address(host.partition("%")[0]))
    except ValueError:
        return False


def may_be_called(address, *, local=False):
    """Whether an address of the Internet is one that may be called: a public one of a single machine."""
    ip = ipaddress.ip_address(address.partition("%")[0])
    if local:
        return ip.is_loopback
    return ip in IN_USE[ip.version] and ip.is_global and not any(ip in net for net in SET_APART)


def addresses(aim, resolve=socket.getaddrinfo):
    """The addresses of a target, each of which may be called. Raises Refused where one of them may not, and OSError."""
    found = list(dict.fromkeys(row[4][0] for row in resolve(aim.host, aim.port, type=socket.SOCK_STREAM)))
    if not found or not all(may_be_called(address, local=_is_this_machine(aim.host)) for address in found):
        raise Refused
    return found


def post(url, body, headers, *, resolve=socket.getaddrinfo, trust=None):
    """Send a body to an address and say how that went. Nothing is raised for what the other side does.

    `trust` are the certificates to accept, the system's unless told.
    """
    began = time.monotonic()

    def answer(status=None, trouble=""):
        return Answer(status, round((time.monotonic() - began) * 1000), trouble)

    try:
        aim = target(url)
        status = _exchange(aim, addresses(aim, resolve), body, headers, trust, began + WHOLE)
    except (Refused, ValidationError, UnicodeError):
        return answer(trouble=Trouble.ADDRESS)
    except socket.gaierror:
        return answer(trouble=Trouble.NAME)
    except ssl.SSLCertVerificationError:
        return answer(trouble=Trouble.TLS)
    except TimeoutError:
        return answer(trouble=Trouble.TIME)
    except (OSError, http.client.HTTPException):
        late = time.monotonic() - began >= WHOLE
        return answer(trouble=Trouble.TIME if late else Trouble.CONNECTION)
    if 200 <= status < 300:
        return answer(status)
    return answer(status, Trouble.REDIRECT if 300 <= status < 400 else Trouble.STATUS)


def _exchange(aim, found, body, headers, trust, deadline):
    """Send the request over a connection to one of the addresses found, and read the status of the answer."""
    connection = http.client.HTTPConnection(aim.host, aim.port, timeout=CONNECT)
    connection.sock = _connected(found, aim.port, deadline)
    # A machine that sends its answer byte by byte is never late for the next one: the whole has an end of its own.
    watch = threading.Timer(max(0, deadline - time.monotonic()), _cut, [connection.sock.dup()])
    watch.daemon = True
    watch.start()
    try:
        if aim.secure:
            context = trust or ssl.create_default_context()
            connection.sock = context.wrap_socket(connection.sock, server_hostname=aim.host)
        connection.request("POST", aim.path, body, headers | {"Host": aim.authority, "Connection": "close"})
        answer = connection.getresponse()
        answer.read(ENOUGH)
        if time.monotonic() >= deadline:  # what was cut off looks like an answer that had ended
            raise TimeoutError
        return answer.status
    finally:
        watch.cancel()
        watch.args[0].close()
        connection.close()


def _connected(found, port, deadline):
    """A connection to the first of these addresses that takes one; the second is tried where the first does not."""
    *others, last = found[:2]
    for address in others:
        try:
            return socket.create_connection((address, port), timeout=CONNECT)
        except OSError:
            if time.monotonic() >= deadline:
                raise
    return socket.create_connection((last, port), timeout=CONNECT)


def _cut(connection):
    """End a connection whatever is being done with it."""
    with suppress(OSError):
        connection.shutdown(socket.SHUT_RDWR)
