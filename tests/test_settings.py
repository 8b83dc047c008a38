"""Settings: one table makes options, variables and the docs page; a test that they agree."""

from __future__ import annotations

from dataclasses import fields
from pathlib import Path

import pytest

from analytics.cli import main
from analytics.config import SETTINGS, Config, read_config
from analytics.errors import InputError

DOCS = Path(__file__).parent.parent / "docs"


def make_page() -> str:
    """What docs/settings.md must say."""
    lines = [
        "# Settings",
        "",
        "Each setting is an option of `pagetally serve`, or a variable of the environment; the option wins.",
        "`--data` is an option of every command. This page is made from `analytics/config.py`, and a test",
        "keeps it so (`python -m tests.test_settings` writes it anew).",
        "",
        "| option | variable | default | what it is |",
        "|---|---|---|---|",
    ]
    for setting in SETTINGS:
        default = ",".join(setting.default) if isinstance(setting.default, tuple) else str(setting.default)
        shown = f"`{default}`" if default else "none"
        lines.append(f"| `{setting.option}` | `{setting.variable}` | {shown} | {setting.help} |")
    return "\n".join(lines) + "\n"


def test_the_docs_page_is_made_from_the_table() -> None:
    assert (DOCS / "settings.md").read_text() == make_page()


def test_the_config_has_a_field_for_each_row() -> None:
    assert {field.name: field.default for field in fields(Config)} == {
        one.name: one.default for one in SETTINGS
    }


def test_serve_has_an_option_for_each_row() -> None:
    options = [option for param in main.commands["serve"].params for option in param.opts]
    assert [setting.option for setting in SETTINGS] == options


def test_every_command_takes_a_data_folder() -> None:
    for name, command in main.commands.items():
        leaves = getattr(command, "commands", {name: command}).values()
        for leaf in leaves:
            assert "--data" in {option for param in leaf.params for option in param.opts}, leaf.name


@pytest.mark.parametrize(
    ("given", "environment", "field", "value"),
    [
        ({}, {}, "port", 8000),
        ({"port": "81"}, {"PAGETALLY_PORT": "82"}, "port", 81),
        ({"port": None}, {"PAGETALLY_PORT": "82"}, "port", 82),
        ({"data": "x"}, {}, "data", Path("x")),
        ({"base_path": "/stats/"}, {}, "base_path", "/stats"),
        (
            {"trusted_proxies": "10.0.0.1, 192.168.0.0/16"},
            {},
            "trusted_proxies",
            ("10.0.0.1", "192.168.0.0/16"),
        ),
        ({"log_level": "DEBUG"}, {}, "log_level", "debug"),
    ],
)
def test_read(given: dict[str, str], environment: dict[str, str], field: str, value: object) -> None:
    assert getattr(read_config(given, environment), field) == value


@pytest.mark.parametrize(
    ("given", "environment", "named"),
    [
        ({"port": "x"}, {}, "--port"),
        ({"port": "70000"}, {}, "--port"),
        ({}, {"PAGETALLY_PORT": "-1"}, "PAGETALLY_PORT"),
        ({}, {"PAGETALLY_PORT": "abc"}, "PAGETALLY_PORT: 'abc' cannot be used: it is no whole number"),
        ({"rate_limit": "NaN"}, {}, "--rate-limit: 'NaN' cannot be used: it is no whole number"),
        (
            {},
            {"PAGETALLY_LOG_LEVEL": "foo"},
            "PAGETALLY_LOG_LEVEL: 'foo' cannot be used: a level is one of error, warning, info, debug",
        ),
        ({"base_path": "stats"}, {}, "--base-path"),
        ({"trusted_proxies": "*"}, {}, "--trusted-proxies"),
        ({"new_paths_a_day": "-1"}, {}, "--new-paths-a-day"),
        ({"log_level": "loud"}, {}, "--log-level"),
        ({"data": ""}, {}, "--data"),
        ({}, {"PAGETALLY_DATA": " "}, "PAGETALLY_DATA"),
        ({"host": ""}, {}, "--host"),
    ],
)
def test_what_cannot_be_used_is_named(given: dict[str, str], environment: dict[str, str], named: str) -> None:
    with pytest.raises(InputError) as caught:
        read_config(given, environment)
    assert named in (caught.value.field, str(caught.value))


if __name__ == "__main__":
    (DOCS / "settings.md").write_text(make_page())
