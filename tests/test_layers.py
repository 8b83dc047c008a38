"""The layers: words < pure leaves < pure logic < state < edges; and what stands only in one place."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parent.parent / "analytics"

# Each layer may import from those before it, and from itself.
LAYERS = (
    ("words", {"", "errors", "model", "clock"}),
    (
        "pure leaves",
        {
            "config",
            "days",
            "urls",
            "visitors",
            "referrers",
            "agents",
            "payload",
            "passwords",
            "tokens",
            "access",
            "clients",
            "campaigns",
            "channels",
            "spam",
            "accesslog",
            "wording",
            "figures",
            "complaints",
            "language",
            "dimensions",
            "gauges",
            "places",
        },
    ),
    (
        "pure logic",
        {
            "pipeline",
            "rules",
            "periods",
            "report",
            "summary",
            "selection",
            "panels",
            "statsapi",
            "spans",
            "openapi",
            "lists",
            "columns",
            "filters",
            "goals",
            "breakdown",
            "registry",
            "incumbents",
            "migration",
            "forms",
            "counts",
            "overlap",
        },
    ),
    ("store", {"store"}),
    (
        "state",
        {"aside", "geo", "salts", "presence", "throttle", "cooldown", "lock", "writer", "glance", "instance"},
    ),
    ("work", {"commands", "jobs", "importer", "logreader", "control", "ledger", "pull", "remote"}),
    ("edges", {"web", "server", "cli", "__main__"}),
)
LEVEL = {module: level for level, (_, modules) in enumerate(LAYERS) for module in modules}

# The report asks a store through its protocol; a salt is a row of the store.
ALLOWED_UPWARDS = {
    ("statsapi", "store.base"),
    ("summary", "store.base"),
    ("report", "store.base"),
    ("lists", "store.base"),
}


def files() -> list[Path]:
    return sorted(PACKAGE.rglob("*.py"))


def name_of(file: Path) -> str:
    """The first part of a module's name within the package; empty for the package itself."""
    parts = file.relative_to(PACKAGE).with_suffix("").parts
    return "" if parts == ("__init__",) else parts[0]


def imports_of(file: Path) -> list[str]:
    """Modules of the package that a file imports, relative to the package."""
    depth = len(file.relative_to(PACKAGE).parts)
    found = []
    for node in ast.walk(ast.parse(file.read_text())):
        if isinstance(node, ast.ImportFrom) and node.level:
            base = file.relative_to(PACKAGE).parts[: depth - node.level]
            names = [node.module] if node.module else [alias.name for alias in node.names]
            found += [".".join((*base, name)) for name in names if name]
    return found


@pytest.mark.parametrize("file", files(), ids=lambda file: str(file.relative_to(PACKAGE)))
def test_imports_go_one_way(file: Path) -> None:
    own = name_of(file)
    assert own in LEVEL, f"give {own} a layer"
    for imported in imports_of(file):
        target = imported.partition(".")[0]
        target = target if target in LEVEL else ""
        if (own, imported) not in ALLOWED_UPWARDS:
            assert LEVEL[target] <= LEVEL[own], f"{own} imports {imported}, which lies above it"


ONLY_IN = {
    "sqlite3": {"store"},
    "pysqlite3": {"store"},
    "sqlite_utils": {"store"},
    "apscheduler": {"jobs"},
    "starlette": {"web"},
    "uvicorn": {"web", "server"},
    "click": {"cli"},
    "rich": {"cli"},
    "jinja2": {"web"},
    "PIL": {"forms"},
}


@pytest.mark.parametrize("file", files(), ids=lambda file: str(file.relative_to(PACKAGE)))
def test_a_library_stays_in_its_place(file: Path) -> None:
    for node in ast.walk(ast.parse(file.read_text())):
        names = []
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and not node.level:
            names = [node.module or ""]
        for name in names:
            places = ONLY_IN.get(name.partition(".")[0])
            assert places is None or name_of(file) in places, f"{name} belongs in {places}"


def test_sql_stands_in_the_store_alone() -> None:
    for file in files():
        if name_of(file) != "store":
            for node in ast.walk(ast.parse(file.read_text())):
                if isinstance(node, ast.Constant) and isinstance(node.value, str):
                    start = node.value.lstrip()
                    assert not start.startswith(("SELECT ", "INSERT ", "UPDATE ", "DELETE ")), file


def test_functions_are_short() -> None:
    for file in files():
        for node in ast.walk(ast.parse(file.read_text())):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                assert node.end_lineno is not None
                assert node.end_lineno - node.lineno < 50, f"{file}: {node.name}"
