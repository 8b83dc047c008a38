"""The owner's pages in other languages: the choice, and complete catalogues."""

from __future__ import annotations

import ast
import re
from contextvars import copy_context
from gettext import NullTranslations
from html.parser import HTMLParser
from io import BytesIO
from pathlib import Path

import pytest
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from jinja2.ext import babel_extract
from starlette.testclient import TestClient

from analytics.commands import Advance, BeginAdjustment, perform
from analytics.forms.markup import FORMS
from analytics.instance import Instance
from analytics.language import LANGUAGES, Language, choose_language, speak
from analytics.model import Detail
from analytics.web.pages import open_templates
from analytics.wording import REASONS

from .conftest import add_site
from .test_apart import site_page  # noqa: F401
from .test_kept import keep
from .test_migrate import owner  # noqa: F401
from .test_site_page import page  # noqa: F401

LOCALE = Path(__file__).parent.parent / "analytics" / "locale"


@pytest.mark.parametrize(
    ("accepted", "code"),
    [
        ("", "en"),
        ("de-AT,de;q=0.9,en;q=0.8", "de"),
        ("fr;q=0.5, en;q=0.7", "en"),
        ("ja, fr;q=0.2", "fr"),
        ("de;q=0", "en"),
        ("de;q=nan", "en"),
        (";;,,q=", "en"),
    ],
)
def test_the_browser_chooses(accepted: str, code: str) -> None:
    assert choose_language(accepted).code == code


@pytest.mark.parametrize(("code", "word"), [("en", "Summary"), ("de", "Übersicht"), ("fr", "Résumé")])
def test_a_page_speaks_the_language(owner: TestClient, code: str, word: str) -> None:  # noqa: F811
    answer = owner.get("/sites/example.com", headers={"accept-language": code})
    assert f'<html lang="{code}">' in answer.text
    assert f'aria-current="page">{word}</a>' in answer.text
    assert "Accept-Language" in answer.headers["vary"]


