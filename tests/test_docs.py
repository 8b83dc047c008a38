"""What the documents claim."""

from __future__ import annotations

import re
import typing
from pathlib import Path

import pytest

from analytics import pipeline, web
from analytics.accesslog import STATIC_FILES
from analytics.payload import (
    MAX_BODY,
    MAX_ID,
    MAX_MILLISECONDS,
    MAX_NAME,
    MAX_PROP_KEY,
    MAX_PROP_VALUE,
    MAX_PROPS,
    MAX_TEXT,
)
from analytics.report import MAX_PATHS
from analytics.store.ingest import SALT_LIFETIME, Caps
from analytics.urls import MAX_URL
from analytics.web.compat import FAMILIES

ROOT = Path(__file__).parent.parent
DOCS = sorted(
    [ROOT / "README.md", ROOT / "CHANGELOG.md", ROOT / "snippet/README.md", *(ROOT / "docs").glob("*.md")]
)


@pytest.mark.parametrize("picture", sorted((ROOT / "docs/images").iterdir()), ids=lambda file: file.name)
def test_pictures_are_small_and_shown(picture: Path) -> None:
    assert picture.stat().st_size < 150_000
    assert any(f"images/{picture.name})" in file.read_text() for file in DOCS)


def text_of(name: str) -> str:
    return (ROOT / "docs" / name).read_text()


@pytest.mark.parametrize("file", DOCS, ids=lambda file: file.name)
def test_links_lead_somewhere(file: Path) -> None:
    for target in re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", file.read_text()):
        assert (file.parent / target).exists(), target


def test_every_reason_for_dropping_is_explained() -> None:
    source = Path(pipeline.__file__).read_text()
    reasons = set(re.findall(r'"((?:[a-z]+-)*[a-z]+)" if ', source)) | set(
        re.findall(r'return "([a-z-]+)"', source)
    )
    reasons |= set(re.findall(r'else "([a-z-]+)"', source)) | {"unusable-address"}
    reasons |= set(re.findall(r'Drop\(0, "([a-z-]+)"', source))
    assert {"bot", "host", "unknown-site", "prefetch", "excluded-path", "excluded-address"} <= reasons
    for reason in reasons:
        assert f"`{reason}`" in text_of("metrics.md"), reason


def test_the_code_map_names_every_module() -> None:
    page = text_of("architecture.md")
    for file in (ROOT / "analytics").glob("*.py"):
        if not file.stem.startswith("__"):
            assert f"`{file.stem}`" in page, file.stem
    for file in (ROOT / "analytics/store").glob("*.py"):
        if not file.stem.startswith("__"):
            assert f"`{file.name}`" in page, file.name


def test_limits_are_as_documented() -> None:
    api = text_of("api.md")
    assert f"at most {MAX_BODY // 1024} KB" in api
    assert f"at most {MAX_URL:,} characters" in api
    assert f"at most {MAX_NAME} characters" in api
    assert f"beyond {MAX_TEXT:,} characters" in api
    assert f"At most {MAX_ID} characters" in api
    assert f"under {MAX_MILLISECONDS // 86_400_000} days" in api
    assert (
        f"at most {MAX_PROPS} scalars, names up to {MAX_PROP_KEY} and values up to {MAX_PROP_VALUE:,}" in api
    )
    assert f"up to {MAX_PATHS} paths" in api
    caps = Caps()
    assert f"More than {caps.path:,} new paths" in text_of("metrics.md")
    assert f"{caps.source:,} new referring hosts and {caps.name:,} new event names" in text_of("metrics.md")
    assert f"properties of events {caps.property:,} different ones" in text_of("metrics.md")
    assert f"live {SALT_LIFETIME // 3600} hours" in text_of("decisions.md")


def test_what_a_page_view_in_a_log_is_is_as_documented() -> None:
    told = text_of("operations.md").partition("**A page view in a log**")[2].partition(". So is")[0]
    assert tuple(re.findall(r"`(\.\w+)`", told)) == STATIC_FILES


def test_dependencies_have_a_reason() -> None:
    project = (ROOT / "pyproject.toml").read_text().partition("dependencies = [")[2].partition("\n]")[0]
    for name in re.findall(r'^  "([a-z0-9-]+)', project, re.MULTILINE):
        assert name in text_of("decisions.md"), name


def test_lock_files_have_hashes_and_no_addresses() -> None:
    for file in ROOT.glob("requirements*.lock"):
        lock = file.read_text()
        assert "https://" not in lock
        assert lock.count("==") <= lock.count("--hash=")
    assert '"resolved"' not in (ROOT / "snippet/package-lock.json").read_text()


def test_the_endpoints_that_are_documented_are_there() -> None:
    folder = Path(typing.cast(str, web.__file__)).parent
    source = "".join(file.read_text() for file in folder.glob("*.py"))
    for path in re.findall(r"^## (?:GET|POST) (\S+)", text_of("api.md"), re.MULTILINE):
        assert f'"{path}"' in source, path


def test_every_family_has_a_row() -> None:
    page = text_of("compatibility.md")
    for name in FAMILIES:
        assert f"| `{name}` |" in page, name
    named = set(re.findall(r"^\| `([a-z0-9-]+)` \|", page, re.MULTILINE)) - {"--compat"}
    assert named == set(FAMILIES)
