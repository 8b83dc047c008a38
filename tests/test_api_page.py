"""docs/api.md on figures for programs: every name is there, and its examples answer as it says."""

from __future__ import annotations

import json
import re

import pytest
from msgspec.structs import replace
from starlette.testclient import TestClient

from analytics.instance import Instance
from analytics.model import Kind
from analytics.statsapi import METRICS, NAMES
from analytics.web.stats import AN_HOUR

from .test_docs import text_of
from .test_migrate import owner  # noqa: F401
from .test_site_page import hit, page  # noqa: F401
from .test_stats_api import client  # noqa: F401

PAGE = text_of("api.md")


def test_every_metric_and_dimension_is_named_and_no_other() -> None:
    for name in (*METRICS, *NAMES):
        assert f"`{name}`" in PAGE, name
    unknown = {"event:goal", "event:props:…", "event:props:plan"}
    assert set(re.findall(r"`((?:event|visit|time):[^`=]+)`", PAGE)) - unknown == set(NAMES)
    assert f"{AN_HOUR} times an hour" in PAGE


@pytest.fixture
def told(client: TestClient, instance: Instance) -> TestClient:  # noqa: F811
    """The same, where the browsers of two visitors told how they read."""
    stays = [
        replace(hit(2, "/a", 70), kind=Kind.ENGAGEMENT, detail='{"e":65,"sd":50}'),
        replace(hit(3, "/a", 7_310), kind=Kind.ENGAGEMENT, detail='{"e":2}'),
    ]
    instance.write(lambda store: store.write(stays))
    return client


def test_the_questions_are_answered_so(told: TestClient) -> None:
    rows = re.findall(r"^\| [^|]+\? \| `(\{.+\})` \| `(\[.+\])` \|$", PAGE, re.MULTILINE)
    assert len(rows) == 12
    for body, expected in rows:
        found = told.post("/api/v2/query", json=json.loads(body) | {"site_id": "example.com"}).json()
        shown = [[*one["dimensions"], *one["metrics"]] for one in found["results"]]
        assert shown == json.loads(expected), body


def test_the_addresses_of_version_1_answer_so(client: TestClient) -> None:  # noqa: F811
    rows = re.findall(r"^\| `([a-z/]+\?.*?)` \| `(.+)` \|$", PAGE, re.MULTILINE)
    assert len(rows) == 5
    for path, expected in rows:
        found = client.get(f"/api/v1/stats/{path}&site_id=example.com").json()
        assert found == json.loads(expected), path
