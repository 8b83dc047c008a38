"""What the made-up readers did besides reading, and what came that reads nothing: told from visitor and day,
so that it is the same on every machine for the same day.
"""

from __future__ import annotations

import json
import random
from collections.abc import Iterable, Iterator

from msgspec.structs import replace

from analytics.commands import Keep
from analytics.model import Annotation, Client, Drop, Goal, Hit, Kind, Site

SIGNUP = "Newsletter signup"
RECENT = 90
"""Days of which engagement and machines are known."""

MACHINES = (
    ("Googlebot", "bot", 9),
    ("bingbot", "bot", 5),
    ("GPTBot", "bot", 4),
    ("ClaudeBot", "bot", 3),
    ("Chrome", "headless", 3),
    ("Chrome", "prefetch", 2),
    ("Chrome", "spam", 1),
)
"""Name, reason, and views of a page that each has on a day."""


def with_happenings(traffic: Iterable[list[Hit]], today: int, blog: str) -> Iterator[list[Hit]]:
    """The hits of each day with the events and the engagement that go with them."""
    for hits in traffic:
        more = [one for hit in hits for one in _follow(hit, today, hits[-1].at, blog)]
        yield sorted([*hits, *more], key=lambda hit: hit.at)


def _follow(hit: Hit, today: int, last: int, blog: str) -> Iterator[Hit]:
    """What a reader did on a page: signed up, shared it, took the map along, or just read."""
    dice = (hit.visitor ^ hit.at * 0x9E3779B1) % 1_000
    seconds = 8 + dice * 7 % 110
    at = min(hit.at + seconds, last)
    event = replace(hit, kind=int(Kind.EVENT), at=at, title="", source="")
    if dice < 8:
        plan = "weekly" if dice < 5 else "monthly"
        yield replace(event, name=SIGNUP, detail=json.dumps({"plan": plan, "place": "foot of the page"}))
    elif dice < 20:
        yield replace(
            event, name="Share", detail=json.dumps({"network": ("Mastodon", "Bluesky", "E-mail")[dice % 3]})
        )
    elif dice < 25 and hit.path != blog:
        yield replace(event, name="Download", detail=json.dumps({"file": "harbour-map.pdf"}))
    if hit.day > today - RECENT and dice % 12 == 0:
        told = json.dumps({"e": seconds, "sd": 20 + dice % 81})
        yield replace(event, kind=int(Kind.ENGAGEMENT), detail=told)


def machines(site: Site, today: int, now: int, paths: list[str]) -> Iterator[Drop]:
    """Views by machines, which are kept apart."""
    chance = random.Random(20_190_427)
    for ago in range(RECENT):
        for name, reason, views in MACHINES:
            for _ in range(chance.randrange(views + 1)):
                at = min(now, (today - ago) * 86_400 + chance.randrange(86_400))
                device = "bot" if reason == "bot" else "desktop"
                source = "semalt.com" if reason == "spam" else ""
                hit = Hit(
                    site.id,
                    today - ago,
                    at,
                    chance.getrandbits(62),
                    int(Kind.VIEW),
                    "",
                    chance.choice(paths),
                    source,
                    "",
                    None,
                    None,
                    Client(name, device=device),
                )
                yield Drop(site.id, reason, hit)


def keepsakes(domain: str, blog: str, today: int) -> Iterator[Keep]:
    """Goals and notes of the site."""
    for name, kind, target, amount in (
        ("Signed up", "event", SIGNUP, 0),
        ("Took the map along", "event", "Download", 0),
        ("Read a story to its end", "scroll", f"{blog}/*", 90),
    ):
        yield Keep(domain, goal=Goal(0, 0, name, kind, target, amount))
    for ago, text in (
        (9, "The letter of the month went out"),
        (21, "New front page"),
        (21, "Signup moved up"),
    ):
        yield Keep(domain, annotation=Annotation(0, 0, today - ago, text, ""))
