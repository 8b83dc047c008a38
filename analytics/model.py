"""The words of docs/architecture.md as types: one type per arrow of the data flow."""

from __future__ import annotations

import re
from collections.abc import Mapping
from enum import IntEnum

from msgspec import Struct

SESSION_GAP = 30 * 60
"""Seconds: hits of one visitor closer together than this are one visit."""

ONLINE_WINDOW = 5 * 60
"""Seconds: a visitor with a hit within them is online."""

OTHER = "(other)"
"""Name of the row that takes what is over a cap; no real path or host looks like it."""


SITE = "(site)"
"""Stands for the whole site in a list of pages' counts."""


class Kind(IntEnum):
    """What a stored hit is."""

    VIEW = 0
    EVENT = 1
    QUIET_EVENT = 2
    """A custom event that does not end a bounce (Plausible's `interactive: false`)."""
    ENGAGEMENT = 3
    """A report of how long and how far a page was looked at; it only makes its visit longer."""


LOCAL = re.compile(r"127[\d.]+|\[::1\]|.*localhost")
"""Domains that the script (snippet/src/tracker.ts) counts only with `data-everywhere`."""


class Site(Struct, frozen=True, kw_only=True):
    """One site: a domain, the other hosts it may be seen under, its time zone and rules."""

    id: int
    domain: str
    timezone: str = "UTC"
    aliases: tuple[str, ...] = ()
    hosts: frozenset[str] = frozenset()
    """The domain and the aliases as `urls.bare_host` writes them: the allow-list."""
    exclude_addresses: tuple[str, ...] = ()
    exclude_paths: tuple[str, ...] = ()
    query_keys: tuple[str, ...] = ()
    honour_gpc: bool = False
    count_bots: bool = False
    foreign_ids: tuple[str, ...] = ()
    """Names under which foreign clients know the site: `umami:<uuid>`, `matomo:1`, `leancloud:<app id>`."""
    cooldown: int = 0
    """Seconds in which a visitor's next view of the same page does not count; 0 counts every view."""
    keep_days: int = 0
    """Days after which a day is erased and only counts in the all-time numbers; 0 for never."""
    needs_token: bool = False
    """Only pages that carry a token of the site's own (`tokens`) are counted."""
    token_secret: str = ""
    """What tokens are made with; empty until the owner asks for it. Shown to nobody else."""
    former_secret: str = ""
    """What they were made with before; tokens of it are good until `former_until` (seconds since 1970)."""
    former_until: int = 0
    path_aliases: dict[str, str] = {}
    """Paths that are counted as another, which is no alias itself: what the owner renamed or merged."""

    @property
    def is_local(self) -> bool:
        """Whether it is on somebody's own machine, where the script counts only if its tag says so."""
        return LOCAL.fullmatch(self.domain) is not None

    def page_key(self, path: str) -> str:
        """The path under which a canonical path is counted: for writing and reading alike."""
        return self.path_aliases.get(path, path)


class Event(Struct, frozen=True, kw_only=True, gc=False):
    """What a client said happened: parsed and limited, but not believed yet."""

    name: str
    url: str
    domains: tuple[str, ...] = ()
    referrer: str = ""
    title: str = ""
    id: str = ""
    detail: str | None = None
    """Properties as a JSON object, or None."""
    hash_mode: bool = False
    interactive: bool = True
    screen: int | None = None
    """Width of the screen in CSS pixels."""
    engaged: int | None = None
    """Of an engagement event: milliseconds in which its page was looked at; None where it does not say."""
    scroll: int | None = None
    """Of an engagement event: how much of its page was seen, 0 to 100 per cent."""
    age: int | None = None
    """Of an engagement event: milliseconds since its page was first looked at."""
    is_pageless: bool = False
    """Only the site is known, not the page: some old clients say no more. It counts as `OTHER`."""


