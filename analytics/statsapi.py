"""Questions that programs ask, in the shape of Plausible's Stats API v2, and their answers.

Facts of the format: https://plausible.io/docs/stats-api.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from msgspec.structs import replace as replace_row

from .breakdown import Grouping, Row, Stay, count_each, measure_stays, tabulate, time_word
from .days import local_day, to_date, to_day
from .dimensions import BY_NAME, PROPERTY, Dimension, Level, find_dimension, name_property
from .errors import InputError
from .filters import (
    NO_FILTER,
    NOTHING,
    Condition,
    Done,
    Every,
    Filter,
    Some,
    Unless,
    condition,
    conditions,
)
from .goals import reached
from .model import Moments, Site
from .spans import Span, change_of, compare, read_comparison, read_span, read_v1_range, write_span
from .store.base import Reader

MAX_ROWS = 10_000
"""Rows of an answer, unless fewer are asked for."""
MAX_LABELS = 50_000
"""Days, hours or minutes of which all are told: some five years of hours."""
MAX_DEPTH = 10
MAX_CONDITIONS = 100
MAX_DIMENSIONS = 4

NAMES = {
    "event:page": "page",
    "event:title": "title",
    "event:name": "event",
    **{
        f"visit:{name}": name
        for name, one in BY_NAME.items()
        if one.level is Level.VISIT and one.table and name not in ("entry", "exit", "host")
    },
    "visit:country_name": "country_name",
    "visit:region_name": "region_name",
    "visit:city_name": "city",
    "visit:hostname": "host",
    "visit:entry_page_hostname": "host",
    "event:hostname": "host",
    "visit:entry_page": "entry",
    "visit:exit_page": "exit",
    "visit:exit_page_hostname": "exit_host",
    "time:minute": "minute",
    "time:hour": "hour",
    "time:day": "day",
    "time:week": "week",
    "time:month": "month",
}
"""Our dimensions as the API names them."""
OF_PROPERTY = "event:props:"
"""Begins the names of dimensions that are properties of events; the property's own name follows."""


OF_OWNER = {"event:goal": "goal", "segment": "segment"}
"""What an owner keeps, as filters name it; goals are a dimension, too."""


def _per(part: float, whole: float, digits: int = 2) -> float:
    return round(part / whole, digits) if whole else 0


def _whole(value: float | None) -> int | None:
    return None if value is None else round(value)


METRICS: dict[str, Callable[[Row], float]] = {
    "visitors": lambda row: row.visitors,
    "visits": lambda row: row.visits,
    "pageviews": lambda row: row.views,
    "views_per_visit": lambda row: _per(row.views, row.visits),
    "bounce_rate": lambda row: _per(100 * row.bounces, row.visits, 0),
    "visit_duration": lambda row: _per(row.duration, row.visits, 0),
    "events": lambda row: row.views + row.events,
    "percentage": lambda row: row.visitors,
    "conversion_rate": lambda row: row.visitors,
    "group_conversion_rate": lambda row: row.visitors,
    "scroll_depth": lambda row: 0,
    "time_on_page": lambda row: 0,
}
"""Each from a group's figures; shares of all visitors, and what tells of engagement, come afterwards."""
OF_STAYS: dict[str, Callable[[Stay], float | None]] = {
    "scroll_depth": lambda stay: _whole(stay.scroll_depth),
    "time_on_page": lambda stay: _whole(stay.time_on_page),
}
"""Those that tell how pages were looked at; None where nothing is known."""
RATES = ("conversion_rate", "group_conversion_rate")
"""How many of those who might have reached a goal did."""
SHARES = ("percentage", *RATES)
OF_VISITS = ("bounce_rate", "visit_duration", "views_per_visit")
"""They mean nothing for groups inside visits."""
OF_ENTRIES = ("bounce_rate", "visit_duration")
"""Of these a page has those of the visits that began on it."""


