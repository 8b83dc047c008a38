"""Our own API as an OpenAPI 3.1 document, made of the tables that the endpoints read themselves.

What the endpoints of foreign protocols take is their authors' to describe.
"""

from __future__ import annotations

from typing import Any

from . import __version__, statsapi
from .filters import MAX_VALUES, OPERATORS
from .lists import METRICS as LIST_METRICS
from .lists import MOST
from .payload import MAX_ID, MAX_NAME
from .report import MAX_PATHS
from .spans import MODES, V1_PERIODS
from .urls import MAX_URL

Schema = dict[str, Any]

TEXT: Schema = {"type": "string"}
FLAG: Schema = {"type": "boolean"}
NUMBER: Schema = {"type": "number"}
COUNT: Schema = {"type": "integer", "minimum": 0}
MAYBE: Schema = {"type": ["number", "null"]}
FIGURES: Schema = {"type": "array", "items": MAYBE}
KEY: list[dict[str, list[str]]] = [{"key": []}]


def describe(base_path: str = "") -> dict[str, Any]:
    """The whole document; `base_path` is what the addresses begin with."""
    return {
        "openapi": "3.1.1",
        "info": {
            "title": "Pagetally",
            "version": __version__,
            "license": {"name": "MIT", "identifier": "MIT"},
            "summary": "Page views in, counters and figures out.",
        },
        "servers": [{"url": base_path or "/"}],
        "paths": {**_collecting(), **_counting(), **_asking(), **_health()},
        "components": {
            "schemas": _schemas(),
            "securitySchemes": {
                "key": {"type": "http", "scheme": "bearer", "description": "Made by `pagetally token add`."}
            },
        },
    }


def _collecting() -> dict[str, Any]:
    stored = {
        "description": "Stored, unless `X-Pagetally` says why not.",
        "headers": {"X-Pagetally": {"description": "`dropped; REASON`", "schema": TEXT}},
        "content": {"text/plain": {"schema": TEXT}, "application/json": {"schema": _ref("Counters")}},
    }
    event = _operation("recordEvent", "Record a view or a custom event", [_field("counters", {"const": "1"})])
    event["requestBody"] = _body("Event", "application/json", "text/plain")
    event["responses"] = {"202": stored, **_errors(400, 408, 413, 429, 503)}
    pixel = _operation(
        "recordPixel",
        "Record a view of a page that runs no JavaScript",
        [_field(name, TEXT) for name in ("u", "r", "t", "d", "id")],
    )
    image: Schema = {"content": {"image/gif": {}}}
    pixel["responses"] = {
        "200": {"description": "Stored", **image},
        "202": {"description": "Deliberately not stored", **image},
        "400": {"description": "Cannot be used", **image},
        "429": {"description": "Too many from this network", **image},
        "503": {"description": "Cannot be stored now", **image},
    }
    return {"/api/event": {"post": event}, "/api/pixel.gif": {"get": pixel}}


def _counting() -> dict[str, Any]:
    site = _field("site", TEXT, required=True)
    page = _field("path", TEXT, required=True)
    paths = _field("path", {"type": "array", "items": TEXT, "maxItems": MAX_PATHS})
    excluded = _field("exclude", {"type": "array", "items": TEXT})
    return {
        "/api/counters": _get(
            "readCounters",
            "The counters of a site and of pages",
            [site, paths, _field("period", TEXT)],
            "Counters",
        ),
        "/api/popular": _get(
            "listPopular",
            "The most viewed pages, or those that trend",
            [
                site,
                _field("window", TEXT),
                _field("metric", {"enum": [*LIST_METRICS]}),
                _field("limit", {"type": "integer", "minimum": 1, "maximum": MOST}),
                _field("freshness", {"type": "string", "pattern": "^[0-9]+d$"}),
                excluded,
                _field("include", TEXT),
            ],
            "PageList",
        ),
        "/api/related": _get(
            "listRelated",
            "Pages that the readers of a page also read",
            [site, page, _field("limit", {"type": "integer", "minimum": 1, "maximum": 10})],
            "Related",
        ),
    }