class Arrival(Struct, frozen=True, kw_only=True, gc=False):
    """What the server saw of the request that carried an event. Never stored as it is."""

    at: float
    """Seconds since 1970, by the server's clock."""
    address: str = ""
    agent: str = ""
    language: str = ""
    """`Accept-Language`."""
    hints: Mapping[str, str] = {}
    """User-Agent Client Hints: `sec-ch-ua` and its like, by lower-cased name."""
    purpose: str = ""
    """`Sec-Purpose`, `Purpose` and their like, lower-cased."""
    gpc: bool = False
    """The browser sends `Sec-GPC: 1` or `DNT: 1`."""
    token: str = ""
    """What the address asked for says of the page that asks (`tokens`); empty for nothing."""


class Client(Struct, frozen=True, gc=False):
    """What a view was seen with, in words that people use; each may be empty for unknown."""

    browser: str = ""
    browser_version: str = ""
    """Major version only: "127"; for Safari and the like "17.4"."""
    os: str = ""
    os_version: str = ""
    device: str = ""
    """desktop, mobile, tablet, tv, console, bot"""
    screen: str = ""
    """Class of the screen's width: "<576", "576-767", "768-1023", "1024-1439", "1440+" CSS pixels."""
    host: str = ""
    """Of the site's hosts, the one that the page was shown under."""


class Place(Struct, frozen=True, gc=False):
    """Where a view was seen from, and in which language; each may be empty for unknown."""

    country: str = ""
    """ISO 3166-1 alpha-2, upper case."""
    region: str = ""
    """ISO 3166-2 where the database has it ("DE-BE"), else its name."""
    city: str = ""
    network: str = ""
    """The autonomous system, as "AS3320 Deutsche Telekom AG"."""
    language: str = ""
    """The first language of the browser, without its region: "de"."""


class Campaign(Struct, frozen=True, gc=False):
    """What the address of a page says of where its reader came from."""

    source: str = ""
    medium: str = ""
    name: str = ""
    content: str = ""
    term: str = ""
    click: str = ""
    """Which kind of click id stood there: "gclid", "fbclid" ...; never the id itself."""


UNKNOWN_CLIENT = Client()
UNKNOWN_PLACE = Place()
NO_CAMPAIGN = Campaign()


class Origin(Struct, frozen=True, gc=False):
    """Where a reader came from, in words that people use."""

    name: str
    """"Google", "Hacker News", a host, a newsletter; empty for direct."""
    medium: str
    """organic, social, email, cpc, referral ...; empty for direct."""
    channel: str
    """One of `channels.CHANNELS`."""


class Hit(Struct, frozen=True, gc=False):
    """What goes into the store: nothing in it says who the visitor is."""

    site: int
    day: int
    """The site's local day, as days since 1970-01-01."""
    at: int
    """Seconds since 1970."""
    visitor: int
    """Keyed hash, a signed 64-bit number."""
    kind: int
    name: str
    """Event name; empty for a view."""
    path: str
    source: str
    """Referring host; empty for none."""
    title: str
    repeat: int | None
    """Hash of the client's event id, or None."""
    detail: str | None
    client: Client = UNKNOWN_CLIENT
    place: Place = UNKNOWN_PLACE
    campaign: Campaign = NO_CAMPAIGN
    released: tuple[int, str] | None = None
    """The rule by which it counts, and the reason for which it would be kept apart."""


class Drop(Struct, frozen=True, gc=False):
    """A view or an event that is deliberately not stored, and why."""

    site: int
    reason: str
    hit: Hit | None = None
    """What is kept apart, for reasons that may turn out to be wrong (APART)."""
    rule: int = 0
    """The rule that took it out; 0 for none."""
    is_view: bool = True
    """Whether it is tallied as a view, not as an event; what nobody could read is taken for one."""


class Dropped(Struct, frozen=True):
    """How often something was dropped."""

    views: int = 0
    events: int = 0
    """Custom events, engagement events and other signs of a page that is open."""