@dataclass(frozen=True)
class Ask:
    """A question that was checked."""

    site: Site
    metrics: tuple[str, ...]
    span: Span
    dimensions: tuple[str, ...] = ()
    """As the API names them."""
    tree: Filter = NO_FILTER
    order: tuple[tuple[str, bool], ...] = ()
    """Metrics or dimensions, and whether the greatest comes first."""
    limit: int = MAX_ROWS
    offset: int = 0
    include: frozenset[str] = frozenset()
    against: Span | None = None
    """With what it is compared."""
    asked: Mapping[str, Any] = field(default_factory=dict)


INCLUDES = ("time_labels", "total_rows", "imports", "trim_relative_date_range")
"""What may be included; comparisons, which are more than a yes, besides."""


def read_ask(body: Any, site: Site, now: float, since: int | None, until: int | None = None) -> Ask:
    """A request's body, checked; InputError names the parameter. `since`, `until`: the site's first and
    last day with a view."""
    if not isinstance(body, dict):
        raise InputError("body", "must be an object")
    known = {"site_id", "metrics", "date_range", "dimensions", "filters", "order_by", "include", "pagination"}
    for name in body:
        if name not in known:
            hint = "One of " + ", ".join(sorted(known))
            raise InputError(str(name)[:40], "is not a parameter", hint=hint)
    metrics = read_metrics(_texts(body, "metrics", required=True))
    names = _texts(body, "dimensions")
    span = read_span(body.get("date_range"), site, now, since, until)
    time = f"time:{span.interval}"
    dimensions = tuple(dict.fromkeys(time if name == TIME else name for name in names))
    if len(dimensions) > MAX_DIMENSIONS:
        raise InputError("dimensions", f"names {len(dimensions)}; {MAX_DIMENSIONS} are possible")
    tree = read_filters(body.get("filters"))
    check_metrics(metrics, dimensions)
    check_stays(metrics, dimensions, tree)
    check_goals(metrics, dimensions, tree)
    limit, offset = _read_pagination(body.get("pagination"))
    include = _read_include(body.get("include"))
    comparisons = include.pop("comparisons", None)
    comparison = read_comparison(comparisons, site) if comparisons is not None else None
    return Ask(
        site=site,
        metrics=metrics,
        span=span,
        dimensions=dimensions,
        tree=tree,
        order=_read_order(body.get("order_by"), metrics, dimensions, time),
        limit=limit,
        offset=offset,
        include=frozenset(name for name, value in include.items() if value),
        against=compare(span, comparison, site, today_of(site, now)) if comparison else None,
        asked=body,
    )


def find(name: str, parameter: str) -> Dimension:
    """The dimension that the API calls so; InputError when there is none."""
    if name.startswith(OF_PROPERTY) and len(name) > len(OF_PROPERTY):
        return find_dimension(name_property(name[len(OF_PROPERTY) :]), parameter)
    ours = NAMES.get(name)
    if ours is None:
        raise InputError(
            parameter,
            f"{name[:60]!r} is not a dimension",
            hint="One of " + ", ".join((*NAMES, OF_PROPERTY + "…")),
        )
    return find_dimension(ours)


def read_metrics(names: Sequence[str]) -> tuple[str, ...]:
    """Metrics that there are, each once; InputError for others, and for none."""
    for name in names:
        if name not in METRICS:
            raise InputError("metrics", f"{name[:60]!r} is not a metric", hint="One of " + ", ".join(METRICS))
    if not names:
        raise InputError("metrics", "is empty", hint="One of " + ", ".join(METRICS))
    return tuple(dict.fromkeys(names))


def check_metrics(metrics: Sequence[str], dimensions: Sequence[str]) -> None:
    """InputError when a metric means nothing for groups of these dimensions."""
    if GOAL in dimensions:
        return
    inside = [name for name in dimensions if find(name, "dimensions").level is not Level.VISIT]
    possible = OF_ENTRIES if inside == [PAGE] else ()
    wrong = [name for name in metrics if name in OF_VISITS and name not in possible]
    if inside and wrong:
        hint = "Ask for it by a dimension of visits, such as visit:entry_page."
        raise InputError("metrics", f"{wrong[0]} cannot be told by {inside[0]}", hint=hint)


