"""Who may do what: every address of ours by method and role, as a table that people can read.

A route that is not in the table fails. Foreign protocols are public as a whole, and have tests of their own;
POST / is Twikoo's.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import pytest
from starlette.routing import BaseRoute, Mount
from starlette.testclient import TestClient

from analytics.commands import AddToken, perform
from analytics.instance import Instance
from analytics.web.app import STATIC, create_app

from .conftest import FIREFOX, add_site
from .test_migrate import HOST, PASSWORD

ROLES = ("nobody", "owner", "read", "annotate", "numbers", "read of another site")
"""A stranger, the owner's browser, and programs with a token of each scope."""

TABLE_OF_ADDRESSES = """
GET  /api/event                         405
POST /api/event                         202
GET  /api/counters                      200
POST /api/counters                      405
GET  /api/pixel.gif                     400
POST /api/pixel.gif                     405
GET  /api/popular                       200
POST /api/popular                       405
GET  /api/related                       200
POST /api/related                       405
GET  /definitions                       200
POST /definitions                       405
GET  /popular.html                      200
POST /popular.html                      405
GET  /related.html                      200
POST /related.html                      405
GET  /api/v2/query                      405
POST /api/v2/query                      401 401 200 401 200 401
GET  /api/v1/annotations                405
POST /api/v1/annotations                401 401 401 200 401 401
GET  /api/v1/stats/aggregate            401 401 200 401 200 401
POST /api/v1/stats/aggregate            405
GET  /api/v1/stats/timeseries           401 401 200 401 200 401
POST /api/v1/stats/timeseries           405
GET  /api/v1/stats/breakdown            401 401 200 401 200 401
POST /api/v1/stats/breakdown            405
GET  /api/v1/stats/realtime/visitors    401 401 200 401 200 401
POST /api/v1/stats/realtime/visitors    405
GET  /api/openapi.json                  200
POST /api/openapi.json                  405
GET  /badge/{rest:path}                 200
POST /badge/{rest:path}                 405
GET  /digits/{rest:path}                200
POST /digits/{rest:path}                405
GET  /chart/{rest:path}                 200
POST /chart/{rest:path}                 405
GET  /card/{rest:path}                  404
POST /card/{rest:path}                  405
GET  /text/{rest:path}                  404
POST /text/{rest:path}                  405
GET  /api/{rest:path}                   404
POST /api/{rest:path}                   404
GET  /pt.js                             200
POST /pt.js                             405
GET  /pt-lite.js                        200
POST /pt-lite.js                        405
GET  /pt-more.js                        200
POST /pt-more.js                        405
GET  /drop-in.js                        200
POST /drop-in.js                        405
GET  /page-count.js                     200
POST /page-count.js                     405
GET  /page-list.js                      200
POST /page-list.js                      405
GET  /copy.js                           200
POST /copy.js                           405
GET  /htmx.js                           200
POST /htmx.js                           405
GET  /keys.js                           200
POST /keys.js                           405
GET  /style.css                         200
POST /style.css                         405
GET  /icon.svg                          200
POST /icon.svg                          405
GET  /map.svg                           200
POST /map.svg                           405
GET  /health                            200
POST /health                            405
GET  /metrics                           401
POST /metrics                           405
GET  /setup/{token}                     404
POST /setup/{token}                     404
GET  /login                             200
POST /login                             401 401 401 401 401 429
GET  /logout                            405
POST /logout                            303
GET  /                                  303 200 303 303 303 303
POST /                                  200
GET  /sites/{domain}                    303 200 303 303 303 303
POST /sites/{domain}                    405
GET  /sites/{domain}/list.csv           303 200 303 303 303 303
POST /sites/{domain}/list.csv           405
GET  /sites/{domain}/list               303 200 303 303 303 303
POST /sites/{domain}/list               405
GET  /sites/{domain}/chart.csv          303 200 303 303 303 303
POST /sites/{domain}/chart.csv          405
GET  /sites/{domain}/filter             303 200 303 303 303 303
POST /sites/{domain}/filter             405
GET  /sites/{domain}/goal               303 200 303 303 303 303
POST /sites/{domain}/goal               405
GET  /sites/{domain}/online             204 200 204 204 204 204
POST /sites/{domain}/online             405
GET  /sites/{domain}/first              204 200 204 204 204 204
POST /sites/{domain}/first              405
GET  /sites/{domain}/numbers            303 200 303 303 303 303
POST /sites/{domain}/numbers            303 400 303 303 303 303
GET  /sites/{domain}/keep               405
POST /sites/{domain}/keep               303 400 303 303 303 303
GET  /sites/{domain}/bots.csv           303 400 303 303 303 303
POST /sites/{domain}/bots.csv           405
GET  /sites/{domain}/bots               303 200 303 303 303 303
POST /sites/{domain}/bots               303 400 303 303 303 303
GET  /sites/{domain}/dropped            303 200 303 303 303 303
POST /sites/{domain}/dropped            405
GET  /dropped                           303 200 303 303 303 303
POST /dropped                           405
GET  /sites/{domain}/widgets            303 200 303 303 303 303
POST /sites/{domain}/widgets            405
GET  /migrate                           303 200 303 303 303 303
POST /migrate                           303 200 303 303 303 303
GET  /sites/{domain}/popular            303 200 303 303 303 303
POST /sites/{domain}/popular            405
"""
"""Method, address, and the status for each role; one status where all get the same."""


