"""User agents and client hints to words: browser, system, device; also screen and language.

Browsers and systems by ua-parser and its native engine; browsers that hide in their user agent say more
in User-Agent Client Hints (https://wicg.github.io/ua-client-hints/), which are believed where they come.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from functools import cache, lru_cache
from typing import TYPE_CHECKING

from msgspec.structs import replace

from .agents import AI, MAX_AGENT, is_bot
from .language import N_
from .model import Client

if TYPE_CHECKING:
    from ua_parser import PartialResult

MAX_WORD = 60
"""Characters of a browser's, system's or version's name that are kept."""
MAX_HINT = 400
"""Characters of a hint that are looked at."""

HINTS = (
    "sec-ch-ua",
    "sec-ch-ua-mobile",
    "sec-ch-ua-platform",
    "sec-ch-ua-platform-version",
    "sec-ch-ua-full-version-list",
)

SCREENS = ((576, "<576"), (768, "576-767"), (1024, "768-1023"), (1440, "1024-1439"))
WIDEST = "1440+"

BROWSERS = {
    "Chrome Mobile": "Chrome",
    "Chrome Mobile iOS": "Chrome",
    "Chrome Mobile WebView": "Android WebView",
    "Mobile Safari": "Safari",
    "Mobile Safari UI/WKWebView": "iOS WebView",
    "Firefox Mobile": "Firefox",
    "Firefox iOS": "Firefox",
    "Edge Mobile": "Edge",
    "Opera Mobile": "Opera",
    "Opera Mini": "Opera Mini",
    "Opera Touch": "Opera",
    "Yandex Browser": "Yandex",
    "UC Browser": "UC Browser",
    "MiuiBrowser": "Miui Browser",
    "DuckDuckGo Mobile": "DuckDuckGo",
    "Ecosia Android": "Ecosia",
    "Ecosia iOS": "Ecosia",
    "Amazon Silk": "Silk",
    "QQ Browser Mobile": "QQ Browser",
    "Brave Mobile": "Brave",
    "IE Mobile": "Internet Explorer",
    "IE": "Internet Explorer",
    "HeadlessChrome": "Chrome Headless",
}
"""Of names that mean the same browser, the one that people know."""

BRANDS = {
    "Google Chrome": "Chrome",
    "Microsoft Edge": "Edge",
    "Opera": "Opera",
    "Opera GX": "Opera",
    "Brave": "Brave",
    "Vivaldi": "Vivaldi",
    "YaBrowser": "Yandex",
    "Yandex": "Yandex",
    "Samsung Internet": "Samsung Internet",
    "DuckDuckGo": "DuckDuckGo",
    "Android WebView": "Android WebView",
    "HeadlessChrome": "Chrome Headless",
}
"""Brands of `Sec-CH-UA`; what is not here is an invented one ("Not A;Brand") or says nothing."""

SYSTEMS = {
    "Mac OS X": "macOS",
    "Chrome OS": "ChromeOS",
    "Linux": "GNU/Linux",
    "Ubuntu": "GNU/Linux",
    "Debian": "GNU/Linux",
    "Fedora": "GNU/Linux",
    "Arch Linux": "GNU/Linux",
    "iPadOS": "iOS",
}
PLATFORMS = {
    "macOS": "macOS",
    "Windows": "Windows",
    "Android": "Android",
    "Chrome OS": "ChromeOS",
    "Chromium OS": "ChromeOS",
    "Linux": "GNU/Linux",
    "iOS": "iOS",
}

DOTTED = ("Safari", "iOS")
"""Their second number matters as much as the first."""

TV = re.compile(
    r"smart-?tv|\btv\b|googletv|appletv|hbbtv|netcast|web0s|webos\.tv|tizen.*tv|roku|bravia|crkey|aft[a-z]{1,3}\b",
    re.I,
)
CONSOLE = re.compile(r"playstation|xbox|nintendo", re.I)
TABLET = re.compile(r"ipad|tablet|kindle|silk/|playbook|nexus (?:7|9|10)\b|\bsm-[tx]\d|gt-p\d|xoom", re.I)
MOBILE = re.compile(r"mobi|iphone|ipod|android|windows phone|blackberry|opera mini|iemobile|kaios", re.I)

_BRAND = re.compile(r'"([^"]{1,60})";\s*v="([0-9]{1,6})')


def read_client(agent: str, hints: Mapping[str, str], screen: int | None, host: str = "") -> Client:
    """What a view was seen with, and under which host. `hints` are headers by lower-cased name; `screen`
    is in CSS pixels."""
    said = tuple(hints.get(name, "")[:MAX_HINT] for name in HINTS) if hints else NO_HINTS
    return _read_under(agent[:MAX_AGENT], said, screen_class(screen) if screen else "", host)


NO_HINTS = ("",) * len(HINTS)


def screen_class(width: int | None) -> str:
    """The class of a screen's width in CSS pixels; empty where it is unknown or nonsense."""
    if width is None or not 0 < width < 20_000:
        return ""
    return next((name for limit, name in SCREENS if width < limit), WIDEST)


@lru_cache(maxsize=16_384)
def _read_under(agent: str, said: tuple[str, ...], screen: str, host: str) -> Client:
    return replace(_read(agent, said, screen), host=host)