GOAL = "event:goal"
PAGE = "event:page"
TIME = "time"
"""By the interval that suits the range."""


def check_stays(metrics: Sequence[str], dimensions: Sequence[str], tree: Filter) -> None:
    """InputError when engagement is asked for of no page, or of what is inside of views."""
    asked = [name for name in metrics if name in OF_STAYS]
    if not asked:
        return
    if not {"event:page", "event:title"} & {*dimensions} and not any(
        one.dimension in ("page", "title") for one in conditions(tree)
    ):
        hint = "Add the dimension event:page, or a filter by it."
        raise InputError("metrics", f"{asked[0]} needs a page", hint=hint)
    for name in dimensions:
        if name == GOAL or find(name, "dimensions").level in (Level.EVENT, Level.TIME):
            raise InputError("metrics", f"{asked[0]} cannot be told by {name}")


def check_goals(metrics: Sequence[str], dimensions: Sequence[str], tree: Filter) -> None:
    """InputError when goals are asked for in a way that means nothing."""
    if GOAL in dimensions and len(dimensions) > 1:
        raise InputError("dimensions", "has event:goal beside others", hint="Ask for it alone.")
    has_goal = GOAL in dimensions or any(one.dimension == "goal" for one in conditions(tree))
    rates = [name for name in metrics if name in RATES]
    if rates and not has_goal:
        hint = "Add the dimension event:goal, or a filter by it."
        raise InputError("metrics", f"{rates[0]} needs a goal", hint=hint)


def without_goals(tree: Filter, *, is_denied: bool = False) -> Filter:
    """A filter without what must hold of goals and of properties: of whom a rate is a part.

    It means everybody whom the filter might mean, whatever they reached. So such a condition always holds;
    and inside a `not` (`is_denied`) never, that the whole does.
    """
    if isinstance(tree, Condition):
        is_of_goal = tree.dimension == "goal" or tree.dimension.startswith(PROPERTY)
        return (NOTHING if is_denied else NO_FILTER) if is_of_goal else tree
    if isinstance(tree, Unless):
        part = without_goals(tree.part, is_denied=not is_denied)
        return NO_FILTER if part == NOTHING else NOTHING if part == NO_FILTER else Unless(part)
    if isinstance(tree, Done):
        part = without_goals(tree.part, is_denied=is_denied)
        return part if part in (NO_FILTER, NOTHING) else Done(part)
    if isinstance(tree, Every | Some):
        parts = [without_goals(part, is_denied=is_denied) for part in tree.parts]
        empty, decisive = (NO_FILTER, NOTHING) if isinstance(tree, Every) else (NOTHING, NO_FILTER)
        kept = tuple(part for part in parts if part != empty)
        return decisive if decisive in kept else kept[0] if len(kept) == 1 else type(tree)(kept)
    return tree


def by_entry(tree: Filter) -> Filter:
    """A filter of pages as one of the pages on which visits began; what a visit has done stays."""
    if isinstance(tree, Condition):
        return replace(tree, dimension="entry") if tree.dimension == "page" else tree
    if isinstance(tree, Unless):
        return Unless(by_entry(tree.part))
    if isinstance(tree, Every | Some):
        return type(tree)(tuple(map(by_entry, tree.parts)))
    return tree


def _texts(body: Mapping[str, Any], name: str, *, required: bool = False) -> list[str]:
    found = body.get(name)
    if found is None and not required:
        return []
    if not isinstance(found, list) or not all(isinstance(one, str) for one in found):
        raise InputError(name, "must be a list of names")
    return found


# Filters


