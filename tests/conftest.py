"""What the tests share: instances with a clock that stands still, and servers as real processes."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import httpx2
import pytest
from argon2 import PasswordHasher
from hypothesis import HealthCheck, settings

from analytics.breakdown import Grouping, Row, tabulate
from analytics.instance import Instance
from analytics.model import Range, Site
from analytics.registry import check_site
from analytics.store.base import Reader

from .stores import lay_tables
from .zygote import Zygote

# How long a machine takes to make examples says nothing of what is tested.
settings.register_profile("pagetally", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("pagetally")

FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:130.0) Gecko/20100101 Firefox/130.0"
CHROME = (
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko)"
    " Chrome/131.0.0.0 Safari/537.36"
)
GOOGLEBOT = "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)"


PYTHON = re.compile(
    r"`|\b(?:str|int|float|dict|bool|None|NoneType|True|False|codec|recursion|Traceback)\b"
    r"|\b[A-Z]\w+(?:Error|Exception|Busy|Failed|Full|Many|Large)\b|<class"
)
"""Words of the language that this is written in."""

NOON = 1_764_072_000
"""2025-11-25 12:00 UTC: the time at which tests with a clock of their own begin."""


class Clock:
    """A clock that goes only when it is told to."""

    def __init__(self, now: float = NOON) -> None:
        self.now = now

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def remembered_tails(monkeypatch: pytest.MonkeyPatch) -> None:
    """What waits to be folded is remembered however little it is."""
    monkeypatch.setattr("analytics.store.tails.LARGE", 0)


@pytest.fixture
def instance(tmp_path: Path, clock: Clock) -> Iterator[Instance]:
    """An open instance with the site example.com, and no schedule: tests say when to fold."""
    lay_tables(tmp_path / "data")
    found = Instance(tmp_path / "data", clock=clock).open()
    add_site(found, "example.com")
    yield found
    found.close()


@pytest.fixture(autouse=True)
def _quick_hashes(monkeypatch: pytest.MonkeyPatch) -> None:
    """Passwords are hashed as always, but in no time. Servers, being processes of their own, take theirs."""
    quick = partial(PasswordHasher, time_cost=1, memory_cost=8, parallelism=1)
    monkeypatch.setattr("argon2.PasswordHasher", quick)


COMMANDS = Zygote()


@pytest.fixture(scope="session", autouse=True)
def _end_commands() -> Iterator[None]:
    yield
    COMMANDS.close()


def add_site(instance: Instance, domain: str, **settings: Any) -> Site:
    """Add a site to an open instance."""
    site = check_site(Site(id=0, domain=domain, **settings))
    instance.write(lambda store: store.save_site(site, instance.clock()))
    instance.reload_sites()
    found = instance.registry.find(domain)
    assert found is not None
    return found


def list_sources(reader: Reader, site: Site, span: Range) -> list[Row]:
    """The referring hosts of a range of days, by visits."""
    by_host = Grouping(("referrer",))
    rows = tabulate(reader, site, span, [by_host])[by_host]
    return rows.largest("visits", len(rows))


def pagetally(
    *words: str | Path, data: Path | None = None, check: bool = True
) -> subprocess.CompletedProcess[str]:
    """Run the command `pagetally` as a user would."""
    command = [*map(str, words), *(["--data", str(data)] if data is not None else [])]
    done = COMMANDS.run(command)
    if check and done.returncode:
        pytest.fail(f"pagetally {' '.join(command)} gave {done.returncode}:\n{done.stdout}{done.stderr}")
    return done


class Server:
    """`pagetally serve` as a process of its own, on a free port."""

    def __init__(
        self, data: Path, *options: str, command: list[str] | None = None, **environment: str
    ) -> None:
        self.data = data
        words = command or [sys.executable, "-m", "analytics", "serve"]
        self.process = subprocess.Popen(
            [*words, "--data", str(data), "--port", "0", *options],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            env=os.environ | environment,
        )
        self.output: list[str] = []
        self.url = self._read_until("Pagetally listens on ").strip()
        self.port = int(self.url.partition("//")[2].partition(":")[2].partition("/")[0])

    def _read_until(self, start: str) -> str:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self.output.append(line)
            if line.startswith(start):
                return line.removeprefix(start)
        raise AssertionError(f"the server ended with {self.process.wait()}:\n{''.join(self.output)}")

    @property
    def setup_url(self) -> str:
        """The one-time set-up address that the server printed."""
        return self._read_until("Set the owner's password, once, at ").strip()

    def kill(self) -> None:
        """SIGKILL."""
        self.process.kill()
        self.process.wait()

    def stop(self) -> int:
        """SIGTERM; the exit code."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        code = self.process.wait(timeout=30)
        if self.process.stdout is not None:
            self.output += self.process.stdout.readlines()
            self.process.stdout.close()
        return code


StartServer = Callable[..., Server]


@pytest.fixture
def start_server(tmp_path: Path) -> Iterator[StartServer]:
    """Start servers; those still running are stopped at the end."""
    servers: list[Server] = []

    def start(data: Path | None = None, *options: str, **environment: str) -> Server:
        servers.append(Server(data or tmp_path / "data", *options, **environment))
        return servers[-1]

    yield start
    for server in servers:
        if server.process.poll() is None:
            server.kill()
        if server.process.stdout is not None:
            server.process.stdout.close()


@pytest.fixture
def server(start_server: StartServer, tmp_path: Path) -> Server:
    """A running server that counts example.com."""
    pagetally("site", "add", "example.com", data=tmp_path / "data")
    return start_server()


@pytest.fixture
def http(server: Server) -> Iterator[httpx2.Client]:
    """A browser-like client of the running server."""
    with httpx2.Client(base_url=server.url, headers={"user-agent": FIREFOX}) as client:
        yield client
