"""What views were seen with: user agents, client hints, screens, languages, machines by name."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analytics.agents import AI, ai_kind
from analytics.clients import HINTS, bot_name, read_client, read_language, screen_class
from analytics.model import Client

from .conftest import CHROME, FIREFOX, GOOGLEBOT

WEBKIT = "AppleWebKit/537.36 (KHTML, like Gecko)"
APPLE = "AppleWebKit/605.1.15 (KHTML, like Gecko)"
IPHONE = f"Mozilla/5.0 (iPhone; CPU iPhone OS 17_4 like Mac OS X) {APPLE}"
SAMSUNG = f"Mozilla/5.0 (Linux; Android 14; SM-S918B) {WEBKIT} SamsungBrowser/27.0"
ANDROID = f"Mozilla/5.0 (Linux; Android 10; K) {WEBKIT} Chrome/131.0.0.0 Mobile Safari/537.36"

AGENTS = [
    (FIREFOX, ("Firefox", "130", "GNU/Linux", "", "desktop")),
    (CHROME, ("Chrome", "131", "Windows", "10", "desktop")),
    (f"{CHROME} Edg/131.0.0.0", ("Edge", "131", "Windows", "10", "desktop")),
    (f"{CHROME} OPR/117.0.0.0", ("Opera", "117", "Windows", "10", "desktop")),
    (
        f"Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) {APPLE} Version/18.1 Safari/605.1.15",
        ("Safari", "18.1", "macOS", "", "desktop"),
    ),
    (
        f"{IPHONE} Version/17.4 Mobile/15E148 Safari/604.1",
        ("Safari", "17.4", "iOS", "17.4", "mobile"),
    ),
    (
        f"Mozilla/5.0 (iPad; CPU OS 16_6 like Mac OS X) {APPLE} Version/16.6 Mobile/15E148 Safari/604.1",
        ("Safari", "16.6", "iOS", "16.6", "tablet"),
    ),
    (
        f"{IPHONE} CriOS/131.0 Mobile/15E148 Safari/604.1",
        ("Chrome", "131", "iOS", "17.4", "mobile"),
    ),
    (ANDROID, ("Chrome", "131", "Android", "10", "mobile")),
    (ANDROID.replace(" Mobile", ""), ("Chrome", "131", "Android", "10", "tablet")),
    (
        f"{SAMSUNG} Chrome/125.0.0.0 Mobile Safari/537.36",
        ("Samsung Internet", "27", "Android", "14", "mobile"),
    ),
    (
        "Mozilla/5.0 (Android 14; Mobile; rv:130.0) Gecko/130.0 Firefox/130.0",
        ("Firefox", "130", "Android", "14", "mobile"),
    ),
    (
        f"Mozilla/5.0 (X11; CrOS x86_64 14541.0.0) {WEBKIT} Chrome/131.0.0.0 Safari/537.36",
        ("Chrome", "131", "ChromeOS", "", "desktop"),
    ),
    (
        f"Mozilla/5.0 (SMART-TV; LINUX; Tizen 6.0) {WEBKIT} 76.0.3809.146/6.0 TV Safari/537.36",
        ("", "", "Tizen", "6", "tv"),
    ),
    (
        "Mozilla/5.0 (PlayStation; PlayStation 5/6.50) AppleWebKit/605.1.15 (KHTML, like Gecko)",
        ("", "", "", "", "console"),
    ),
    ("", ("", "", "", "", "")),
]


@pytest.mark.parametrize(("agent", "expected"), AGENTS)
def test_user_agents(agent: str, expected: tuple[str, ...]) -> None:
    found = read_client(agent, {}, None)
    if not expected[0]:
        found = Client(
            "", "", found.os if expected[2] else "", found.os_version if expected[2] else "", found.device
        )
    assert found == Client(*expected)


def brands(*names: str) -> str:
    return ", ".join(f'"{name}";v="131"' for name in ("Not_A Brand", "Chromium", *names))


HINTED = [
    ({}, CHROME, ("Chrome", "131", "Windows", "10", "desktop")),
    ({"sec-ch-ua": brands("Google Chrome")}, CHROME, ("Chrome", "131", "Windows", "10", "desktop")),
    ({"sec-ch-ua": brands("Brave")}, CHROME, ("Brave", "131", "Windows", "10", "desktop")),
    ({"sec-ch-ua": brands("Microsoft Edge")}, CHROME, ("Edge", "131", "Windows", "10", "desktop")),
    ({"sec-ch-ua": brands("Vivaldi")}, CHROME, ("Vivaldi", "131", "Windows", "10", "desktop")),
    (
        {"sec-ch-ua-platform": '"Windows"', "sec-ch-ua-platform-version": '"15.0.0"'},
        CHROME,
        ("Chrome", "131", "Windows", "11", "desktop"),
    ),
    (
        {"sec-ch-ua-platform": '"Windows"', "sec-ch-ua-platform-version": '"10.0.0"'},
        CHROME,
        ("Chrome", "131", "Windows", "10", "desktop"),
    ),
    (
        {
            "sec-ch-ua-platform": '"Android"',
            "sec-ch-ua-platform-version": '"15.0.0"',
            "sec-ch-ua-mobile": "?1",
        },
        ANDROID,
        ("Chrome", "131", "Android", "15", "mobile"),
    ),
    (
        {"sec-ch-ua": "\x00" * 999, "sec-ch-ua-platform": '";'},
        CHROME,
        ("Chrome", "131", "Windows", "10", "desktop"),
    ),
]


@pytest.mark.parametrize(("hints", "agent", "expected"), HINTED)
def test_hints_are_believed_over_a_frozen_user_agent(
    hints: dict[str, str], agent: str, expected: tuple[str, ...]
) -> None:
    assert read_client(agent, hints, None) == Client(*expected)


@pytest.mark.parametrize(
    ("agent", "name", "kind"),
    [
        (GOOGLEBOT, "Googlebot", ""),
        (f"Mozilla/5.0 {WEBKIT}; compatible; GPTBot/1.2; +https://openai.com/gptbot)", "GPTBot", "training"),
        ("Mozilla/5.0 (compatible; ChatGPT-User/1.0; +https://openai.com/bot)", "ChatGPT-User", "assistant"),
        ("Mozilla/5.0 (compatible; OAI-SearchBot/1.0)", "OAI-SearchBot", "search"),
        ("Mozilla/5.0 (compatible; ClaudeBot/1.0; +claudebot@anthropic.com)", "ClaudeBot", "training"),
        (
            f"Mozilla/5.0 (X11; Linux x86_64) {WEBKIT} HeadlessChrome/131.0.0.0 Safari/537.36",
            "Chrome Headless",
            "",
        ),
        ("curl/8.5.0", "curl", ""),
        ("python-requests/2.32", "python-requests", ""),
        ("facebookexternalhit/1.1", "facebookexternalhit", ""),
    ],
)
def test_machines_by_the_name_that_they_give(agent: str, name: str, kind: str) -> None:
    found = read_client(agent, {}, 1920)
    assert (found.browser, found.device) == (name, "bot")
    assert ai_kind(name) == kind


def test_what_ai_crawlers_fetch_for_is_one_of_three() -> None:
    assert set(AI.values()) == {"training", "search", "assistant"}


@pytest.mark.parametrize(
    ("width", "expected"),
    [
        (None, ""),
        (0, ""),
        (-3, ""),
        (320, "<576"),
        (575, "<576"),
        (576, "576-767"),
        (768, "768-1023"),
        (1024, "1024-1439"),
        (1440, "1440+"),
        (19_999, "1440+"),
        (99_999, ""),
    ],
)
def test_screens(width: int | None, expected: str) -> None:
    assert screen_class(width) == expected


@pytest.mark.parametrize(
    ("accepted", "expected"),
    [
        ("de-CH,de;q=0.9,en;q=0.5", "de"),
        ("en;q=0.5,fr", "fr"),
        ("zh-Hant-TW", "zh"),
        ("*", ""),
        ("", ""),
        ("en;q=9", ""),
        ("<script>", ""),
        ("de;q=.,it;q=0.1", "it"),
        ("x" * 9_999, ""),
    ],
)
def test_languages(accepted: str, expected: str) -> None:
    assert read_language(accepted) == expected


@given(st.text(), st.dictionaries(st.sampled_from(HINTS), st.text()), st.integers() | st.none())
def test_whatever_is_sent_becomes_short_words(agent: str, hints: dict[str, str], screen: int | None) -> None:
    found = read_client(agent, hints, screen)
    assert all(len(word) <= 60 for word in (found.browser, found.browser_version, found.os, found.os_version))
    assert found.device in ("desktop", "mobile", "tablet", "tv", "console", "bot", "")
    read_language(agent)
    assert bot_name(agent)