def test_the_template_has_every_text_that_is_marked() -> None:
    known = {one.id for one in read_po(BytesIO((LOCALE / "pagetally.pot").read_bytes())) if one.id}
    marked: set[str | tuple[str, ...]] = set()
    for file in LOCALE.parent.rglob("*.py"):
        for node in ast.walk(ast.parse(file.read_text("utf-8"))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
                texts = tuple(one.value for one in node.args if isinstance(one, ast.Constant))
                if node.func.id in ("_", "N_", "NN_") and texts:
                    marked.add(texts if node.func.id == "NN_" else texts[0])
    for file in LOCALE.parent.rglob("*.html"):
        with file.open("rb") as template:
            found = babel_extract(template, ("_",), [], {"trim_blocks": "true", "newstyle_gettext": "true"})
            marked |= {text if isinstance(text, str) else text[0] for _, _, text, _ in found}
    assert known == marked


@pytest.mark.parametrize("code", ["de", "fr"])
def test_catalogues_are_complete_and_compiled(code: str) -> None:
    template = read_po(BytesIO((LOCALE / "pagetally.pot").read_bytes()))
    file = LOCALE / code / "LC_MESSAGES" / "pagetally.po"
    catalogue = read_po(BytesIO(file.read_bytes()), locale=code)
    assert {one.id for one in catalogue} == {one.id for one in template}
    assert all(one.string and not one.fuzzy for one in catalogue if one.id)
    compiled = BytesIO()
    write_mo(compiled, catalogue)
    assert compiled.getvalue() == file.with_suffix(".mo").read_bytes()


def test_no_template_keeps_a_word_of_the_language_that_came_first() -> None:
    def read() -> list[str]:
        speak(choose_language("de"))
        template = open_templates().from_string('{{ "page"|dimension }}')
        found = [template.render()]
        speak(choose_language("en"))
        return [*found, template.render()]

    assert copy_context().run(read) == ["Seite", "Page"]


class _Pseudo(NullTranslations):
    """Marks every text that is translated."""

    def gettext(self, message: str) -> str:
        return f"⟦{message}⟧"

    def ngettext(self, msgid1: str, msgid2: str, n: int) -> str:
        return f"⟦{msgid1 if n == 1 else msgid2}⟧"


class _Texts(HTMLParser):
    """What a page says: its texts, and attributes that are read out or shown; not code, and no data."""

    SILENT = ("code", "pre", "bdi", "script", "style", "textarea", "kbd")

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []
        self._silent = 0
        self._option: str | None = None

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._silent += tag in self.SILENT
        # A choice that is shown as it stands in the address.
        self._option = dict(attrs).get("value") if tag == "option" else None
        self.found += [value for name, value in attrs if value and name in ("aria-label", "title", "alt")]

    def handle_endtag(self, tag: str) -> None:
        self._silent -= tag in self.SILENT

    def handle_data(self, data: str) -> None:
        if not self._silent and data != self._option:
            self.found.append(data)


DATA = re.compile(
    # What is no text of ours: names, codes, addresses, days, and what the visitor sent.
    r"Firefox|Safari|Chrome|ChatGPT|GPTBot|Googlebot|Germany|France|Signup|letter|may|On |sum"
    r"|^(?:period|filters): "
    r"|page views|example\.com|Pagetally|\bCSV\b|\bCORS\b|\bUTC\b|[A-Z][a-z]+/[A-Z][a-z_ ]+"
    r"|\b(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun|Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)\b"
    r"|" + "|".join(map(re.escape, REASONS)) + r"|\d[\d.,]*[hms%k]?|/[\w/.-]*|\w+\.(?:example|xyz|com)"
)
PAGES = (
    "/",
    "/dropped",
    "/migrate",
    "/nowhere",
    "/sites/nowhere.example",
    "/sites/empty.example",
    "/sites/example.com",
    "/sites/example.com?period=today&by=hour",
    "/sites/example.com?period=12mo&compare=2024-01-01&by=month",
    "/sites/example.com?f=page:contains:a&f=browser:is:Firefox&match=any",
    "/sites/example.com?period=%3C1%3E",
    "/sites/example.com?f=page:matches:(",
    "/sites/example.com/list?list=country&q=a",
    "/sites/example.com/filter?what=country",
    "/sites/example.com/numbers",
    "/sites/example.com/numbers?do=set&path=/b&views=9",
    "/sites/example.com/numbers?do=exclude&path=/b*&with_past=1",
    "/sites/example.com/numbers?do=rename&path=/b&target=/c",
    "/sites/example.com/numbers?do=rename&path=/b&target=/n",
    "/sites/example.com/numbers?do=reset&path=/none",
    "/sites/example.com/numbers?do=set&path=/b&views=-1",
    "/sites/example.com/popular",
    "/sites/example.com/dropped",
    "/sites/example.com/bots?action=condemn&filter=page:is:/a",
    *(f"/sites/example.com/widgets?form={form}" for form in FORMS),
)


@pytest.fixture
def filled(site_page: TestClient, page: TestClient, instance: Instance) -> TestClient:  # noqa: F811
    """A site with some of everything, and one with nothing."""
    add_site(instance, "empty.example")
    keep(site_page, keep="goal", name="G", kind="scroll", amount="50")
    keep(site_page, keep="segment", name="S", view="f=city:is:Berlin")
    keep(site_page, keep="annotation", date="2025-11-25", text="N")
    for kind, detail in (("rename", Detail(path="/a", target="/n")), ("exclude", Detail(path="/x*"))):
        number = perform(instance, BeginAdjustment("example.com", kind, detail))
        while perform(instance, Advance(number)):
            pass
    site_page.post("/sites/example.com/bots", data={"action": "release", "filter": "browser:is:GPTBot"})
    return site_page


@pytest.mark.parametrize("address", PAGES)
def test_every_text_is_in_the_catalogues(
    filled: TestClient, monkeypatch: pytest.MonkeyPatch, address: str
) -> None:
    monkeypatch.setitem(LANGUAGES, "xx", Language("en", words=_Pseudo))  # type: ignore[arg-type]
    answer = filled.get(address, headers={"accept-language": "xx"})
    assert answer.status_code < 500
    html, more = answer.text, 1
    while more:
        html, more = re.subn("⟦[^⟦⟧]*⟧", "", html)
    texts = _Texts()
    texts.feed(html)
    left = {text.strip(): DATA.sub("", text) for text in texts.found}
    assert {text for text, rest in left.items() if re.search(r"[A-Za-z]{2}", rest)} == set()