STATIC_FILES = [f"/{name}" for name in STATIC]


def read_table(text: str) -> dict[str, list[int]]:
    """The statuses by method and address."""
    found = {}
    for line in text.strip().splitlines():
        method, path, *statuses = line.split()
        found[f"{method} {path}"] = [int(one) for one in statuses] * (len(ROLES) // len(statuses))
    return found


TABLE = read_table(TABLE_OF_ADDRESSES)

QUERY = {
    "site": "example.com",
    "site_id": "example.com",
    "path": "/a",
    "list": "page",
    "property": "event:page",
}
"""What there is to say about which site and which page; who needs less takes what he needs."""
BODIES = {
    "/api/event": {"u": "https://example.com/a"},
    "/api/v2/query": {"site_id": "example.com", "metrics": ["visitors"], "date_range": "7d"},
    "/api/v1/annotations": {"site_id": "example.com", "text": "A deploy"},
}
PLACES = {"{domain}": "example.com", "{token}": "guess", "{rest:path}": "site-views.svg", "{page}": "x"}


@pytest.fixture
def clients(instance: Instance) -> Mapping[str, TestClient]:
    """A client for each role."""
    add_site(instance, "other.example")
    app = create_app(instance)
    made = {
        role: TestClient(app, base_url=HOST, headers={"user-agent": FIREFOX}, follow_redirects=False)
        for role in ROLES
    }
    token = app.state.owner.setup_token  # type: ignore[attr-defined]
    answer = made["owner"].post(f"/setup/{token}", data={"password": PASSWORD}, headers={"origin": HOST})
    assert answer.status_code == 303
    for role, site in (("read", 0), ("annotate", 0), ("numbers", 0), ("read of another site", 1)):
        domain = ("example.com", "other.example")[site]
        key = perform(instance, AddToken(domain, role.partition(" ")[0], ""))
        made[role].headers["authorization"] = f"Bearer {key}"
    return made


def routes_of(app: Any) -> Iterator[BaseRoute]:
    """Every route, those inside of mounts as well."""
    while not hasattr(app, "routes"):
        app = app._app
    for route in app.routes:
        if isinstance(route, Mount):
            yield from routes_of(route.app)
        else:
            yield route


def address_of(path: str) -> str:
    for name, value in PLACES.items():
        path = path.replace(name, value)
    return path


def ask(clients: Mapping[str, TestClient], row: str) -> list[int]:
    """The status for each role."""
    method, path = row.split()
    found = []
    for role in ROLES:
        given: dict[str, Any] = {"params": QUERY}
        if method == "POST":
            given["headers"] = {"origin": HOST}
            given["json"] = BODIES.get(path)
        answer = clients[role].request(method, address_of(path), **given)
        found.append(answer.status_code)
    return found


def rows_of(instance: Instance) -> list[str]:
    paths = [getattr(route, "path", "") for route in routes_of(create_app(instance, compat=()))]
    return [f"{method} {path}" for path in dict.fromkeys(paths) for method in ("GET", "POST")]


def test_every_route_has_a_row(instance: Instance) -> None:
    assert set(rows_of(instance)) == set(TABLE)


@pytest.mark.parametrize("row", TABLE)
def test_each_role_gets_what_the_table_says(clients: Mapping[str, TestClient], row: str) -> None:
    assert ask(clients, row) == TABLE[row]


PUBLIC = [row.split()[1] for row in TABLE if row.startswith("GET /api/")]
PUBLIC += [
    "/popular.html",
    "/related.html",
    *(f"/{form}/{{rest:path}}" for form in ("badge", "digits", "chart", "card", "text")),
]
OTHER_METHODS = {
    "HEAD": {"/api/event": 405},
    # "/": a browser asks before it sends Twikoo's event there.
    "OPTIONS": dict.fromkeys([*PUBLIC, *STATIC_FILES, "/"], 204),
    **{method: {"/api/{rest:path}": 404} for method in ("PUT", "PATCH", "DELETE")},
}
"""What addresses answer to the other methods, whoever asks, where that is not the usual: 405, and to HEAD
what they answer to GET."""


@pytest.mark.parametrize("method", OTHER_METHODS)
def test_no_other_method_opens_anything(clients: Mapping[str, TestClient], method: str) -> None:
    for path in dict.fromkeys(row.split()[1] for row in TABLE):
        usual = TABLE[f"GET {path}"] if method == "HEAD" else [405] * len(ROLES)
        unusual = OTHER_METHODS[method].get(path)
        assert ask(clients, f"{method} {path}") == (usual if unusual is None else [unusual] * len(ROLES)), (
            path
        )


EVIL: list[dict[str, str]] = [
    {},
    {"origin": "https://evil.example"},
    {"origin": "null"},
    {"origin": f"{HOST}.evil.example"},
    {"origin": HOST, "sec-fetch-site": "cross-site"},
    {"origin": HOST, "sec-fetch-site": "same-site"},
    {"referer": f"{HOST}/"},
]
FORMS = [row.split()[1] for row, found in TABLE.items() if row.startswith("POST") and found[0] == 303]


@pytest.mark.parametrize("evil", EVIL)
@pytest.mark.parametrize("path", FORMS)
def test_no_other_site_fills_the_owner_s_forms(
    clients: Mapping[str, TestClient], instance: Instance, path: str, evil: dict[str, str]
) -> None:
    kept = {"keep": "goal", "name": "G", "kind": "page", "target": "/a"}
    rule = {"action": "condemn", "filter": "page:is:/a"}
    change = {"do": "add", "path": "/a", "views": "1"}
    for body in ("form", "text/plain"):
        given: dict[str, Any] = {"data": kept | rule | change | {"markup": "x"}} if body == "form" else {}
        if body != "form":
            given = {"content": "keep=goal&name=G&kind=page&target=/a"}
        headers = evil | ({} if body == "form" else {"content-type": body})
        answer = clients["owner"].post(address_of(path), headers=headers, **given)
        assert answer.status_code == 403
    with instance.borrow_reader() as reader:
        assert reader.kept(1).goals == []
        assert reader.rules(1) == []
        assert reader.adjustments(1) == []
    assert clients["owner"].get("/").status_code == 200
