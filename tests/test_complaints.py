"""Whatever can be wrong with an address or a form of the owner's is told in the language of the page."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest
from starlette.testclient import TestClient

import analytics
from analytics.complaints import HINTS, PROBLEMS, explain, tell
from analytics.dimensions import BY_NAME
from analytics.errors import InputError
from analytics.language import LANGUAGES, speak
from analytics.store.connect import DatabaseError

from .test_migrate import owner  # noqa: F401
from .test_site_page import page  # noqa: F401

SOURCE = Path(analytics.__file__).parent
ASKED: dict[str, set[str]] = {
    # What the owner's pages can raise; of some files certain functions alone.
    "selection.py": set(),
    "periods.py": set(),
    "filters.py": set(),
    "goals.py": set(),
    "dimensions.py": set(),
    "rules.py": set(),
    "summary.py": set(),
    "lists.py": set(),
    "days.py": {"read_day"},
    "report.py": {"read_key"},
    "commands.py": {"_keep", "_add_rule", "perform", "find_site", "check_adjustment", "_check_move"},
    "counts.py": {"read_number"},
    "ledger.py": set(),
    "urls.py": set(),
    "store/adjust.py": set(),
    "store/apart.py": set(),
    "store/connect.py": {"explain"},
    "forms/options.py": set(),
    "forms/colours.py": set(),
    "forms/logos.py": set(),
    "remote.py": {"_ask"},
    "web/forms.py": {"needs_path", "check_png"},
    "web/listing.py": set(),
    "web/keep.py": set(),
    "web/bots.py": set(),
    "web/numbers.py": set(),
}
ERRORS = {"InputError": 1, "Refused": 0, "StoreFailed": 0, "StoreBusy": 0}
"""Which argument says what is wrong."""


def sample(node: ast.expr) -> str:
    """A text as the source makes it, with something in its blanks."""
    if isinstance(node, ast.Constant):
        return str(node.value)
    if isinstance(node, ast.JoinedStr):
        return "".join(sample(part) for part in node.values)
    if isinstance(node, ast.BinOp):
        return sample(node.left) + sample(node.right)
    if isinstance(node, ast.IfExp):
        return sample(node.body)
    if isinstance(node, ast.FormattedValue) and isinstance(node.value, ast.Call):
        return sample(node.value)
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "join":
        return sample(node.func.value).join("78")
    return "'x'" if isinstance(node, ast.FormattedValue) and node.conversion == ord("r") else "7"


def texts(name: str, functions: set[str]) -> Iterator[tuple[str, str]]:
    """("problem" or "hint", text) of each error that a file raises."""
    tree = ast.parse((SOURCE / name).read_text("utf-8"))
    parts = [one for one in ast.walk(tree) if isinstance(one, ast.FunctionDef) and one.name in functions]
    for part in parts or [tree]:
        for node in ast.walk(part):
            if isinstance(node, ast.Assign) and any(getattr(one, "id", "") == "hint" for one in node.targets):
                yield "hint", sample(node.value)
            if isinstance(node, ast.Call) and getattr(node.func, "id", "") in ERRORS:
                yield "problem", sample(node.args[ERRORS[node.func.id]])  # type: ignore[attr-defined]
                given = [one.value for one in node.keywords if one.arg == "hint"]
                yield from (
                    ("hint", sample(one)) for one in given if not isinstance(one, ast.Name | ast.Attribute)
                )


@pytest.mark.parametrize("name", ASKED)
def test_every_error_of_the_owners_pages_has_its_words(name: str) -> None:
    found = list(texts(name, ASKED[name]))
    assert found
    lacking = [(kind, text) for kind, text in found if not tell(HINTS if kind == "hint" else PROBLEMS, text)]
    assert lacking == []


@pytest.mark.parametrize(
    ("error", "told"),
    [
        (
            InputError(
                "compare", "'x' is not a day", hint="Use one of year, or a first day such as 2026-05-01."
            ),
            "Vergleichen mit: „x“ ist kein Tag. Eines von year, oder ein erster Tag wie 2026-05-01.",
        ),
        (
            InputError("filters", "has a pattern that is none: missing ) at position 1"),
            "Filter: das Muster ist keines (es fehlt eine schließende Klammer).",
        ),
        (
            InputError("color", "'x' is not a colour", hint="Write 0a7358, or one of green, red."),
            "Farbe: „x“ ist keine Farbe. 0a7358, oder eines von green, red.",
        ),
        (
            InputError("filters", "has a pattern that is none: quite new"),
            "Filter: das Muster ist keines (quite new).",
        ),
    ],
)
def test_errors_in_german(error: InputError, told: str) -> None:
    speak(LANGUAGES["de"])
    try:
        assert explain(error) == told
    finally:
        speak(LANGUAGES["en"])


@pytest.mark.parametrize(
    ("path", "status", "told"),
    [
        ("list.csv?list=zz", 400, "zz"),
        ("list.csv?list=page&period=zz", 400, "zz"),
        ("list.csv", 400, "Liste"),
        ("chart.csv?f=page:matches:(", 400, "schließende Klammer"),
        ("bots.csv?list=zz", 400, "zz"),
        ("bots.csv?list=machines&period=zz", 400, "zz"),
        ("widgets?color=zz", 400, "zz"),
        ("widgets?form=page-list&kind=popular&limit=1000000", 400, "1"),
    ],
)
def test_what_cannot_be_had_is_told_in_german(page: TestClient, path: str, status: int, told: str) -> None:  # noqa: F811
    answer = page.get(f"/sites/example.com/{path}", headers={"accept-language": "de"})
    assert answer.status_code == status
    said = answer.text.partition("<main")[2].partition("</main>")[0]
    assert told in said
    for english in ("One of", "Use ", "Write", " is ", "cannot", " such "):
        assert english not in said


@pytest.mark.parametrize("language", ["en", "de", "fr"])
def test_lists_of_ours_are_told_whole(page: TestClient, language: str) -> None:  # noqa: F811
    answer = page.get("/sites/example.com?f=foo:is:x", headers={"accept-language": language})
    assert ", ".join(BY_NAME) in answer.text


def test_forms_and_files_that_are_refused(page: TestClient, monkeypatch: pytest.MonkeyPatch) -> None:  # noqa: F811
    german = {"accept-language": "de"}
    foreign = page.post("/logout", headers=german | {"origin": "https://evil.example"})
    assert (foreign.status_code, foreign.text[:15]) == (403, "Dieses Formular")
    nowhere = page.get("/sites/nowhere.example/list.csv?list=page", headers=german)
    assert (nowhere.status_code, "Diese Website gibt es nicht" in nowhere.text) == (404, True)

    async def slow(*_given: object) -> None:
        raise DatabaseError("interrupted")

    monkeypatch.setattr("analytics.web.listing.read_while_wanted", slow)
    late = page.get("/sites/example.com/chart.csv", headers=german)
    assert (late.status_code, "Das Zählen dauerte zu lange" in late.text) == (503, True)
