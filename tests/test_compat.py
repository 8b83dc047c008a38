"""Foreign protocols: the switch, the bridge, and Vercount as the plainest of them."""

from __future__ import annotations

import pytest
from starlette.testclient import TestClient

from analytics.errors import InputError
from analytics.instance import Instance
from analytics.web.app import create_app
from analytics.web.compat import FAMILIES

from .conftest import FIREFOX


@pytest.fixture
def client(instance: Instance) -> TestClient:
    return TestClient(create_app(instance), headers={"user-agent": FIREFOX})


def test_a_family_that_is_switched_off_is_not_there(instance: Instance) -> None:
    app = TestClient(create_app(instance, compat=("none",)))
    assert app.get("/api/v2/log?url=https://example.com/").status_code == 404
    with pytest.raises(InputError, match="no protocol"):
        create_app(instance, compat=("vercuont",))
    assert set(FAMILIES) >= {"vercount"}


def test_vercount_counts_and_reads(client: TestClient) -> None:
    page = {"url": "https://example.com/a/index.html?utm_source=x", "isNewUv": False}
    for views in (1, 2):
        answer = client.post("/api/v2/log", json=page)
        assert answer.json() == {
            "status": "success",
            "message": "Data updated successfully",
            "data": {"site_uv": 1, "site_pv": views, "page_pv": views, "page_uv": 1},
        }
    found = client.get("/api/v2/log?url=https://example.com/a")
    assert found.json()["message"] == "Data retrieved successfully"
    assert found.json()["data"]["page_pv"] == 2
    assert client.get("/log?url=https://example.com/b").json() == {
        "site_uv": 1,
        "site_pv": 2,
        "page_pv": 0,
        "page_uv": 0,
    }


@pytest.mark.parametrize("url", ["https://evil.example/", "nonsense", "https://", "https://[", "data:x"])
def test_vercount_answers_zeros_for_what_is_not_ours(
    client: TestClient, instance: Instance, url: str
) -> None:
    answer = client.post("/log", json={"url": url, "isNewUv": True})
    assert answer.status_code == 200
    assert answer.json() == {"site_uv": 0, "site_pv": 0, "page_pv": 0, "page_uv": 0}
    assert instance.reader.site_count(1).views == 0
    assert client.post("/log", json={}).status_code == 400
    assert client.options("/log").headers["access-control-allow-origin"] == "*"
