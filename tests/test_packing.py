"""What browsers load is packed for those that take it."""

from __future__ import annotations

import pytest
from starlette.testclient import TestClient

from analytics.web.packing import takes_gzip

from .test_migrate import owner  # noqa: F401


@pytest.mark.parametrize(
    ("accepted", "taken"),
    [
        ("", False),
        ("br", False),
        ("identity", False),
        ("gzip, deflate, br, zstd", True),
        ("br;q=1.0, GZIP;q=0.8", True),
        ("*", True),
        ("gzip;q=0", False),
        ("gzip; q=0.0, *", False),
        (";;,,q=", False),
    ],
)
def test_who_takes_gzip(accepted: str, taken: bool) -> None:
    assert takes_gzip(accepted) is taken


@pytest.mark.parametrize("path", ["/pt.js", "/style.css", "/map.svg", "/", "/sites/example.com", "/nowhere"])
def test_packed_it_is_the_same_and_smaller(owner: TestClient, path: str) -> None:  # noqa: F811
    plain = owner.get(path, headers={"accept-encoding": "identity"})
    packed = owner.get(path, headers={"accept-encoding": "gzip"})
    assert "content-encoding" not in plain.headers
    assert packed.headers["content-encoding"] == "gzip"
    assert packed.content == plain.content
    assert int(packed.headers["content-length"]) < 0.75 * int(plain.headers["content-length"])
    assert {"Accept-Encoding"} <= {word.strip() for word in plain.headers["vary"].split(",")}
    assert plain.headers["vary"] == packed.headers["vary"]


def test_a_file_that_a_browser_has_is_not_sent_again(owner: TestClient) -> None:  # noqa: F811
    for accepted in ("gzip", "identity"):
        headers = {"accept-encoding": accepted}
        etag = owner.get("/style.css", headers=headers).headers["etag"]
        assert owner.get("/style.css", headers=headers | {"if-none-match": etag}).status_code == 304
        other = {"accept-encoding": "identity" if accepted == "gzip" else "gzip"}
        assert owner.get("/style.css", headers=other | {"if-none-match": etag}).status_code == 200


@pytest.mark.parametrize("path", ["/pt.js", "/style.css", "/js/script.js", "/tracker.js", "/umami.js"])
@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE"])
def test_a_file_is_read_and_nothing_else(owner: TestClient, path: str, method: str) -> None:  # noqa: F811
    answer = owner.request(method, path)
    assert (answer.status_code, answer.headers["allow"]) == (405, "GET, HEAD, OPTIONS")
    assert answer.json()["field"] == "method"
    assert owner.head(path).status_code == 200
