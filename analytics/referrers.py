"""Where a reader came from: the host of the referrer, unless it is the site itself."""

from __future__ import annotations

from collections.abc import Collection
from urllib.parse import urlsplit

from .urls import bare_host, remembered

MAX_HOST = 253
"""Characters of a host name (RFC 1035)."""


@remembered
def _host_of(referrer: str) -> str:
    try:
        parts = urlsplit(referrer.strip())
        host = parts.netloc.rpartition("@")[2]
    except ValueError:
        return ""
    if parts.scheme == "android-app":
        return host.lower()[:MAX_HOST]
    if parts.scheme not in ("http", "https"):
        return ""
    host = bare_host(host)
    is_fit = len(host) <= MAX_HOST and all(char.isalnum() or char in "-._:[]" for char in host)
    return host if is_fit else ""


def find_source(referrer: str, own_hosts: Collection[str]) -> str:
    """The referring host without `www.`; empty for none, for the site's own hosts and for junk."""
    host = _host_of(referrer) if referrer else ""
    return "" if host in own_hosts or host == "localhost" else host
