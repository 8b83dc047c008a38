"""docs/recipes.md: every address in it is served or known, every element is one that gets filled."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from analytics.incumbents import INCUMBENTS
from analytics.instance import Instance
from analytics.migration import recognise
from analytics.web.app import create_app

from .conftest import FIREFOX

ROOT = Path(__file__).parent.parent
PAGE = (ROOT / "docs/recipes.md").read_text()
BLOCKS = re.findall(r"^```(\w+)\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL)
METRICS = {"page-views", "page-visitors", "site-views", "site-visitors", "online"}


def test_every_generator_has_a_recipe() -> None:
    names = (
        "Hexo NexT Butterfly Fluid Hugo FixIt LoveIt Stack PaperMod Jekyll Chirpy VitePress Docusaurus MkDocs"
    )
    for name in (*names.split(), "MkDocs", "WordPress", "Plain HTML"):
        assert re.search(rf"^## {name}|\*\*{name}\*\*", PAGE, re.MULTILINE), name


@pytest.mark.parametrize("path", sorted(set(re.findall(r"https://stats\.example\.com(/[^\s\"'<?]*)", PAGE))))
def test_addresses_exist(instance: Instance, path: str) -> None:
    client = TestClient(create_app(instance), headers={"user-agent": FIREFOX})
    if any(ask.partition(" ")[2].startswith(path) for one in INCUMBENTS for ask in one.asks):
        return  # of a foreign protocol, whose own tests ask for it
    answer = client.get(path, params={"u": "https://example.com/hello"} if "pixel" in path else None)
    assert answer.status_code == 200


class Tags(HTMLParser):
    """The values of data-pagetally, and what is left open."""

    def __init__(self) -> None:
        super().__init__()
        self.metrics: list[str] = []
        self.open: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.metrics += [value or "" for name, value in attrs if name == "data-pagetally"]
        if tag not in ("meta", "img"):
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


@pytest.mark.parametrize("html", [body for kind, body in BLOCKS if kind == "html"])
def test_markup_is_whole_and_is_filled(html: str) -> None:
    tags = Tags()
    tags.feed(html)
    assert tags.open == []
    assert set(tags.metrics) <= METRICS
    assert tags.metrics or "stats.example.com" in html or "data-pagetally" in html


@pytest.mark.parametrize("yaml", [body for kind, body in BLOCKS if kind in ("yaml", "toml")])
def test_settings_of_themes_are_recognised(yaml: str) -> None:
    assert recognise(yaml) or "/pt.js" in yaml
