"""Real clients, unmodified, against a running server: Node's in Node, the browser's in Chromium.

The clients come with `npm ci` in snippet/. A page that shows one is bundled by snippet's esbuild, and
served on another port than Pagetally, under the made-up host blog.example.
"""

from __future__ import annotations

import contextlib
import json
import shutil
import sqlite3
import subprocess
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from analytics.commands import SaveSite
from analytics.control import connect
from analytics.model import Site

from ..browser.conftest import browser, context, open_context, page  # noqa: F401
from ..conftest import Server

ROOT = Path(__file__).parents[2]
SNIPPET = ROOT / "snippet"
MODULES = SNIPPET / "node_modules"
RUNNERS = Path(__file__).parent

DOMAIN = "blog.example"
REFERRER = "https://news.example/item"


def need_package(name: str) -> None:
    """Skip a test of a client that is not installed."""
    if not (MODULES / name / "package.json").is_file():
        pytest.skip(f"npm package {name} is not installed; run `npm ci` in snippet/")


class Stored(NamedTuple):
    """One stored hit."""

    name: str
    """Event name; empty for a view."""
    path: str
    source: str
    visitor: int


class Counting:
    """A running Pagetally, as the host stats.example."""

    def __init__(self, server: Server) -> None:
        self.server = server
        self.url = f"http://stats.example:{server.port}"
        self.local_url = server.url

    def add_site(self, domain: str = DOMAIN, **settings: Any) -> None:
        """Count a domain from now on."""
        client = connect(self.server.data)
        assert client is not None
        with contextlib.closing(client):
            client.perform(SaveSite(Site(id=0, domain=domain, **settings)))

    def hits(self, domain: str = DOMAIN) -> list[Stored]:
        """Every view and event of a site that is on disk, without reports of engagement."""
        sql = (
            "SELECT coalesce(name.name, ''), path.path, coalesce(source.host, ''), hit.visitor FROM hit"
            " JOIN site ON site.id = hit.site JOIN path ON path.id = hit.path"
            " LEFT JOIN name ON name.id = hit.name LEFT JOIN source ON source.id = hit.source"
            " WHERE site.domain = ? AND hit.kind < 3 ORDER BY hit.id"
        )
        with contextlib.closing(sqlite3.connect(self.server.data / "pagetally.db")) as connection:
            return [Stored(*row) for row in connection.execute(sql, (domain,))]


@pytest.fixture
def counting(start_server: Callable[..., Server]) -> Counting:
    """A running server, which counts nothing yet."""
    return Counting(start_server())


class Shop(ThreadingHTTPServer):
    """The pages of blog.example: whatever HTML and scripts a test puts there."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.html = ""
        self.scripts: dict[str, bytes] = {}
        self.url = f"http://{DOMAIN}:{self.server_address[1]}"
        self._thread = threading.Thread(target=self.serve_forever, args=(0.02,))
        self._thread.start()

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Browsers hang up whenever they like."""

    def show(self, body: str) -> None:
        """Let every page have this body."""
        self.html = f"<!doctype html><link rel=icon href=data:,><title>Notes</title><body>{body}</body>"

    def bundle(self, source: str) -> str:
        """The tag of a module that may import npm's packages, bundled."""
        done = subprocess.run(
            [MODULES / ".bin" / "esbuild", "--bundle", "--format=iife", "--log-level=error"],
            input=source.encode(),
            cwd=SNIPPET,
            capture_output=True,
            timeout=60,
        )
        assert done.returncode == 0, done.stderr.decode()
        self.scripts["/bundle.js"] = done.stdout
        return '<script src="/bundle.js"></script>'

    def close(self) -> None:
        """Shut it."""
        self.shutdown()
        self._thread.join()
        self.server_close()


class _Handler(BaseHTTPRequestHandler):
    server: Shop

    def do_GET(self) -> None:
        """A script by its path, else the page."""
        script = self.server.scripts.get(self.path)
        body = self.server.html.encode() if script is None else script
        self.send_response(200)
        kind = "text/html; charset=utf-8" if script is None else "text/javascript"
        self.send_header("content-type", kind)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:
        """Nothing."""


@pytest.fixture
def shop() -> Iterator[Shop]:
    """The made-up site."""
    with contextlib.closing(Shop()) as found:
        yield found


def run_node(script: str, **words: Any) -> dict[str, Any]:
    """Run a script of this folder in Node, with its words as JSON; what it printed, as JSON.

    Node finds the packages beside the script, so it is run from its text within snippet/.
    """
    if shutil.which("node") is None:
        pytest.skip("there is no Node here")
    done = subprocess.run(
        ["node", "--input-type=module", "-", json.dumps(words)],
        input=(RUNNERS / script).read_text(),
        cwd=SNIPPET,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
    return dict(json.loads(done.stdout))