APART = ("bot", "headless", "prefetch", "spam")
"""Reasons for which a hit is kept apart instead of thrown away."""


class Range(Struct, frozen=True, gc=False):
    """Days from `first` to `last`, both in it."""

    first: int
    last: int

    @property
    def days(self) -> int:
        return self.last - self.first + 1

    def before(self) -> Range:
        """The range of the same length that ends where this one begins."""
        return Range(self.first - self.days, self.first - 1)


class Moments(Struct, frozen=True):
    """Seconds since 1970 from `first` to `last`, both in it."""

    first: int
    last: int


class Earlier(Struct, frozen=True):
    """An import of which something is stored, as the next one of its site looks at it."""

    number: int
    file: str
    fingerprint: str
    state: str
    views: int
    span: Moments
    """Its first view and its last."""
    in_last_second: int
    """Of the imports after whose last view nothing was imported, but what was cut off: views at that time.
    A log that was copied in the midst of a second may have more of them."""


class Count(Struct, frozen=True, gc=False):
    """Views and visitors of a page, a site, a day."""

    views: int = 0
    visitors: int = 0

    @property
    def shown(self) -> Count:
        """What people see of it: never below nothing, and never more visitors than views."""
        return Count(max(self.views, 0), max(min(self.views, self.visitors), 0))


class PageSeries(Struct, array_like=True, gc=False):
    """The count of a page day by day, in three columns; what stands twice of a day adds up."""

    days: list[int]
    views: list[int]
    visitors: list[int]

    def add(self, other: PageSeries) -> None:
        """Take in what another one has."""
        self.days += other.days
        self.views += other.views
        self.visitors += other.visitors


class SiteCount(Struct, frozen=True, gc=False):
    """A site's all-time count, and who is there now."""

    domain: str
    views: int = 0
    visitors: int = 0
    online: int = 0


class Counters(Struct, frozen=True):
    """What a widget shows: the body of `GET /api/counters`."""

    site: SiteCount
    pages: dict[str, Count]


class Totals(Struct, frozen=True, gc=False):
    """The head figures of a range of days. Seconds for `duration`, summed over the visits."""

    views: int = 0
    visits: int = 0
    visitors: int = 0
    bounces: int = 0
    duration: int = 0
    events: int = 0
    """Custom events, where figures of groups or of a filter are told; 0 in what is summed up by day."""

    def __add__(self, other: Totals) -> Totals:
        return Totals(
            self.views + other.views,
            self.visits + other.visits,
            self.visitors + other.visitors,
            self.bounces + other.bounces,
            self.duration + other.duration,
            self.events + other.events,
        )

    @property
    def bounce_rate(self) -> float | None:
        """Share of visits with one view and no interactive event, 0 to 1; None without visits."""
        return self.bounces / self.visits if self.visits else None

    @property
    def visit_duration(self) -> float | None:
        """Mean seconds from the first to the last hit of a visit; None without visits."""
        return self.duration / self.visits if self.visits else None

    @property
    def per_visit(self) -> float | None:
        """Mean views of a visit; None without visits."""
        return self.views / self.visits if self.visits else None


class PageRow(Struct, frozen=True):
    """One page in a list of the most viewed."""

    path: str
    title: str
    views: int
    visitors: int


class ListedPage(Struct, frozen=True, omit_defaults=True):
    """One page of a list for readers."""

    path: str
    title: str
    views: int
    visitors: int
    before: int | None = None
    """Of a page that trends: its visitors in the range before."""
    score: float | None = None


class PageList(Struct, frozen=True):
    """Pages of a site, best first: the body of `GET /api/popular`."""

    site: str
    pages: list[ListedPage]


class RelatedPage(Struct, frozen=True):
    """A page that readers of another one also read, and how much more often than everybody."""

    path: str
    title: str
    lift: float