def read_filters(value: Any) -> Filter:
    """The `filters` of a request: a list of which all must hold."""
    if value is None:
        return NO_FILTER
    if not isinstance(value, list):
        raise InputError("filters", "must be a list of filters")
    budget = [MAX_CONDITIONS]
    parts = tuple(_read_filter(one, 0, budget) for one in value)
    return parts[0] if len(parts) == 1 else Every(parts) if parts else NO_FILTER


def _read_filter(value: Any, depth: int, budget: list[int]) -> Filter:
    budget[0] -= 1
    if depth > MAX_DEPTH or budget[0] < 0:
        raise InputError("filters", "are too many, or too deep")
    if not isinstance(value, list) or not value or not isinstance(value[0], str):
        hint = 'Such as ["is", "visit:country", ["DE"]].'
        raise InputError("filters", "has an entry that is no filter", hint=hint)
    operator, *rest = value
    if operator in ("and", "or") and len(rest) == 1 and isinstance(rest[0], list):
        parts = tuple(_read_filter(one, depth + 1, budget) for one in rest[0])
        return Every(parts) if operator == "and" else Some(parts)
    if operator in ("not", "has_done", "has_not_done") and len(rest) == 1:
        part = _read_filter(rest[0], depth + 1, budget)
        inner = part if operator == "not" else Done(part)
        return inner if operator == "has_done" else Unless(inner)
    return _read_condition(operator, rest)


def _read_condition(operator: str, rest: list[Any]) -> Filter:
    hint = 'Such as ["is", "visit:country", ["DE"]].'
    if len(rest) not in (2, 3) or not isinstance(rest[0], str) or not isinstance(rest[1], list):
        raise InputError("filters", f"has {operator[:40]!r} without a dimension and values", hint=hint)
    options = rest[2] if len(rest) == 3 else {}
    if rest[0] == "segment":
        rest = [rest[0], [str(one) if type(one) is int else one for one in rest[1]]]
    if not all(isinstance(one, str) for one in rest[1]):
        raise InputError("filters", "has values that are no text", hint=hint)
    if not isinstance(options, dict) or not set(options) <= {"case_sensitive"}:
        raise InputError("filters", "has options that are none", hint='There is {"case_sensitive": false}.')
    ours = OF_OWNER.get(rest[0]) or find(rest[0], "filters").name
    return condition(
        ours,
        operator,
        [_word(ours, one) for one in rest[1]],
        is_exact=options.get("case_sensitive", True) is not False,
    )


DIRECT = "Direct / None"
"""How Plausible's programs call visits that nobody sent."""
DEVICES = ("Mobile", "Desktop", "Tablet")
"""How they write kinds of devices, which are ours in lower case."""


def _word(dimension: str, value: str) -> str:
    """A value of a filter as we have it."""
    if dimension == "device" and value in DEVICES:
        return value.lower()
    return "" if value == DIRECT and dimension in ("source", "referrer") else value


def _read_order(
    value: Any, metrics: Sequence[str], dimensions: Sequence[str], time: str = TIME
) -> tuple[tuple[str, bool], ...]:
    """What an `order_by` says; `time`: the dimension that is meant by that word."""
    if value is None:
        times = [name for name in dimensions if name.startswith("time:")]
        return ((times[0], False),) if times else ((metrics[0], True),)
    hint = 'Such as [["visitors", "desc"]], of what is asked for.'
    if not isinstance(value, list):
        raise InputError("order_by", "must be a list", hint=hint)
    found = []
    for one in value:
        is_pair = isinstance(one, list) and len(one) == 2 and one[1] in ("asc", "desc")
        name = None if not is_pair else time if one[0] == TIME else one[0]
        if name not in (*metrics, *dimensions):
            raise InputError("order_by", "has an entry that is no order", hint=hint)
        found.append((name, one[1] == "desc"))
    return tuple(found)


