"""A site's page at its fullest comes over a slow line: what Chromium counts on the wire."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from msgspec.structs import replace

from analytics.days import local_day
from analytics.instance import Instance
from analytics.model import Campaign, Client, Hit, Kind, Place
from analytics.web.lands import shape_by_country

from ..conftest import Server, add_site, pagetally
from .conftest import OpenContext
from .test_dashboard import PASSWORD, sign_in

DOMAIN = "full.example"
MOST = 150_000
"""Bytes, with the heads of the answers."""


def fill(folder: Path) -> None:
    """90 days, 60 of everything that a list can show, and readers in every country of the map."""
    instance = Instance(folder).open()
    try:
        site, now = add_site(instance, DOMAIN), int(instance.clock())
        today, countries = local_day(site.timezone, now), sorted(shape_by_country())
        for ago in range(90):
            day, hits = today - ago, []
            for number in range(len(countries)):
                word = f"The quick brown fox jumps over lazy dog {number * 7_919 % 60}"
                client, campaign = Client(*[word] * 6), Campaign("", *[word] * 5)
                place = Place(countries[number], *[word] * 4)
                at, path, source = day * 86_400 + number, f"/{word.replace(' ', '-')}", f"{word[-8:]}.example"
                view = Hit(site.id, day, min(at, now), number, Kind.VIEW, "", path, source, word, None, None)
                hits.append(replace(view, client=client, campaign=campaign, place=place))
            instance.write(lambda store, hits=hits: store.write(hits))
        instance.fold()
    finally:
        instance.close()


@pytest.fixture(scope="module")
def full(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A Pagetally whose lists are all full."""
    folder = tmp_path_factory.mktemp("full") / "data"
    fill(folder)
    pagetally("password", "--password", PASSWORD, data=folder)
    server = Server(folder)
    yield server
    server.stop()


@pytest.mark.parametrize("query", ["", "?period=90d", "?period=90d&metric=visit_duration"])
def test_a_full_page_is_at_most_150_kb_on_the_wire(
    full: Server, open_context: OpenContext, query: str
) -> None:
    page = open_context(viewport={"width": 1280, "height": 900}).new_page()
    page.goto(f"{full.url}/login")
    sign_in(page, PASSWORD)
    page.get_by_role("link", name=DOMAIN).wait_for()
    session = page.context.new_cdp_session(page)
    session.send("Network.enable")
    session.send("Network.setCacheDisabled", {"cacheDisabled": True})
    names: dict[str, str] = {}
    sizes: dict[str, int] = {}
    session.on(
        "Network.responseReceived", lambda event: names.update({event["requestId"]: event["response"]["url"]})
    )
    session.on(
        "Network.loadingFinished",
        lambda event: sizes.update({event["requestId"]: int(event["encodedDataLength"])}),
    )
    page.goto(f"{full.url}/sites/{DOMAIN}{query}", wait_until="networkidle")
    assert page.locator(".map a").count() > 100
    loaded = {names[number].removeprefix(full.url): size for number, size in sizes.items()}
    for file in ("/style.css", "/map.svg", "/htmx.js", "/keys.js"):
        assert any(address.startswith(file) for address in loaded), loaded
    assert sum(loaded.values()) <= MOST, loaded
    print(sum(loaded.values()), loaded)