class Amount(Struct, frozen=True):
    """A count that the owner brings: None leaves that part as it is."""

    path: str
    """Canonical, or `SITE`."""
    views: int | None = None
    visitors: int | None = None
    title: str = ""


class Actor(Struct, frozen=True, omit_defaults=True):
    """Who changed something: the way by which it came, and the name that is known of them."""

    way: str = ""
    """terminal, browser or token; empty in rows of before 0.1.0."""
    name: str = ""
    """Of who typed the command, or of the token."""


class Detail(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What there is to know about an adjustment."""

    by: str = ""
    """The name of who made it; what `way` says is the way by which it came, as an `Actor` has them."""
    way: str = ""
    undone: Actor = Actor()
    """Who took it back."""
    note: str = ""
    strategy: str = ""
    path: str = ""
    """The page it is about, or the pattern that is excluded; empty for many pages."""
    target: str = ""
    """Where a renamed or merged page went."""
    file: str = ""
    fingerprint: str = ""
    pages_only: bool = False
    """Whether the site's own count stays as it is."""
    pages: int = 0
    views: int = 0
    visitors: int = 0
    """How many pages it changed, and by how much it moved the site's count."""
    page_views: int = 0
    page_visitors: int = 0
    """By how much it moved the counts of its pages together."""
    given_views: int | None = None
    given_visitors: int | None = None
    """What its one page (or the site) was to show, or to get on top; None where that was not said."""
    source_id: int = 0
    target_id: int = 0
    after: int = -1
    """Of a move: the days up to this one are done."""
    is_checked: bool = False


class Adjustment(Struct, frozen=True):
    """A change that the owner made to the numbers."""

    id: int
    site: int
    at: int
    kind: str
    """offset, reset, exclude, rename, merge, import, retention"""
    state: str
    """running, done, undoing, undone"""
    detail: Detail


class ApiToken(Struct, frozen=True):
    """What a program may do that carries a token; the token itself is kept nowhere."""

    id: int
    site: int
    """0 for every site."""
    scope: str
    """One of SCOPES."""
    digest: str
    """SHA-256 of the token, in hex."""
    note: str
    created: int


SCOPES = ("read", "annotate", "numbers")
"""Ask for figures; note something on a day as well; change counts as well as ask."""
"""What tokens are for: reading figures; also adding notes on days."""


class Goal(Struct, frozen=True):
    """Something that an owner hopes visitors do."""

    id: int
    site: int
    name: str
    kind: str
    """One of GOAL_KINDS."""
    target: str
    """The event's name, or the page's path with * for anything; empty for any page."""
    amount: int = 0
    """Per cent scrolled, or seconds engaged."""


GOAL_KINDS = ("event", "page", "scroll", "engaged")


class Segment(Struct, frozen=True):
    """Filters that an owner keeps under a name."""

    id: int
    site: int
    name: str
    filters: str
    """As the query of a page's address: f=country:is:DE&any=1"""


class Annotation(Struct, frozen=True):
    """A note on a day, such as that a new version went out."""

    id: int
    site: int
    day: int
    text: str
    link: str = ""


class Rule(Struct, frozen=True):
    """A rule that moves stored hits: out of what is counted, or back into it."""

    id: int
    site: int
    action: str
    """One of ACTIONS."""
    filter: str
    """A condition as text (`filters.read_condition`)."""
    state: str = "running"
    """running, done, undoing, undone"""
    day: int = -1
    """Up to which it is done."""


ACTIONS = ("release", "condemn")


class DigitImage(Struct, frozen=True):
    """The picture of one digit, or of a dash."""

    char: str
    mime: str
    width: int
    height: int
    data: bytes


class DigitSet(Struct, frozen=True):
    """Pictures of an owner's, of which a number is put together."""

    name: str
    images: tuple[DigitImage, ...]


class Effect(Struct, frozen=True):
    """What a rule would change on one day."""

    day: int
    before: Count
    after: Count
