"""Our API's description: it is valid, names what the endpoints take, and real answers are as it says."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from openapi_schema_validator import OAS31Validator
from openapi_spec_validator import OpenAPIV31SpecValidator
from starlette.testclient import TestClient

from analytics.instance import Instance
from analytics.openapi import describe
from analytics.statsapi import METRICS, NAMES
from analytics.web.app import create_app

from .conftest import FIREFOX
from .test_migrate import owner  # noqa: F401
from .test_site_page import page  # noqa: F401
from .test_stats_api import client  # noqa: F401

DOCUMENT = describe()


def check(answer: Any, name: str) -> None:
    """Fail unless an answer is as the schema of that name says."""
    schema = {"$ref": f"#/components/schemas/{name}", "components": DOCUMENT["components"]}
    OAS31Validator(schema).validate(answer)


def schema_of(path: str, method: str, status: int) -> str:
    """The name of the schema that an answer of an operation has."""
    content = DOCUMENT["paths"][path][method]["responses"][str(status)]["content"]
    name: str = content["application/json"]["schema"]["$ref"]
    return name.rpartition("/")[2]


@pytest.mark.parametrize("base", ["", "/stats"])
def test_it_is_valid_and_every_page_may_read_it(instance: Instance, base: str) -> None:
    answer = TestClient(create_app(instance, base_path=base)).get(f"{base}/api/openapi.json")
    assert answer.headers["access-control-allow-origin"] == "*"
    OpenAPIV31SpecValidator(answer.json()).validate()
    assert answer.json()["servers"] == [{"url": base or "/"}]
    assert answer.json() == describe(base)


def test_it_names_every_dimension_and_metric() -> None:
    schemas = DOCUMENT["components"]["schemas"]
    names, properties = schemas["Dimension"]["anyOf"]
    assert names["enum"] == list(NAMES)
    assert re.match(properties["pattern"], "event:props:plan")
    assert schemas["Metric"]["enum"] == list(METRICS)


@pytest.mark.parametrize("path", ["/api/pixel.gif", "/api/counters", "/api/popular", "/api/related"])
def test_the_docs_name_every_parameter(path: str) -> None:
    text = (Path(__file__).parent.parent / "docs/api.md").read_text()
    section = text.partition(f"## GET {path}\n")[2].partition("\n## ")[0]
    for parameter in DOCUMENT["paths"][path]["get"]["parameters"]:
        assert re.search(rf"[`?&]{parameter['name']}[`=]", section), parameter["name"]


def test_each_path_is_there(client: TestClient) -> None:  # noqa: F811
    for path, operations in DOCUMENT["paths"].items():
        for method in operations:
            assert client.request(method, path).status_code not in (404, 405), path


NEED_MORE = ("conversion_rate", "group_conversion_rate", "scroll_depth", "time_on_page")
EVENT = {"u": "https://example.com/a", "t": "A"}
V2 = {"site_id": "example.com", "metrics": ["visitors"], "date_range": "7d"}


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (V2, 200),
        (V2 | {"metrics": [name for name in METRICS if name not in NEED_MORE]}, 200),
        (V2 | {"dimensions": ["time:day"], "include": {"time_labels": True, "total_rows": True}}, 200),
        (V2 | {"filters": [["not", ["is", "visit:city", ["Paris"], {"case_sensitive": False}]]]}, 200),
        (V2 | {"filters": [["or", [["contains", "event:page", ["a"]]]]], "date_range": "all"}, 200),
        (V2 | {"order_by": [["visitors", "asc"]], "pagination": {"limit": 1, "offset": 0}}, 200),
        (V2 | {"date_range": ["2025-11-24", "2025-11-25"], "dimensions": ["time", "event:page"]}, 200),
        (V2 | {"date_range": "24h", "dimensions": ["time"], "include": {"time_labels": True}}, 200),
        (V2 | {"date_range": ["2025-11-24T10:00:00Z", "2025-11-25T12:00:00+02:00"]}, 200),
        (V2 | {"include": {"comparisons": {"mode": "previous_period"}, "imports": True}}, 200),
        (
            V2
            | {
                "dimensions": ["time:day", "event:page"],
                "include": {"comparisons": {"mode": "custom", "date_range": ["2025-11-23", "2025-11-24"]}},
            },
            200,
        ),
        (V2 | {"include": {"comparisons": {"mode": "custom"}}}, 400),
        (V2 | {"metrics": ["karma"]}, 400),
        (V2 | {"metrics": []}, 400),
        (V2 | {"dimensions": ["visit:karma"]}, 400),
        (V2 | {"dimensions": ["event:page"] * 5}, 200),
        (V2 | {"filters": [["like", "visit:city", ["x"]]]}, 400),
        (V2 | {"date_range": "soon"}, 400),
        (V2 | {"limit": 3}, 400),
        (V2 | {"site_id": "other.example"}, 401),
    ],
)
def test_questions_and_answers_are_as_it_says(client: TestClient, body: Any, status: int) -> None:  # noqa: F811
    answer = client.post("/api/v2/query", json=body)
    assert answer.status_code == status, answer.text
    check(answer.json(), schema_of("/api/v2/query", "post", status))
    if status == 200 and len(body.get("dimensions", [])) < 5:  # a repeat is taken, and once is enough
        check(body, "Query")
    if status == 400:
        with pytest.raises(Exception, match=r".+"):
            check(body, "Query")


@pytest.mark.parametrize(
    ("path", "query", "status"),
    [
        ("/api/counters", "site=example.com&path=/a&path=/none", 200),
        ("/api/counters", "site=nobody.example", 404),
        ("/api/counters", "", 400),
        ("/api/popular", "site=example.com&limit=2", 200),
        ("/api/popular", "site=example.com&metric=trending&window=7d", 200),
        ("/api/popular", "site=example.com&metric=karma", 400),
        ("/api/related", "site=example.com&path=/a", 200),
        ("/api/related", "site=example.com", 400),
        (
            "/api/v1/stats/aggregate",
            f"site_id=example.com&metrics={','.join(one for one in METRICS if one not in NEED_MORE)}",
            200,
        ),
        ("/api/v1/stats/aggregate", "site_id=example.com&compare=previous_period", 200),
        ("/api/v1/stats/aggregate", "site_id=example.com&metrics=karma", 400),
        ("/api/v1/stats/aggregate", "site_id=nobody.example", 401),
        ("/api/v1/stats/timeseries", "site_id=example.com&period=month&interval=week", 200),
        ("/api/v1/stats/realtime/visitors", "site_id=example.com", 200),
        *(("/api/v1/stats/breakdown", f"site_id=example.com&property={name}", 200) for name in NAMES),
        ("/api/v1/stats/breakdown", "site_id=example.com&property=event:props:plan", 200),
        ("/api/v1/stats/breakdown", "site_id=example.com&property=event:props:", 400),
        ("/api/v1/stats/aggregate", "site_id=example.com&metrics=time_on_page", 400),
        (
            "/api/v1/stats/breakdown",
            "site_id=example.com&property=event:page&metrics=time_on_page,scroll_depth",
            200,
        ),
        ("/api/v1/stats/breakdown", "site_id=example.com&property=event:page&metrics=bounce_rate", 200),
        ("/api/v1/stats/breakdown", "site_id=example.com&property=karma", 400),
        ("/health", "", 200),
    ],
)
def test_what_is_read_is_as_it_says(client: TestClient, path: str, query: str, status: int) -> None:  # noqa: F811
    answer = client.get(f"{path}?{query}")
    assert answer.status_code == status, answer.text
    check(answer.json(), schema_of(path, "get", status))


def test_what_is_sent_is_as_it_says(client: TestClient) -> None:  # noqa: F811
    check(EVENT, "Event")
    answer = client.post("/api/event?counters=1", json=EVENT, headers={"user-agent": FIREFOX})
    assert answer.status_code == 202
    check(answer.json(), "Counters")
    answer = client.post("/api/event", json={"n": "x"})
    assert answer.status_code == 400
    check(answer.json(), "Error")
    with pytest.raises(Exception, match="valid under any"):
        check({"n": "x"}, "Event")