def _read_include(value: Any) -> dict[str, Any]:
    """What an `include` says, each under one of its names."""
    possible = (*INCLUDES, "comparisons")
    value = {} if value is None else value
    if not isinstance(value, dict):
        raise InputError("include", "must be an object", hint="With " + ", ".join(possible))
    for name in value:
        if name not in possible:
            hint = "One of " + ", ".join(possible)
            raise InputError("include", f"{str(name)[:40]!r} is not possible", hint=hint)
    return dict(value)


def _read_pagination(value: Any) -> tuple[int, int]:
    value = {} if value is None else value
    if not isinstance(value, dict):
        raise InputError("pagination", "must be an object", hint='Such as {"limit": 100, "offset": 0}.')
    if not set(value) <= {"limit", "offset"}:
        raise InputError("pagination", "has a limit and an offset, and nothing else")
    limit, offset = value.get("limit", MAX_ROWS), value.get("offset", 0)
    is_fit = type(limit) is int and type(offset) is int and 0 < limit <= MAX_ROWS and 0 <= offset < 10**9
    if not is_fit:
        raise InputError("pagination", f"takes a limit of 1 to {MAX_ROWS:,} and an offset")
    return limit, offset


# Version 1, which asks by the query of an address


def read_v1_filters(text: str) -> Filter:
    """`visit:country==DE|AT;event:page!=/a*`: a bar is "or", a semicolon "and", a star any text."""
    parts = []
    for one in re.split(r"(?<!\\);", text) if text else []:
        # Blanks are taken off afterwards: a pattern that did would look at many of them again and again.
        match = re.fullmatch(r"([^=!~]+)(==|!=|~)(.+)", one, re.DOTALL)
        name, value = (match[1].strip(), match[3].lstrip()) if match else ("", "")
        if match is None or not (name and value):
            hint = "Such as visit:country==DE|AT;event:page!=/a*"
            raise InputError("filters", f"{one[:40]!r} is no filter", hint=hint)
        ours = OF_OWNER.get(name) or find(name, "filters").name
        values = [_unescape(part) for part in re.split(r"(?<!\\)\|", value)]
        operator = {"==": "is", "!=": "is_not", "~": "contains"}[match[2]]
        if operator != "contains" and re.search(r"(?<!\\)\*", value):
            operator = "matches" if operator == "is" else "matches_not"
            values = [_pattern(part) for part in re.split(r"(?<!\\)\|", value)]
        parts.append(condition(ours, operator, [_word(ours, part) for part in values]))
    return parts[0] if len(parts) == 1 else Every(tuple(parts))


def _pattern(text: str) -> str:
    """A value with stars as a pattern: one star stays within a folder, two do not."""
    pieces = re.split(r"(?<!\\)(\*\*?)", text)
    stars = {"*": "[^/]*", "**": ".*"}
    return "^" + "".join(stars.get(piece, re.escape(_unescape(piece))) for piece in pieces) + "$"


def _unescape(text: str) -> str:
    """A value without the backslashes before what would divide it, or be any text."""
    return re.sub(r"\\([|;*])", r"\1", text)


def read_v1_ask(known: Mapping[str, str], site: Site, today: int, property: str = "") -> Ask:
    """A question of version 1; `property` is the dimension that it is broken down by."""
    metrics = read_metrics([name for name in known.get("metrics", "visitors").split(",") if name])
    dimensions = (property,) if property else ()
    tree = read_v1_filters(known.get("filters", ""))
    check_metrics(metrics, dimensions)
    check_stays(metrics, dimensions, tree)
    check_goals(metrics, dimensions, tree)
    return Ask(
        site=site,
        metrics=metrics,
        span=Span(read_v1_range(known, today)),
        dimensions=dimensions,
        tree=tree,
        order=_read_order(None, metrics, dimensions),
        limit=read_number(known, "limit", 100, 1_000),
        offset=0,
    )


def read_number(known: Mapping[str, str], name: str, usual: int, most: int) -> int:
    """A number of a request's address; InputError when it is none, or too large."""
    text = known.get(name, str(usual))
    if not (text.isascii() and text.isdigit() and len(text) < 8 and 0 < int(text) <= most):
        raise InputError(name, f"takes a number from 1 to {most:,}")
    return int(text)


