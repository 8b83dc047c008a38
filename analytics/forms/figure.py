"""The metrics that a form can show, and one figure of them with its words."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from .numbers import write_number

FEW_ONLINE = 3
"""Fewer than so many people online are shown as a dash: often they are the reader alone."""

DASH = "–"
UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Metric:
    """What is counted: `scope` is page, site or online; `field` is views, visitors or online."""

    name: str
    scope: str
    field: str
    label: str
    meaning: str
    window: str = ""
    """The period that its name says; the parameter `period` is for the others."""


PAGE_VIEWS = Metric("page-views", "page", "views", "page views", "How often this page was seen")
PAGE_VISITORS = Metric(
    "page-visitors", "page", "visitors", "page visitors", "Browsers that saw this page, counted once a day"
)
SITE_VIEWS = Metric("site-views", "site", "views", "site views", "How often the pages of this site were seen")
SITE_VISITORS = Metric(
    "site-visitors", "site", "visitors", "site visitors", "Browsers that saw this site, counted once a day"
)
ONLINE = Metric("online", "online", "online", "online now", "Visitors of this site in the last 5 minutes")
TODAY_VIEWS = Metric("today-views", "site", "views", "site views", SITE_VIEWS.meaning, "today")
TODAY_VISITORS = Metric("today-visitors", "site", "visitors", "site visitors", SITE_VISITORS.meaning, "today")

METRICS: Mapping[str, Metric] = {
    "page-views": PAGE_VIEWS,
    "page-visitors": PAGE_VISITORS,
    "site-views": SITE_VIEWS,
    "site-visitors": SITE_VISITORS,
    "online": ONLINE,
    # The names that badges of other counters use.
    "pv": PAGE_VIEWS,
    "uv": PAGE_VISITORS,
    "page_pv": PAGE_VIEWS,
    "page_uv": PAGE_VISITORS,
    "site_pv": SITE_VIEWS,
    "site_uv": SITE_VISITORS,
    "today_pv": TODAY_VIEWS,
    "today_uv": TODAY_VISITORS,
}
"""Every metric by each of its names; the first five are its own."""

NAMES = ("page-views", "page-visitors", "site-views", "site-visitors", "online")

SPANS = {
    "today": "today",
    "yesterday": "yesterday",
    "7d": "7 days",
    "30d": "30 days",
    "90d": "90 days",
    "365d": "365 days",
    "12mo": "12 months",
}


@dataclass(frozen=True, slots=True)
class Figure:
    """One number of a metric. `value` is None where the site or page is not known."""

    metric: Metric
    value: int | None
    window: str = ""

    @property
    def is_few(self) -> bool:
        """Whether it says no more than that hardly anybody is online."""
        return self.metric is ONLINE and self.value is not None and self.value < FEW_ONLINE

    @property
    def span(self) -> str:
        """The period in words; empty for all time."""
        window = self.metric.window or self.window
        return SPANS.get(window) or (window.replace("since:", "since ") if ":" in window else "")

    @property
    def label(self) -> str:
        """What is counted, with the period: `page views`, `site views today`, `page views, 7 days`."""
        comma = ", " if self.span[:1].isdigit() else " "
        return f"{self.metric.label}{comma}{self.span}" if self.span else self.metric.label

    def write_exact(self, locale: str) -> str:
        """The whole number as a screen reader says it."""
        if self.value is None:
            return UNKNOWN
        return f"fewer than {FEW_ONLINE}" if self.is_few else write_number(self.value, locale=locale)

    def write(self, form: str, locale: str, unknown: str = UNKNOWN) -> str:
        """The number as it is shown: in a number format, a dash for few online, or `unknown`."""
        if self.value is None:
            return unknown
        return DASH if self.is_few else write_number(self.value, form, locale)
