"""An access log counted by Pagetally and by GoAccess, side by side, where both mean the same.

`python -m tests.compare_goaccess LOG --domain example.com [--goaccess PROGRAM]`, with GoAccess 1.7 or newer.
Both get the lines that `pagetally import access-log` takes as views of pages, without queries: machines
included, but for the browsers and systems of people.
"""

from __future__ import annotations

import argparse
import json
import sqlite3
import subprocess
import tempfile
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import unquote

from analytics.accesslog import is_page_view, read_line
from analytics.agents import is_bot

from .conftest import pagetally

SHOWN = 8
"""Rows of each list that differ and are printed."""

Figures = dict[str, int]


def main() -> None:
    """Count with both and print tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("log", type=Path)
    parser.add_argument("--domain", required=True)
    parser.add_argument("--goaccess", default="goaccess")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        theirs: dict[str, Figures] = {}
        ours: dict[str, Figures] = {}
        for titles, with_bots in ((OF_ALL, True), (OF_PEOPLE, False)):
            folder = Path(name) / str(with_bots)
            folder.mkdir()
            views = folder / "views.log"
            views.write_text("".join(read_views(given.log, with_bots=with_bots)))
            counted = ask_goaccess(given.goaccess, views, given.domain)
            theirs |= {title: counted[title] for title in titles}
            ours |= ask_pagetally(views, given.domain, folder / "data", titles)
    print("| list | rows | the same | GoAccess in all | Pagetally in all |\n|---|---|---|---|---|")
    for title in ours:
        compare(title, theirs[title], ours[title])


def read_views(log: Path, *, with_bots: bool) -> Iterator[str]:
    """The lines of a log that are views of pages, of machines too or not."""
    with log.open(encoding="utf-8", errors="replace") as stream:
        for line in stream:
            found = read_line(line)
            if found is not None and is_page_view(found) and (with_bots or not is_bot(found.agent)):
                yield line


def ask_goaccess(program: str, log: Path, domain: str) -> dict[str, Figures]:
    """What GoAccess counts: by day, page, browser, system and referring host."""
    report = log.with_name("report.json")
    options = [
        "--log-format=COMBINED",
        "--no-global-config",
        "--no-query-string",
        "--no-progress",
        "--max-items=100000",
    ]
    subprocess.run([program, str(log), *options, "-o", str(report)], check=True, capture_output=True)
    found: dict[str, Any] = json.loads(report.read_text())

    def figures(*panels: str, what: str = "hits") -> Figures:
        counted: Counter[str] = Counter()
        for panel in panels:
            for row in found.get(panel, {}).get("data", ()):
                counted[rename(row["data"])] += row[what]["count"]
        return dict(counted)

    return {
        "views by day": figures("visitors"),
        "visitors by day": figures("visitors", what="visitors"),
        "views by page": figures("requests", "static_requests", "not_found"),
        "views by browser": figures("browsers"),
        "views by system": figures("os"),
        "views by referring host": drop_own(figures("referring_sites"), domain),
    }


NAMES = {
    "MSIE": "Internet Explorer",
    "Macintosh": "macOS",
    "Linux": "GNU/Linux",
    "Unknown": "",
    "Others": "",
    "ChromeOS": "Chrome OS",
}
"""Their word for a browser or system to ours; both know more names than the other."""


def rename(name: str) -> str:
    """A page decoded and without the slash at its end, a browser or system by our name."""
    return (unquote(name).rstrip("/") or "/") if name.startswith("/") else NAMES.get(name, name)


QUERIES = {
    "views by day": "SELECT replace(day, '-', ''), views FROM v_day",
    "visitors by day": "SELECT replace(day, '-', ''), visitors FROM v_day",
    "views by page": "SELECT page, count(*) FROM v_view GROUP BY page",
    "views by browser": "SELECT browser, count(*) FROM v_view GROUP BY browser",
    "views by system": "SELECT os, count(*) FROM v_view GROUP BY os",
    "views by referring host": "SELECT referrer, count(*) FROM v_view WHERE referrer <> '' GROUP BY referrer",
}


OF_PEOPLE = ("views by browser", "views by system")
OF_ALL = tuple(title for title in QUERIES if title not in OF_PEOPLE)


def ask_pagetally(log: Path, domain: str, data: Path, titles: Sequence[str]) -> dict[str, Figures]:
    """What Pagetally counts of the same, from its views for SQL."""
    pagetally("site", "add", domain, "--count-bots", data=data)
    pagetally("import", "access-log", log, "--site", domain, "--include-bots", data=data)
    connection = sqlite3.connect(data / "pagetally.db")
    try:
        return {title: read_figures(connection.execute(QUERIES[title])) for title in titles}
    finally:
        connection.close()


def read_figures(rows: Iterable[tuple[str, int]]) -> Figures:
    """Rows of names and numbers, with the names as `rename` writes them."""
    counted: Counter[str] = Counter()
    for name, number in rows:
        counted[rename(name)] += number
    return dict(counted)


def drop_own(hosts: Figures, domain: str) -> Figures:
    """Referring hosts without the site itself, and without www as Pagetally writes them."""
    counted: Counter[str] = Counter()
    for host, views in hosts.items():
        counted[host.lower().removeprefix("www.")] += views
    return {host: views for host, views in counted.items() if host != domain}


def compare(title: str, theirs: Figures, ours: Figures) -> None:
    """Print a row of the table, and below it the largest differences."""
    names = {*theirs, *ours}
    apart = {name: (theirs.get(name, 0), ours.get(name, 0)) for name in names}
    apart = {name: pair for name, pair in apart.items() if pair[0] != pair[1]}
    total = f"{sum(theirs.values()):,} | {sum(ours.values()):,}"
    print(f"| {title} | {len(names):,} | {len(names) - len(apart):,} | {total} |")
    for name, (one, other) in sorted(apart.items(), key=lambda item: -abs(item[1][0] - item[1][1]))[:SHOWN]:
        print(f"    {name!r}: GoAccess {one:,}, Pagetally {other:,}")


if __name__ == "__main__":
    main()