def aggregate(reader: Reader, ask: Ask, before: Ask | None) -> dict[str, Any]:
    """The figures of a range, and by how many per cent they moved against another."""
    now = answer(reader, ask)["results"][0]["metrics"]
    found: dict[str, Any] = {name: {"value": value} for name, value in zip(ask.metrics, now, strict=True)}
    if before is not None:
        then = answer(reader, before)["results"][0]["metrics"]
        for name, value, earlier in zip(ask.metrics, now, then, strict=True):
            found[name]["change"] = change_of(name, value, earlier)
    return {"results": found}


def timeseries(reader: Reader, ask: Ask) -> dict[str, Any]:
    """The figures of each day (or month, or hour) of a range, those with nothing too."""
    labels = time_labels(ask)
    # A series has all of its times; only lists are cut.
    whole = answer(reader, replace(ask, limit=MAX_LABELS))
    by_time = {one["dimensions"][0]: one["metrics"] for one in whole["results"]}
    nothing = _nothing(ask)
    return {
        "results": [
            {"date": label, **dict(zip(ask.metrics, by_time.get(label, nothing), strict=True))}
            for label in labels
        ]
    }


def breakdown(reader: Reader, ask: Ask, page: int) -> dict[str, Any]:
    """The groups of a dimension, a page of them at a time."""
    dimension = ask.dimensions[0]
    name = dimension.partition(":")[2].removeprefix("props:")
    asked = replace(ask, offset=(page - 1) * ask.limit)
    if dimension != GOAL and not dimension.startswith(OF_PROPERTY):
        # What version 1 calls a conversion rate is that of each group.
        metrics = tuple(RATES[1] if metric == RATES[0] else metric for metric in ask.metrics)
        asked = replace(asked, metrics=metrics, order=_read_order(None, metrics, ask.dimensions))
    found = answer(reader, asked)["results"]
    return {
        "results": [
            {name: one["dimensions"][0], **dict(zip(ask.metrics, one["metrics"], strict=True))}
            for one in found
        ]
    }


# Answers

WHOLE = Grouping()


def answer(reader: Reader, ask: Ask) -> dict[str, Any]:
    """The answer to a question, as it stands in the body. Call it inside one snapshot of the reader."""
    labels = time_labels(ask) if "time_labels" in ask.include else []
    shown = _measure(reader, ask)
    if ask.against is not None:
        shown = _compare(shown, ask, reader, ask.against)
    shown.sort(key=lambda one: one["dimensions"])
    for name, is_descending in reversed(ask.order):
        shown.sort(key=_place_of(name, ask), reverse=is_descending)
    meta: dict[str, Any] = {}
    if "total_rows" in ask.include:
        meta["total_rows"] = len(shown)
    if "time_labels" in ask.include:
        meta["time_labels"] = labels
    if "imports" in ask.include:
        # Imported views count like all others.
        meta["imports_included"] = True
    if ask.against is not None:
        meta["comparison_date_range"] = write_span(ask.against, ask.site)
    return {
        "results": shown[ask.offset : ask.offset + ask.limit],
        "meta": meta,
        "query": _normalised(ask),
    }


def _tabulate(reader: Reader, ask: Ask, tree: Filter, grouping: Grouping = WHOLE) -> list[Row]:
    """The groups of what was asked, of those that a filter means."""
    span = ask.span
    return [*tabulate(reader, ask.site, span.days, [grouping], tree, within=span.within)[grouping]]


def _grouping(ask: Ask) -> Grouping:
    return Grouping(tuple(find(name, "dimensions").name for name in ask.dimensions))


def _rows(reader: Reader, ask: Ask, tree: Filter) -> list[Row]:
    """The groups that there are, of those that a filter means; without dimensions always one."""
    if GOAL in ask.dimensions:
        return _goal_rows(reader, ask, tree)
    found = _tabulate(reader, ask, tree, _grouping(ask))
    rows = [row for row in found if row.visits or row.views or row.events]
    return rows if ask.dimensions else rows or [Row(())]


