"""Event to hits: an ordered list of named steps, each pure.

`drop_*` steps give a reason for not storing the view, `put_*` steps fill the draft in.
The clock, the sites and the salts are handed in; nothing here touches the world.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from types import MappingProxyType
from typing import Protocol

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from . import agents, campaigns, clients, days, referrers, spam, tokens, urls, visitors
from .model import (
    APART,
    NO_CAMPAIGN,
    OTHER,
    SESSION_GAP,
    UNKNOWN_CLIENT,
    UNKNOWN_PLACE,
    Arrival,
    Campaign,
    Client,
    Drop,
    Event,
    Hit,
    Kind,
    Place,
    Site,
)
from .payload import ENGAGEMENT, PAGEVIEW
from .rules import Judge, judge


class SaltOf(Protocol):
    """Gives the secret of a site's local day."""

    def __call__(self, site: int, day: int, at: float, /) -> bytes: ...


PlaceOf = Callable[[str], Place]
"""Gives the place of a client's address."""


def nowhere(address: str) -> Place:
    """The place of addresses where nothing tells of places."""
    return UNKNOWN_PLACE


class Draft(Struct, gc=False):
    """A view on its way to one site."""

    site: Site
    event: Event
    page: urls.Page
    host: str
    """The page's, as allow-lists have it."""
    arrival: Arrival
    salt_of: SaltOf
    place_of: PlaceOf
    at: int
    day: int = 0
    visitor: int = 0
    source: str = ""
    client: Client = UNKNOWN_CLIENT
    place: Place = UNKNOWN_PLACE
    campaign: Campaign = NO_CAMPAIGN


Step = Callable[[Draft], str | None]

VIEW, ENGAGED = int(Kind.VIEW), int(Kind.ENGAGEMENT)


def drop_engagement(draft: Draft) -> str | None:
    """What some foreign trackers send while a page is open says nothing that could be kept."""
    return "engagement" if draft.event.name == ENGAGEMENT and not _is_engagement(draft.event) else None


def drop_prefetch(draft: Draft) -> str | None:
    """Pages that a browser or a link preview fetched ahead were not seen by anybody."""
    purpose = draft.arrival.purpose
    return "prefetch" if purpose and ("pre" in purpose) else None


def drop_bot(draft: Draft) -> str | None:
    agent = draft.arrival.agent
    if draft.site.count_bots or not agents.is_bot(agent):
        return None
    return "headless" if "headless" in agent.lower() else "bot"


def drop_spam(draft: Draft) -> str | None:
    """Views that were made up so that a referrer is seen in the statistics."""
    return "spam" if draft.source and spam.is_spam(draft.source) else None


def drop_foreign_host(draft: Draft) -> str | None:
    """Only the site's own hosts may count for it: a copy elsewhere changes nothing."""
    return None if draft.host in draft.site.hosts else "host"


def drop_opted_out(draft: Draft) -> str | None:
    return "opt-out" if draft.arrival.gpc and draft.site.honour_gpc else None


def drop_excluded_address(draft: Draft) -> str | None:
    excluded = visitors.is_within(draft.arrival.address, draft.site.exclude_addresses)
    return "excluded-address" if excluded else None


def drop_excluded_path(draft: Draft) -> str | None:
    for pattern in draft.site.exclude_paths:
        if _excluded(pattern).match(draft.page.path):
            return "excluded-path"
    return None


def drop_unsigned(draft: Draft) -> str | None:
    """Of a site that wants tokens, only pages that its own build or template signed."""
    if not draft.site.needs_token:
        return None
    event, site = draft.event, draft.site
    # Not the draft's page: the owner may count it as another, which its template does not know.
    page = urls.read_page(event.url, query_keys=site.query_keys, hash_mode=event.hash_mode)
    path = urls.path_in(event.url)
    arrival = draft.arrival
    return None if tokens.is_signed(arrival.token, site, page.path, path, arrival.at) else "token"


def put_time(draft: Draft) -> None:
    """An engagement event lies where its page was left: after its view as long as it was looked at.

    Not before what could be of the same visit, so that no old day is opened by it. Without the age
    nothing is known but that it has come now.
    """
    event, now = draft.event, draft.arrival.at
    if _is_engagement(event) and event.age is not None:
        left = now - (event.age - (event.engaged or 0)) / 1_000
        draft.at = int(min(max(left, now - SESSION_GAP), now))


def put_day(draft: Draft) -> None:
    draft.day = days.local_day(draft.site.timezone, draft.at)


def put_visitor(draft: Draft) -> None:
    arrival, site = draft.arrival, draft.site.id
    salt = draft.salt_of(site, draft.day, arrival.at)
    draft.visitor = visitors.hash_visitor(salt, site, arrival.address, arrival.agent)


def put_source(draft: Draft) -> None:
    if not _is_engagement(draft.event):
        draft.source = referrers.find_source(draft.event.referrer, draft.site.hosts)


