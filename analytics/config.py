"""Every setting, once: this table makes the options of `pagetally serve`, the environment
variables (`PAGETALLY_` and the name in capitals) and docs/settings.md.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .errors import InputError

PREFIX = "PAGETALLY_"

LEVELS = ("error", "warning", "info", "debug")


@dataclass(frozen=True)
class Setting:
    """One setting: its option is the name with dashes, its variable the name in capitals."""

    name: str
    default: Any
    help: str
    metavar: str
    """What stands for a value where the option is shown."""
    read: Callable[[str], Any] = str

    @property
    def option(self) -> str:
        return "--" + self.name.replace("_", "-")

    @property
    def variable(self) -> str:
        return PREFIX + self.name.upper()


def _read_filled(text: str) -> str:
    # Nothing would mean the current folder, or every address of the machine: never what was meant.
    if not text.strip():
        raise ValueError("it is empty")
    return text


def _read_folder(text: str) -> Path:
    return Path(_read_filled(text))


def _read_number(text: str) -> int:
    try:
        return int(text)
    except ValueError:
        raise ValueError("it is no whole number") from None


def _read_port(text: str) -> int:
    port = _read_number(text)
    if not 0 <= port <= 65_535:
        raise ValueError("a port is a number from 0 to 65535")
    return port


def _read_base_path(text: str) -> str:
    path = text.strip().rstrip("/")
    if path and (not path.startswith("/") or "//" in path):
        raise ValueError("begins with a slash, such as /stats")
    return path


def _read_proxies(text: str) -> tuple[str, ...]:
    found = tuple(part.strip() for part in text.split(",") if part.strip())
    for part in found:
        ipaddress.ip_network(part, strict=False)
    return found


def _read_files(text: str) -> tuple[Path, ...]:
    return tuple(Path(part.strip()) for part in text.split(",") if part.strip())


def _read_names(text: str) -> tuple[str, ...]:
    return tuple(part.strip() for part in text.split(",") if part.strip())


def _read_count(text: str) -> int:
    count = _read_number(text)
    if count < 0:
        raise ValueError("a count is not negative")
    return count


def _read_level(text: str) -> str:
    level = text.lower()
    if level not in LEVELS:
        raise ValueError(f"a level is one of {', '.join(LEVELS)}")
    return level


SETTINGS: tuple[Setting, ...] = (
    Setting(
        "data",
        Path("pagetally-data"),
        "Folder that holds everything: the database, its secret, its lock.",
        "DIR",
        _read_folder,
    ),
    Setting(
        "host",
        "127.0.0.1",
        "Address to listen on. The default is reachable from this machine only.",
        "ADDRESS",
        _read_filled,
    ),
    Setting("port", 8000, "Port to listen on; 0 takes a free one.", "NUMBER", _read_port),
    Setting(
        "base_path", "", "Path under which a proxy shows Pagetally, such as /stats.", "PATH", _read_base_path
    ),
    Setting(
        "trusted_proxies",
        (),
        "Your own proxies: addresses or networks, with commas between. Only they are believed.",
        "ADDRESSES",
        _read_proxies,
    ),
    Setting(
        "new_paths_a_day",
        10_000,
        'New paths a site may bring a day; views of more count for the site and for its "(other)" page,'
        " and their readers see no number.",
        "NUMBER",
        _read_count,
    ),
    Setting(
        "rate_limit",
        100,
        "Views a second that one network (IPv4 /24, IPv6 /56) may send, five seconds' worth at once; 0: any.",
        "NUMBER",
        _read_count,
    ),
    Setting(
        "geo",
        (),
        "MMDB files that tell places (GeoLite2, DB-IP, IPinfo), with commas; countries are known without.",
        "FILES",
        _read_files,
    ),
    Setting(
        "compat",
        ("all",),
        "Foreign protocols that are answered: all, none, or names with commas; docs/compatibility.md.",
        "NAMES",
        _read_names,
    ),
    Setting(
        "log_level",
        "info",
        "How much is said: error, warning, info or debug. Never an address.",
        "LEVEL",
        _read_level,
    ),
)


@dataclass(frozen=True)
class Config:
    """The settings of one instance; a field for each row of SETTINGS."""

    data: Path = Path("pagetally-data")
    host: str = "127.0.0.1"
    port: int = 8000
    base_path: str = ""
    trusted_proxies: tuple[str, ...] = ()
    new_paths_a_day: int = 10_000
    rate_limit: int = 100
    geo: tuple[Path, ...] = ()
    compat: tuple[str, ...] = ("all",)
    log_level: str = "info"


def read_config(given: Mapping[str, Any], environment: Mapping[str, str]) -> Config:
    """Settings from options that were given (None: not given), then the environment, then defaults.

    InputError names the option or variable that cannot be used.
    """
    values = {}
    for setting in SETTINGS:
        text, field = given.get(setting.name), setting.option
        if text is None:
            text, field = environment.get(setting.variable), setting.variable
        if text is None:
            continue
        try:
            values[setting.name] = setting.read(str(text))
        except ValueError as error:
            raise InputError(field, f"{text!r} cannot be used: {error}", hint=setting.help) from None
    return Config(**values)