def _goal_rows(reader: Reader, ask: Ask, tree: Filter) -> list[Row]:
    goals, span = reader.kept(ask.site.id).goals, ask.span
    # Of the visits that the filter means, what reached each goal.
    trees = [Every((Done(tree), reached(goal))) for goal in goals]
    rows = []
    for goal, row in zip(
        goals, count_each(reader, ask.site, span.days, trees, within=span.within), strict=True
    ):
        # A goal that is no single view or event is reached once a visit.
        figures = {} if goal.kind in ("event", "page") else {"views": 0, "events": row.visits}
        rows.append(replace_row(row, labels=(goal.name,), **figures))
    return [row for row in rows if row.visits or row.events]


Group = dict[str, Any]
"""One of `results`: its `dimensions`, its `metrics` and its `comparison`."""


def _measure(reader: Reader, ask: Ask) -> list[Group]:
    """Every group with its metrics, in no order."""
    parts = _parts(reader, ask)
    stays, entries = _stays(reader, ask), _entries(reader, ask)
    found: list[Group] = []
    for row in _rows(reader, ask, ask.tree):
        values: list[float | None] = []
        for name in ask.metrics:
            if name in OF_STAYS:
                values.append(OF_STAYS[name](stays.get(row.labels, Stay())))
            elif name in parts:
                part = parts[name]
                whole = part if isinstance(part, int) else part.get(row.labels, 0)
                values.append(_per(100 * row.visitors, whole, 1))
            elif entries is not None and name in OF_ENTRIES:
                entry = entries.get(row.labels)
                values.append(METRICS[name](entry) if entry else None)
            else:
                values.append(METRICS[name](row))
        found.append({"metrics": values, "dimensions": [*row.labels]})
    return found


def _nothing(ask: Ask) -> list[float | None]:
    """The metrics of a group that there is not."""
    is_by_page = PAGE in ask.dimensions
    return [None if name in OF_STAYS or (is_by_page and name in OF_ENTRIES) else 0 for name in ask.metrics]


def _parts(reader: Reader, ask: Ask) -> dict[str, Mapping[tuple[str, ...], int] | int]:
    """Of the shares that are asked for, of how many visitors they are: of each group, or of all."""
    found: dict[str, Mapping[tuple[str, ...], int] | int] = {}
    for name in SHARES:
        if name in ask.metrics:
            tree = without_goals(ask.tree) if name in RATES else ask.tree
            if name == "group_conversion_rate":
                found[name] = {row.labels: row.visitors for row in _rows(reader, ask, tree)}
            else:
                found[name] = sum(row.visitors for row in _tabulate(reader, ask, tree))
    return found


def _compare(shown: Sequence[Group], ask: Ask, reader: Reader, against: Span) -> list[Group]:
    """The groups beside what they were then; of groups by time alone, those with nothing now too."""
    then = replace(ask, span=against)
    earlier = {tuple(one["dimensions"]): one["metrics"] for one in _measure(reader, then)}
    # What is later than the shorter of the two has nothing to be compared with.
    time_then = dict(zip(time_labels(ask), time_labels(then, "include"), strict=False))
    found = [*shown]
    if len(ask.dimensions) == 1:
        told = {one["dimensions"][0] for one in shown}
        found += [
            {"metrics": _nothing(ask), "dimensions": [label]} for label in time_then if label not in told
        ]
    for one in found:
        labels = [
            time_then.get(label) if name.startswith("time:") else label
            for name, label in zip(ask.dimensions, one["dimensions"], strict=True)
        ]
        metrics = earlier.get(tuple(labels), _nothing(ask))
        change = list(map(change_of, ask.metrics, one["metrics"], metrics))
        one["comparison"] = {"metrics": metrics, "dimensions": labels, "change": change}
    return found


