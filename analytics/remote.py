"""Asking another server, within limits of time and size, and never one inside this network by accident.

The address that is connected to is the one that was checked, at each redirect anew.
"""

from __future__ import annotations

import contextlib
import http.client
import ipaddress
import socket
import ssl
import threading
import time
from collections.abc import Iterator, Mapping
from concurrent.futures import Future
from dataclasses import dataclass
from urllib.parse import urljoin, urlsplit

from .errors import InputError, PagetallyError

SECONDS = 15.0
MAX_BYTES = 5 * 1024 * 1024
MAX_REDIRECTS = 5

GLOBAL_UNICAST = ipaddress.ip_network("2000::/3")

NAT64 = ipaddress.ip_network("64:ff9b::/96")
"""What networks without IPv4 call its addresses: what is public inside is public."""

SPECIAL = [
    ipaddress.ip_network(network)
    for network in (
        "192.0.0.0/24",  # of protocols
        "192.88.99.0/24",  # relays of 6to4
        "2001::/23",  # of protocols, such as Teredo
        "2001:db8::/32",  # for documentation
        "2002::/16",  # 6to4
        "3fff::/20",  # for documentation
    )
]
"""Networks of special purposes that versions of Python take for public."""


@dataclass(frozen=True)
class Reply:
    """What a server answered."""

    status: int
    body: bytes
    retry_after: str = ""
    """When to come again, as the server says it; empty when it does not."""


def fetch(
    url: str,
    headers: Mapping[str, str] | None = None,
    *,
    allow_private: bool = False,
    seconds: float = SECONDS,
    max_bytes: int = MAX_BYTES,
) -> Reply:
    """GET an address, following redirects, all within `seconds`.

    InputError for an address that may not be asked, else PagetallyError.
    """
    deadline = time.monotonic() + seconds
    for _ in range(MAX_REDIRECTS + 1):
        problem: Exception | None = None
        try:
            reply, location = _ask(url, headers or {}, allow_private, deadline, max_bytes)
        except (OSError, http.client.HTTPException) as error:
            problem = error
        # First, because an answer that was cut off then can look like a whole one.
        if time.monotonic() >= deadline:
            raise PagetallyError(f"{url} takes too long")
        if problem is not None:
            raise PagetallyError(f"{url} does not answer: {problem or type(problem).__name__}") from None
        if reply.status not in (301, 302, 303, 307, 308) or not location:
            return reply
        try:
            url = urljoin(url, location)
        except ValueError:
            raise PagetallyError(f"{url} redirects to {location[:200]!r}, which is no address") from None
    raise PagetallyError(f"{url} redirects too often")


def find_address(host: str, port: int, *, allow_private: bool) -> str:
    """The address of a host to connect to; InputError when any of its addresses is not a public one."""
    try:
        found = [str(row[4][0]) for row in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)]
    except (OSError, UnicodeError):
        raise InputError("url", f"{host!r} has no address") from None
    if not allow_private:
        for address in found:
            if not is_public(address):
                hint = "To ask a server of your own network, give --allow-private."
                found_as = "" if host == address else f"{address}, which is "
                raise InputError("url", f"{host} is {found_as}no public address", hint=hint)
    return found[0]


def is_public(text: str) -> bool:
    """Whether an address belongs to the public internet, also when it is wrapped in another.

    False for whatever is not plainly so: nobody has to tunnel to a counter.
    """
    address = ipaddress.ip_address(text.partition("%")[0])
    if isinstance(address, ipaddress.IPv6Address):
        inner = address.ipv4_mapped
        if address in NAT64:
            inner = ipaddress.IPv4Address(int(address) & 0xFFFF_FFFF)
        if inner is not None:
            return is_public(str(inner))
        if address not in GLOBAL_UNICAST:
            return False
    is_special = any(address in network for network in SPECIAL)
    return address.is_global and not address.is_multicast and not is_special


def _ask(
    url: str, headers: Mapping[str, str], allow_private: bool, deadline: float, max_bytes: int
) -> tuple[Reply, str]:
    """The answer, and where it redirects to."""
    try:
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port or (443 if parts.scheme == "https" else 80)
    except ValueError:
        raise InputError("url", f"{url!r} is no address that can be asked") from None
    if parts.scheme not in ("http", "https") or not host or parts.username or not url.isascii():
        raise InputError("url", f"{url!r} is no address that can be asked")
    address = _find_until(deadline, host, port, allow_private=allow_private)
    connection = http.client.HTTPConnection(host, port)
    try:
        connection.sock = socket.create_connection((address, port), _left(deadline))
        if parts.scheme == "https":
            context = ssl.create_default_context()
            connection.sock = context.wrap_socket(
                connection.sock, server_hostname=host, do_handshake_on_connect=False
            )
        target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        default = port == (443 if parts.scheme == "https" else 80)
        name = f"[{host}]" if ":" in host else host
        fixed = {"Host": name if default else f"{name}:{port}", "User-Agent": "pagetally-import"}
        with _ended_by(deadline, connection.sock):
            if isinstance(connection.sock, ssl.SSLSocket):
                connection.sock.do_handshake()
            connection.request("GET", target, headers=fixed | dict(headers))
            answer = connection.getresponse()
            body = _read(answer, url, max_bytes)
        reply = Reply(answer.status, body, answer.getheader("retry-after", ""))
        return reply, answer.getheader("location", "")
    finally:
        connection.close()


def _find_until(deadline: float, host: str, port: int, *, allow_private: bool) -> str:
    """`find_address`, whose question to name servers has no limit; TimeoutError at the deadline."""
    found: Future[str] = Future()

    def find() -> None:
        try:
            found.set_result(find_address(host, port, allow_private=allow_private))
        except Exception as error:
            found.set_exception(error)

    # Nobody waits for it after the deadline: it ends by itself.
    threading.Thread(target=find, daemon=True).start()
    return found.result(_left(deadline))


def _left(deadline: float) -> float:
    """The seconds that are left; a moment where none are, because nothing would mean: without an end."""
    return max(deadline - time.monotonic(), 0.01)


@contextlib.contextmanager
def _ended_by(deadline: float, sock: socket.socket) -> Iterator[None]:
    """Meanwhile the connection ends at the deadline.

    A timeout of the socket begins anew with every byte, and whoever sends one now and then never ends.
    """

    def end() -> None:
        with contextlib.suppress(OSError):  # closed already
            sock.shutdown(socket.SHUT_RDWR)

    timer = threading.Timer(_left(deadline), end)
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()


def _read(answer: http.client.HTTPResponse, url: str, max_bytes: int) -> bytes:
    body = bytearray()
    while part := answer.read1(1 << 16):
        body += part
        if len(body) > max_bytes:
            raise PagetallyError(f"{url} answers with more than {max_bytes // 1024:,} KB")
    return bytes(body)
