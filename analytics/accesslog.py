"""Lines of a web server's access log to events: Apache's and nginx's common and combined formats.

[virtual-host[:port]] host identity user [time] "request" status bytes ["referrer" "user agent"]
"""

from __future__ import annotations

import re
from calendar import month_abbr
from datetime import datetime, timedelta, timezone
from functools import lru_cache

from msgspec import Struct

LONGEST_LINE = 64 * 1024
"""Characters of a line that are looked at; a longer one is broken."""

STATIC_FILES = tuple(".png .jpg .jpeg .gif .css .js .ico .svg .woff .woff2 .ttf .map .mp4 .webp".split())
"""Endings of paths that are no pages."""

# Unrolled: an alternation for each character takes three times as long.
_QUOTED = r'"([^"\\]*(?:\\.[^"\\]*)*)"'
# Debian's `vhost_combined` begins with the virtual host; an address with a port is followed by "-". Without a
# port it is a virtual host when it ends like a name and an address follows (Apache's `%v %h`).
_HOST = (
    r"(?:([A-Za-z0-9][A-Za-z0-9.-]*+)(?::\d{1,5} (?=[^\s-])"
    r"|(?<=[A-Za-z]) (?=\d{1,3}(?:\.\d{1,3}){3} |[0-9A-Fa-f]{0,4}:[0-9A-Fa-f:.]+ )))?"
)
_LINE = re.compile(
    rf"{_HOST}(\S+) \S+ [^\[]*\[([^\]]+)\] {_QUOTED} (\d{{3}}) \S+(?: {_QUOTED} {_QUOTED}(?: .*)?)?\s*\Z"
)
_MINUTE = re.compile(r"(\d{2}/[A-Za-z]{3}/\d{4}):(\d{2}):(\d{2}): ([+-])(\d{2})(\d{2})\Z", re.ASCII)
# What servers write for bytes that would break the line; a backslash that was sent is `\\`.
_ESCAPED = re.compile(r'\\(?:x([0-9A-Fa-f]{2})|(["\\]))')
_SECONDS = {f"{second:02d}": second for second in range(61)}
_MONTHS = {name: number for number, name in enumerate(month_abbr) if name}


class LogLine(Struct, frozen=True, gc=False):
    """One request of an access log."""

    address: str
    at: int
    """Seconds since 1970."""
    method: str
    target: str
    status: int
    referrer: str
    agent: str
    host: str = ""
    """The virtual host, where the line tells it."""


EARLIEST = 757_382_400
"""1994-01-01: there were no access logs before, so that such a time is a broken clock's."""


def read_line(line: str) -> LogLine | None:
    """Take a line apart; None when it is broken."""
    if len(line) > LONGEST_LINE:
        return None
    found = _LINE.match(line)
    if found is None:
        return None
    host, address, stamp, request, status, referrer, agent = found.groups()
    at = read_time(stamp)
    if at is None or at < EARLIEST:
        return None
    words = request.split(" ")
    if len(words) not in (2, 3):
        # What scanners send is no request of HTTP, and the server logged it faithfully.
        words = ["", ""]
    referrer = "" if referrer in (None, "-") else _unquote(referrer)
    agent = "" if agent in (None, "-") else _unquote(agent)
    target = _ESCAPED.sub(_percent, words[1]) if "\\" in words[1] else words[1]
    return LogLine(address, at, words[0], target, int(status), referrer, agent, host or "")


def is_page_view(line: LogLine) -> bool:
    """Whether a request shows a page: GET, answered with 2xx or 304, and not a static file."""
    if line.method != "GET" or not (200 <= line.status < 300 or line.status == 304):
        return False
    return _is_page(line.target.partition("?")[0])


@lru_cache(maxsize=16_384)
def _is_page(path: str) -> bool:
    return not path.lower().endswith(STATIC_FILES) and path != "*"


def address_of(line: LogLine, domain: str) -> str:
    """The full address of the page that a line asks for."""
    return f"https://{line.host or domain}{line.target}" if line.target.startswith("/") else line.target


def _percent(escaped: re.Match[str]) -> str:
    return f"%{escaped[1] or f'{ord(escaped[2]):02X}'}"


def _unquote(text: str) -> str:
    return text.replace('\\"', '"').replace("\\\\", "\\") if "\\" in text else text


def read_time(stamp: str) -> int | None:
    """Seconds since 1970 of `17/May/2015:10:05:03 +0000`; None when it is no such time."""
    minute, second = _minute(stamp[:18] + stamp[20:]), _SECONDS.get(stamp[18:20])
    return None if minute is None or second is None else minute + second


@lru_cache(maxsize=4_096)
def _minute(stamp: str) -> int | None:
    found = _MINUTE.match(stamp)
    if found is None:
        return None
    day, hour, minute, sign, offset_hours, offset_minutes = found.groups()
    midnight = _midnight(day, f"{sign}{offset_hours}{offset_minutes}")
    if midnight is None or hour > "23" or minute > "59":
        return None
    return midnight + int(hour) * 3600 + int(minute) * 60


@lru_cache(maxsize=1_024)
def _midnight(day: str, offset: str) -> int | None:
    number, month, year = day.split("/")
    east = timedelta(hours=int(offset[1:3]), minutes=int(offset[3:]))
    try:
        zone = timezone(-east if offset[0] == "-" else east)
        return int(datetime(int(year), _MONTHS[month.title()], int(number), tzinfo=zone).timestamp())
    except (KeyError, ValueError, OverflowError):
        return None