def _stays(reader: Reader, ask: Ask) -> dict[tuple[str, ...], Stay]:
    """How the pages of each group were looked at; nothing where that is not asked for."""
    if not {*OF_STAYS} & {*ask.metrics}:
        return {}
    span = ask.span
    return measure_stays(reader, ask.site, span.days, _grouping(ask), ask.tree, within=span.within)


def _entries(reader: Reader, ask: Ask) -> dict[tuple[str, ...], Row] | None:
    """Of groups by page, the visits that began on it; None where that is not asked for."""
    if PAGE not in ask.dimensions or not {*OF_ENTRIES} & {*ask.metrics}:
        return None
    names = ("entry" if name == "page" else name for name in _grouping(ask).dimensions)
    rows = _tabulate(reader, ask, by_entry(ask.tree), Grouping(tuple(names)))
    return {row.labels: row for row in rows if row.visits}


def _place_of(name: str, ask: Ask) -> Callable[[Group], Any]:
    if name in ask.metrics:
        place = ask.metrics.index(name)
        # What is not known comes after the smallest.
        return lambda one: (one["metrics"][place] is not None, one["metrics"][place] or 0)
    place = ask.dimensions.index(name)
    return lambda one: one["dimensions"][place]


LABELS_A_DAY = {"hour": 24, "minute": 1_440}


def time_labels(ask: Ask, parameter: str = "date_range") -> list[str]:
    """Every minute, hour, day, week or month of the range, for who draws a chart; none without such a
    dimension. InputError, of the parameter, for more than MAX_LABELS."""
    name = next((NAMES[one] for one in ask.dimensions if one.startswith("time:")), "")
    span = ask.span.days
    if span.days * LABELS_A_DAY.get(name, 1) > MAX_LABELS:
        raise InputError(parameter, f"is too long to tell every {name}", hint="Ask for fewer days.")
    if ask.span.within is not None and name in LABELS_A_DAY:
        return _labels_within(name, ask.span.within, ask.site)
    days = [to_date(day) for day in range(span.first, span.last + 1)]
    if name == "month":
        return list(dict.fromkeys(f"{day:%Y-%m-01}" for day in days))
    if name == "week":
        mondays = (to_date(to_day(day) - day.weekday()) for day in days)
        return list(dict.fromkeys(day.isoformat() for day in mondays))
    if name == "minute":
        return [f"{day} {at // 60:02d}:{at % 60:02d}" for day in days for at in range(1_440)]
    if name == "hour":
        return [f"{day} {hour:02d}:00" for day in days for hour in range(24)]
    return [day.isoformat() for day in days] if name == "day" else []


def _labels_within(name: str, within: Moments, site: Site) -> list[str]:
    """The hours or minutes between two times, as the site's clocks tell them."""
    # No hour begins within a quarter of one, in any zone.
    step = 15 if name == "hour" else 1
    first, last = (at // 60 // step for at in (within.first, within.last))
    return list(dict.fromkeys(time_word(name, at * step, site.timezone) for at in range(first, last + 1)))


def _normalised(ask: Ask) -> dict[str, Any]:
    return {
        "site_id": ask.site.domain,
        "metrics": [*ask.metrics],
        "date_range": write_span(ask.span, ask.site),
        "dimensions": [*ask.dimensions],
        "filters": ask.asked.get("filters") or [],
        "order_by": [[name, "desc" if is_descending else "asc"] for name, is_descending in ask.order],
        "include": {name: name in ask.include for name in INCLUDES} | _comparisons(ask),
        "pagination": {"limit": ask.limit, "offset": ask.offset},
    }


def _comparisons(ask: Ask) -> dict[str, Any]:
    include = ask.asked.get("include") or {}
    return {"comparisons": include["comparisons"]} if ask.against is not None else {}


def today_of(site: Site, now: float) -> int:
    """The site's local day."""
    return local_day(site.timezone, now)