def _asking() -> dict[str, Any]:
    query = _operation("query", "Figures by any dimensions and filters", security=KEY)
    query["requestBody"] = _body("Query", "application/json")
    query["responses"] = {"200": _json("QueryAnswer"), **_errors(400, 401, 413, 429, 503)}
    note = _operation("annotate", "Note something on a day", security=KEY)
    note["requestBody"] = _body("Note", "application/json")
    note["responses"] = {"200": _json("Noted"), **_errors(400, 401, 413, 429)}
    site = _field("site_id", TEXT, required=True)
    metrics = _field(
        "metrics", {"type": "array", "items": _ref("Metric"), "minItems": 1}, style="form", explode=False
    )
    known = [
        site,
        metrics,
        _field("period", {"enum": [*V1_PERIODS, "custom"]}),
        _field("date", TEXT),
        _field("filters", TEXT),
    ]
    compare = _field("compare", {"const": "previous_period"})
    interval = _field("interval", {"enum": ["hour", "day", "week", "month", "date"]})
    broken = [
        _field("property", _ref("Dimension"), required=True),
        _field("limit", {"type": "integer", "minimum": 1, "maximum": 1_000}),
        _field("page", {"type": "integer", "minimum": 1}),
    ]
    v1 = "/api/v1/stats"
    return {
        "/api/v2/query": {"post": query},
        "/api/v1/annotations": {"post": note},
        f"{v1}/aggregate": _ask("aggregate", "The figures of a range", [*known, compare], "Aggregate"),
        f"{v1}/timeseries": _ask("timeseries", "Figures by time", [*known, interval], "Series"),
        f"{v1}/breakdown": _ask("breakdown", "Figures by a dimension", [*known, *broken], "Breakdown"),
        f"{v1}/realtime/visitors": _ask("countOnline", "Visitors of the last five minutes", [site], "Online"),
    }


def _health() -> dict[str, Any]:
    get = _operation("readHealth", "Whether views can be stored")
    get["responses"] = {"200": _json("Health"), "503": _json("Health")}
    return {"/health": {"get": get}}


# Pieces


def _ref(name: str) -> Schema:
    return {"$ref": f"#/components/schemas/{name}"}


def _field(name: str, schema: Schema, *, required: bool = False, **more: Any) -> dict[str, Any]:
    return {"name": name, "in": "query", "required": required, "schema": schema, **more}


def _operation(
    id: str,
    summary: str,
    parameters: list[dict[str, Any]] | None = None,
    security: list[dict[str, list[str]]] | None = None,
) -> dict[str, Any]:
    return {
        "operationId": id,
        "summary": summary,
        "parameters": parameters or [],
        "security": security or [],
    }


def _json(name: str, description: str = "The answer") -> dict[str, Any]:
    return {"description": description, "content": {"application/json": {"schema": _ref(name)}}}


def _body(name: str, *kinds: str) -> dict[str, Any]:
    return {"required": True, "content": {kind: {"schema": _ref(name)} for kind in kinds}}


ERRORS = {
    400: "Cannot be used; `field` names what",
    401: "No key, or none for this site",
    404: "The site is not known",
    408: "The body did not come in time",
    413: "The body is too large",
    429: "Too many; `Retry-After` says when to come again",
    503: "Not possible now; `Retry-After` says when to come again",
}


def _errors(*statuses: int) -> dict[str, Any]:
    return {str(status): _json("Error", ERRORS[status]) for status in statuses}


def _get(id: str, summary: str, parameters: list[dict[str, Any]], answer: str) -> dict[str, Any]:
    get = _operation(id, summary, parameters)
    unchanged = {"304": {"description": "As it was when its `ETag` was given"}}
    get["responses"] = {"200": _json(answer), **unchanged, **_errors(400, 404, 503)}
    return {"get": get}


