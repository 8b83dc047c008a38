"""The owner's pages in other languages: the choice, and complete catalogues."""

from __future__ import annotations

from io import BytesIO
from pathlib import Path

import pytest
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from starlette.testclient import TestClient

from analytics.language import choose_language

from .test_migrate import owner  # noqa: F401

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
