"""docs/api.md on figures for programs: every name is there, and its examples answer as it says."""

from __future__ import annotations

import json
import re

from starlette.testclient import TestClient

from analytics.statsapi import METRICS, NAMES
from analytics.web.stats import AN_HOUR

from .test_docs import text_of
from .test_migrate import owner  # noqa: F401
from .test_site_page import page  # noqa: F401
from .test_stats_api import client  # noqa: F401

PAGE = text_of("api.md")


def test_every_metric_and_dimension_is_named_and_no_other() -> None:
    for name in (*METRICS, *NAMES):
        assert f"`{name}`" in PAGE, name
    unknown = {"event:goal", "event:props:…"}
    assert set(re.findall(r"`((?:event|visit|time):[^`=]+)`", PAGE)) - unknown == set(NAMES)
    assert f"{AN_HOUR} times an hour" in PAGE


def test_the_ten_questions_are_answered_so(client: TestClient) -> None:  # noqa: F811
    rows = re.findall(r"^\| [^|]+\? \| `(\{.+\})` \| `(\[.+\])` \|$", PAGE, re.MULTILINE)
    assert len(rows) == 10
    for body, expected in rows:
        found = client.post("/api/v2/query", json=json.loads(body) | {"site_id": "example.com"}).json()
        shown = [[*one["dimensions"], *one["metrics"]] for one in found["results"]]
        assert shown == json.loads(expected), body


def test_the_addresses_of_version_1_answer_so(client: TestClient) -> None:  # noqa: F811
    rows = re.findall(r"^\| `([a-z/]+\?.*?)` \| `(.+)` \|$", PAGE, re.MULTILINE)
    assert len(rows) == 5
    for path, expected in rows:
        found = client.get(f"/api/v1/stats/{path}&site_id=example.com").json()
        assert found == json.loads(expected), path