def _ask(id: str, summary: str, parameters: list[dict[str, Any]], answer: str) -> dict[str, Any]:
    get = _operation(id, summary, parameters, KEY)
    get["responses"] = {"200": _json(answer), **_errors(400, 401, 429, 503)}
    return {"get": get}


def _list(items: Schema) -> Schema:
    return {"type": "array", "items": items}


def _object(required: dict[str, Schema], optional: dict[str, Schema] | None = None) -> Schema:
    """An object with these members and no other."""
    return {
        "type": "object",
        "properties": {**required, **(optional or {})},
        "required": [*required],
        "additionalProperties": False,
    }


# Schemas


def _schemas() -> dict[str, Schema]:
    return {**_event_schemas(), **_list_schemas(), **_question_schemas(), **_answer_schemas()}


def _event_schemas() -> dict[str, Schema]:
    number_or_text: Schema = {"type": ["number", "string", "null"]}
    props: Schema = {"type": ["object", "string", "null"]}
    address: Schema = {"type": "string", "maxLength": MAX_URL}
    named: Schema = {"type": ["string", "integer"], "maxLength": MAX_NAME}
    pairs: dict[str, tuple[str, Schema]] = {
        "u": ("url", address),
        "n": ("name", named),
        "d": ("domain", TEXT),
        "r": ("referrer", {"type": ["string", "null"]}),
        "t": ("title", TEXT),
        "p": ("props", props),
        "m": ("meta", props),
        "h": ("hashMode", {"type": ["integer", "boolean"]}),
        "i": ("interactive", FLAG),
    }
    fields = {name: schema for short, (long, schema) in pairs.items() for name in (short, long)}
    fields["id"] = {"type": ["string", "integer"], "maxLength": MAX_ID}
    fields |= dict.fromkeys(("e", "sd", "a"), number_or_text)
    return {
        "Event": {
            "type": "object",
            "properties": fields,
            "anyOf": [{"required": ["u"]}, {"required": ["url"]}],
        },
        "Error": _object({"error": TEXT}, {"field": TEXT, "hint": TEXT}),
        "Health": _object(
            {"status": {"enum": ["green", "red"]}, "version": TEXT, "waiting": COUNT}, {"error": TEXT}
        ),
    }


def _list_schemas() -> dict[str, Schema]:
    count = _object({"views": COUNT, "visitors": COUNT})
    listed = _object(
        {"path": TEXT, "title": TEXT, "views": COUNT, "visitors": COUNT}, {"before": COUNT, "score": NUMBER}
    )
    related = _object({"path": TEXT, "title": TEXT, "lift": NUMBER})
    return {
        "Counters": _object(
            {
                "site": _object({"domain": TEXT, "views": COUNT, "visitors": COUNT, "online": COUNT}),
                "pages": {"type": "object", "additionalProperties": count},
            }
        ),
        "PageList": _object({"site": TEXT, "pages": _list(listed)}),
        "Related": _object({"site": TEXT, "path": TEXT, "pages": _list(related)}),
    }


def _filter_schema() -> Schema:
    pair: Schema = {"type": "array", "minItems": 2, "maxItems": 2}
    values: Schema = {"type": "array", "items": TEXT, "minItems": 1, "maxItems": MAX_VALUES}
    options: Schema = {"type": "object", "properties": {"case_sensitive": FLAG}}
    condition = {
        "type": "array",
        "minItems": 3,
        "maxItems": 4,
        "prefixItems": [{"enum": [*OPERATORS]}, _ref("Dimension"), values, options],
    }
    several = pair | {"prefixItems": [{"enum": ["and", "or"]}, _list(_ref("Filter"))]}
    single = pair | {"prefixItems": [{"enum": ["not", "has_done", "has_not_done"]}, _ref("Filter")]}
    return {"anyOf": [condition, several, single]}


