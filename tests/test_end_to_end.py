"""The main job: a view is recorded, aggregated, and shown, and survives a kill."""

from __future__ import annotations

import httpx2

from .conftest import FIREFOX, Server, StartServer, pagetally


def test_a_view_is_counted_shown_and_survives_a_kill(server: Server, start_server: StartServer) -> None:
    with httpx2.Client(headers={"user-agent": FIREFOX}) as client:
        answer = client.post(f"{server.url}/api/event?counters=1", json={"u": "https://example.com/post/"})
        assert answer.status_code == 202
        assert answer.json() == {
            "site": {"domain": "example.com", "views": 1, "visitors": 1, "online": 1},
            "pages": {"/post": {"views": 1, "visitors": 1}},
        }
        server.kill()
        again = start_server(server.data)
        client.post(f"{again.url}/api/event", json={"u": "https://example.com/post"})
        counters = client.get(f"{again.url}/api/counters?site=example.com&path=/post&path=/none").json()
    assert counters["site"] == {"domain": "example.com", "views": 2, "visitors": 1, "online": 1}
    assert counters["pages"] == {"/post": {"views": 2, "visitors": 1}, "/none": {"views": 0, "visitors": 0}}
    assert again.stop() == 0
    assert "no difference" in pagetally("recount", "--check", data=server.data).stdout