@lru_cache(maxsize=16_384)
def _read(agent: str, said: tuple[str, ...], screen: str) -> Client:
    if not agent and not any(said):
        return Client(screen=screen)
    brands, mobile, platform, platform_version, versions = said
    if agent and is_bot(agent):
        return Client(bot_name(agent), device=N_("bot"))
    browser, version, system, system_version = _parse(agent)
    browser, version = _from_brands(brands, versions) or (browser, version)
    system, system_version = _from_platform(platform, platform_version, system, system_version)
    device = _device(agent, mobile, system)
    return Client(_cut(browser), _cut(version), _cut(system), _cut(system_version), device, screen)


def _cut(text: str) -> str:
    return text[:MAX_WORD]


def load_tables() -> None:
    """Load the tables now, so that nobody's view waits for them."""
    _tables()


@cache
def _tables() -> Callable[[str], PartialResult]:
    """ua-parser's tables of browsers and systems; those of devices, half of its 30 MB, are of no use here."""
    # They take a tenth of a second to load, which a start should not wait for.
    from ua_parser import Domain
    from ua_parser.loaders import load_lazy_builtins
    from ua_parser.regex import Resolver

    browsers, systems, _ = load_lazy_builtins()
    read, wanted = Resolver((browsers, systems, [])), Domain.USER_AGENT | Domain.OS
    return lambda agent: read(agent, wanted)


def _parse(agent: str) -> tuple[str, str, str, str]:
    """Browser, its version, system, its version, as ua-parser reads them."""
    found = _tables()(agent)
    by, on = found.user_agent, found.os
    browser = BROWSERS.get(by.family, by.family) if by else ""
    system = SYSTEMS.get(on.family, on.family) if on else ""
    version = _version(browser, by.major, by.minor) if by else ""
    # Apple and Google have frozen what these say of macOS, Windows and desktops.
    is_known = on and system not in ("macOS", "GNU/Linux", "ChromeOS")
    system_version = _version(system, on.major, on.minor) if on and is_known else ""
    return (
        "" if browser == "Other" else browser,
        version,
        "" if system == "Other" else system,
        system_version,
    )


def _version(name: str, major: str | None, minor: str | None) -> str:
    if not major:
        return ""
    return f"{major}.{minor}" if name in DOTTED and minor else major


def _from_brands(brands: str, versions: str) -> tuple[str, str] | None:
    """The browser that a list of brands names: the one that is not just the engine."""
    for text in (versions, brands):
        named = [(BRANDS[name], version) for name, version in _BRAND.findall(text) if name in BRANDS]
        for one in named:
            if one[0] != "Chrome":
                return one
        if named:
            return named[0]
    return None


def _from_platform(platform: str, version: str, system: str, system_version: str) -> tuple[str, str]:
    """The system that hints name; the version of Windows is told by them alone."""
    name = PLATFORMS.get(platform.strip('" '), "")
    major = version.strip('" ').partition(".")[0]
    if not name:
        return system, system_version
    if not major.isascii() or not major.isdigit() or major == "0":
        return name, system_version if name == system else ""
    if name == "Windows":
        # https://learn.microsoft.com/microsoft-edge/web-platform/how-to-detect-win11
        return name, "11" if int(major) >= 13 else "10"
    return name, "" if name == "GNU/Linux" else major


def _device(agent: str, mobile: str, system: str) -> str:
    if TV.search(agent):
        return N_("tv")
    if CONSOLE.search(agent):
        return N_("console")
    if TABLET.search(agent) or (system == "Android" and "mobile" not in agent.lower() and mobile != "?1"):
        return N_("tablet")
    if mobile == "?1" or MOBILE.search(agent):
        return N_("mobile")
    return N_("desktop") if system or agent.startswith("Mozilla/") else ""


# Bots

_OWN_NAME = re.compile(
    r"([A-Za-z][\w.+-]*(?:bot|spider|crawler|crawl|fetcher|preview|agent|search|user|checker|monitor|scan(?:ner)?|externalagent|extended)[\w-]*)",
    re.I,
)
_HEADLESS = re.compile(r"Headless([A-Z][a-z]+)")
_FIRST_WORD = re.compile(r"[A-Za-z][\w.-]{1,40}")


def bot_name(agent: str) -> str:
    """What a machine calls itself: "Googlebot", "curl"; without a screen it is "Chrome Headless"."""
    for maker in AI:
        if maker.lower() in agent.lower():
            return maker
    for name in _OWN_NAME.findall(agent):
        if name.lower() not in ("user-agent", "like", "mozilla"):
            return _cut(name)
    if headless := _HEADLESS.search(agent):
        return f"{headless[1]} Headless"
    rest = re.sub(r"^Mozilla/\d\.\d\s*(?:\((?:compatible;\s*)?)?", "", agent)
    found = _FIRST_WORD.search(rest)
    return _cut(found[0]) if found else "unknown"


# Language

_LANGUAGE = re.compile(r"([A-Za-z]{2,3})(?:-[A-Za-z0-9-]{1,30})?(?:\s*;\s*q=([0-9.]{1,5}))?\s*")


@lru_cache(maxsize=4_096)
def _first_language(accepted: str) -> str:
    best, found = 0.0, ""
    for part in accepted.split(","):
        match = _LANGUAGE.fullmatch(part.strip())
        if match is None:
            continue
        try:
            weight = float(match[2]) if match[2] else 1.0
        except ValueError:
            continue
        if best < weight <= 1:
            best, found = weight, match[1].lower()
    return found


def read_language(accepted: str) -> str:
    """The language that somebody likes best, of an `Accept-Language`: "de-CH,de;q=0.9" is "de"."""
    return _first_language(accepted[:200])