def _question_schemas() -> dict[str, Schema]:
    pair: Schema = {"type": "array", "minItems": 2, "maxItems": 2}
    order = pair | {"prefixItems": [TEXT, {"enum": ["asc", "desc"]}]}
    limit: Schema = {"type": "integer", "minimum": 1, "maximum": statsapi.MAX_ROWS}
    dimensions = _list({"anyOf": [_ref("Dimension"), {"const": "time"}]})
    ranges: list[Schema] = [
        {"enum": ["day", "24h", "month", "year", "all"]},
        {"type": "string", "pattern": "^[1-9][0-9]{0,3}(d|mo)$"},
        pair | {"items": {"type": "string", "format": "date"}},
        pair | {"items": {"type": "string", "format": "date-time"}},
    ]
    needed: dict[str, Schema] = {
        "site_id": TEXT,
        "metrics": {"type": "array", "items": _ref("Metric"), "minItems": 1},
        "date_range": _ref("DateRange"),
    }
    possible: dict[str, Schema] = {
        "dimensions": dimensions | {"maxItems": statsapi.MAX_DIMENSIONS},
        "filters": _list(_ref("Filter")),
        "order_by": _list(order),
        "include": _object({}, {**dict.fromkeys(statsapi.INCLUDES, FLAG), "comparisons": _comparisons(pair)}),
        "pagination": _object({}, {"limit": limit, "offset": COUNT}),
    }
    return {
        "Metric": {"enum": [*statsapi.METRICS]},
        "Dimension": {
            "anyOf": [{"enum": [*statsapi.NAMES]}, {"type": "string", "pattern": f"^{statsapi.OF_PROPERTY}."}]
        },
        "DateRange": {"anyOf": ranges},
        "Filter": _filter_schema(),
        "Query": _object(needed, possible),
        "Note": _object({"site_id": TEXT, "text": TEXT}, {"date": TEXT, "link": TEXT}),
    }


def _comparisons(pair: Schema) -> Schema:
    times = {
        "anyOf": [pair | {"items": {"type": "string", "format": kind}} for kind in ("date", "date-time")]
    }
    by_weekday = {"match_day_of_week": FLAG}
    shifted: Schema = {"enum": [mode for mode in MODES if mode != "custom"]}
    return {
        "anyOf": [
            _object({"mode": shifted}, by_weekday),
            _object({"mode": {"const": "custom"}, "date_range": times}, by_weekday),
            {"type": "null"},
        ]
    }


def _answer_schemas() -> dict[str, Schema]:
    by_metric: dict[str, Schema] = {
        name: MAYBE if name in (*statsapi.OF_STAYS, *statsapi.OF_ENTRIES) else NUMBER
        for name in statsapi.METRICS
    }
    by_dimension = {name.rpartition(":")[2]: TEXT for name in statsapi.NAMES}
    maybe_text: Schema = {"type": ["string", "null"]}
    compared = _object({"metrics": FIGURES, "dimensions": _list(maybe_text), "change": FIGURES})
    # A property of events has any name.
    row = _object({}, {**by_dimension, **by_metric}) | {"additionalProperties": TEXT}
    moved = {name: _object({"value": kind}, {"change": kind}) for name, kind in by_metric.items()}
    return {
        "QueryAnswer": _object(
            {
                "results": _list(
                    _object({"metrics": FIGURES, "dimensions": _list(TEXT)}, {"comparison": compared})
                ),
                "meta": _object(
                    {},
                    {
                        "total_rows": COUNT,
                        "time_labels": _list(TEXT),
                        "imports_included": FLAG,
                        "comparison_date_range": _list(TEXT),
                    },
                ),
                "query": _ref("Query"),
            }
        ),
        "Noted": _object({"id": COUNT, "site_id": TEXT, "date": TEXT, "text": TEXT}),
        "Aggregate": _object({"results": _object({}, moved)}),
        "Series": _object({"results": _list(_object({"date": TEXT}, by_metric))}),
        "Breakdown": _object({"results": _list(row)}),
        "Online": COUNT,
    }
