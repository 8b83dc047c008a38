"""The sites, as every request needs them: an immutable look-up that is swapped when one changes."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterable, Mapping

from msgspec.structs import replace

from .days import check_zone
from .errors import InputError
from .incumbents import INCUMBENTS
from .model import Rule, Site
from .rules import by_site
from .urls import bare_host, canonical_pattern

NAME = re.compile(r"[a-z0-9_-]{1,63}(\.[a-z0-9_-]{1,63})*")
"""A host's name in lower case: labels with dots between."""

DAY = 86_400
"""Seconds: a visitor is somebody else on the next day, so that no cooldown can be longer."""

FOREIGN_KINDS = frozenset(kind for one in INCUMBENTS for kind, _ in one.ids)
"""What a foreign id begins with: `umami` in `umami:UUID`."""

SHORTEST_KEPT, LONGEST_KEPT = 31, 36_500
"""Days that a site may be kept for, if not for ever: the 30 days of a summary are always there."""


class Registry:
    """The sites of an instance, by host and by id."""

    def __init__(self, sites: Iterable[Site] = ()) -> None:
        self.replace(sites)

    def replace(self, sites: Iterable[Site], rules: Iterable[Rule] = ()) -> None:
        """Take these sites and rules instead; requests under way keep the ones they have."""
        self.judges = by_site(rules)
        self.sites: tuple[Site, ...] = tuple(sites)
        by_host: dict[str, Site] = {}
        for site in self.sites:
            for host in site.hosts:
                by_host.setdefault(host, site)
        # A site's own domain wins over another site's alias.
        by_host.update({bare_host(site.domain): site for site in self.sites})
        self.by_host: Mapping[str, Site] = by_host
        self.by_foreign_id: Mapping[str, Site] = {
            name: site for site in self.sites for name in site.foreign_ids
        }
        self.by_id: Mapping[int, Site] = {site.id: site for site in self.sites}

    def find(self, domain: str) -> Site | None:
        """The site of a domain or alias; None when there is none."""
        return self.by_host.get(bare_host(domain.strip()))


def check_site(site: Site) -> Site:
    """The site with domain, hosts and patterns in their canonical form; InputError names what is wrong."""
    check_zone(site.timezone)
    for address in site.exclude_addresses:
        try:
            ipaddress.ip_network(address, strict=False)
        except ValueError:
            hint = "Write 192.0.2.7, 192.0.2.0/24 or 2001:db8::/32."
            raise InputError("exclude-address", f"{address!r} is not an address", hint=hint) from None
    for pattern in site.exclude_paths:
        if not pattern.startswith(("/", "*")):
            raise InputError("exclude-path", f"{pattern!r} must begin with / or *", hint="Write /admin/*.")
    if not 0 <= site.cooldown <= DAY:
        raise InputError("cooldown", "must be from 0 to 86400 seconds", hint="Half an hour is 1800.")
    if site.keep_days and not SHORTEST_KEPT <= site.keep_days <= LONGEST_KEPT:
        hint = f"From {SHORTEST_KEPT} to {LONGEST_KEPT:,}, or 0 to keep every day."
        raise InputError("keep-days", f"{site.keep_days} cannot be used", hint=hint)
    domain = check_host("domain", site.domain)
    others = dict.fromkeys(check_host("alias", alias) for alias in site.aliases)
    # Its `www.` is the domain itself.
    aliases = tuple(host for host in others if host != domain)
    hosts = frozenset(bare_host(host) for host in (domain, *aliases))
    excluded = tuple(dict.fromkeys(map(canonical_pattern, site.exclude_paths)))
    return replace(site, domain=domain, aliases=aliases, hosts=hosts, exclude_paths=excluded)


def check_foreign_ids(names: Iterable[str]) -> None:
    """Refuse a foreign id that no protocol asks for, because nothing would ever count by it."""
    for name in names:
        kind, _, id = name.partition(":")
        if kind not in FOREIGN_KINDS or not id:
            hint = f"Write umami:UUID or matomo:1; the protocols are {', '.join(sorted(FOREIGN_KINDS))}."
            raise InputError("foreign-id", f"{name!r} names no protocol", hint=hint)


def check_host(field: str, text: str) -> str:
    """A host name as browsers write it (IDNA, lower case, no `www.`); InputError when it is none."""
    host = bare_host(text.strip())
    if len(host) > 253 or not (NAME.fullmatch(host) or _is_bracketed(host)):
        hint = "Write the host alone, such as example.com."
        raise InputError(field, f"{text!r} is not a host name", hint=hint)
    return host


def _is_bracketed(host: str) -> bool:
    """Whether a host is an IPv6 address as it stands in an address of the web: [2001:db8::1]."""
    try:
        return bool(host) and host == f"[{ipaddress.IPv6Address(host[1:-1])}]"
    except ValueError:
        return False