def put_campaign(draft: Draft) -> None:
    """What the page's address says of where its reader came from."""
    if not _is_engagement(draft.event):
        draft.campaign = campaigns.read_campaign(draft.event.url)


def put_client(draft: Draft) -> None:
    """Browser, system, device and screen, and the host that the page was shown under."""
    arrival = draft.arrival
    draft.client = clients.read_client(arrival.agent, arrival.hints, draft.event.screen, draft.host)


def put_place(draft: Draft) -> None:
    """Country, as far as it is known region, city and network; and language."""
    place = draft.place_of(draft.arrival.address)
    language = clients.read_language(draft.arrival.language) if draft.arrival.language else ""
    draft.place = _speaking(place, language) if language else place


@lru_cache(maxsize=16_384)
def _speaking(place: Place, language: str) -> Place:
    return replace(place, language=language)


STEPS: tuple[Step, ...] = (
    drop_engagement,
    drop_prefetch,
    drop_bot,
    drop_foreign_host,
    drop_opted_out,
    drop_excluded_address,
    drop_excluded_path,
    drop_unsigned,
    put_time,
    put_day,
    put_visitor,
    put_source,
    drop_spam,
    put_campaign,
    put_client,
    put_place,
)


def run(
    event: Event,
    arrival: Arrival,
    sites: Mapping[str, Site],
    salt_of: SaltOf,
    place_of: PlaceOf = nowhere,
    judges: Mapping[int, Sequence[Judge]] = MappingProxyType({}),
) -> list[Hit | Drop]:
    """What becomes of an event: for each site it names, the hit to store or why it is dropped.

    `sites` maps each host (as `urls.bare_host` writes it) to its site, `judges` each site's number
    to the owner's rules. InputError when the address cannot be used.
    """
    page = urls.read_page(event.url, hash_mode=event.hash_mode)
    host = urls.bare_host(page.host)
    results: list[Hit | Drop] = []
    for name in map(urls.bare_host, event.domains) if event.domains else (host,):
        site = sites.get(name)
        if site is None:
            results.append(Drop(0, "unknown-site", is_view=event.name == PAGEVIEW))
        else:
            at = int(arrival.at)
            draft = Draft(site, event, _page_of(site, event, page), host, arrival, salt_of, place_of, at)
            results.append(_run_one(draft, judges))
    return results


def _page_of(site: Site, event: Event, page: urls.Page) -> urls.Page:
    """The page as the site's settings have it."""
    if site.query_keys:
        page = urls.read_page(event.url, query_keys=site.query_keys, hash_mode=event.hash_mode)
    if site.path_aliases:
        page = page._replace(path=site.page_key(page.path))
    return urls.Page(page.host, OTHER) if event.is_pageless else page


def _run_one(draft: Draft, judges: Mapping[int, Sequence[Judge]]) -> Hit | Drop:
    apart = ""
    for step in STEPS:
        reason = step(draft)
        if reason:
            apart = apart or reason
            # What is kept apart goes through the other steps, so that it can be counted later.
            if reason not in APART:
                return Drop(draft.site.id, apart, is_view=draft.event.name == PAGEVIEW)
    hit, site = finish(draft), draft.site.id
    if judges and site in judges:
        return judge(hit, apart, judges[site])
    return Drop(site, apart, hit, is_view=draft.event.name == PAGEVIEW) if apart else hit


def finish(draft: Draft) -> Hit:
    """The hit of a draft that went through every step."""
    event = draft.event
    kind = VIEW if event.name == PAGEVIEW else int(_kind_of(event))
    return Hit(
        draft.site.id,
        draft.day,
        draft.at,
        draft.visitor,
        kind,
        "" if kind == VIEW else event.name,
        draft.page.path,
        draft.source,
        event.title,
        visitors.hash_repeat(draft.site.id, event.id) if event.id else None,
        _write_engagement(event) if kind == ENGAGED else event.detail,
        draft.client,
        draft.place,
        draft.campaign,
    )


def _kind_of(event: Event) -> Kind:
    if _is_engagement(event):
        return Kind.ENGAGEMENT
    return Kind.EVENT if event.interactive else Kind.QUIET_EVENT


def _is_engagement(event: Event) -> bool:
    """Whether an event tells how long or how far its page was looked at."""
    return event.engaged is not None or event.scroll is not None


def _write_engagement(event: Event) -> str:
    """Whole seconds and per cent as JSON, each where it is known."""
    told = {} if event.engaged is None else {"e": round(event.engaged / 1_000)}
    if event.scroll is not None:
        told["sd"] = event.scroll
    return msgspec.json.encode(told).decode()


@lru_cache(maxsize=1_024)
def _excluded(pattern: str) -> re.Pattern[str]:
    """A pattern of an owner's, kept apart from those that strangers ask with (`urls.compile_pattern`)."""
    return re.compile(urls.pattern_expression(pattern))
