"""`pagetally import pull`: the counts of a counter that still runs."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import click

from ..counts import collect
from ..errors import InputError
from ..model import Site
from ..pull import COUNTING, PAUSES, PROTOCOLS, be_patient, read_sitemap
from ..pull import pull as pull_rows
from ..remote import Reply, fetch
from ..urls import bare_host, read_page
from .amounts import count_options, take_over
from .common import data_option, find_folder, site_option
from .sites import find_site

SHOWN = 50
"""Pages without an answer that are named."""

OWN_VIEWS = "Taken off: the {:,} views that the questions themselves added there."
NOT_CERTAIN = "The answers do not show whether the questions were counted: nothing is taken off for them."


@click.command("pull", short_help="Ask another counter for its counts.")
@click.argument("url")
@site_option("The site whose counts they are.")
@click.option("--protocol", type=click.Choice(list(PROTOCOLS)), required=True, help="What runs there.")
@click.option("--paths", "file", type=click.Path(path_type=Path), help="A file with a path on each line.")
@click.option("--sitemap", help="The address of a sitemap that lists the pages.")
@click.option(
    "--pause",
    type=click.FloatRange(0),
    help="Seconds between two questions; usually 0.3, of Vercount 0.8.",
)
@click.option("--allow-private", is_flag=True, help="Also ask servers of this machine and network.")
@count_options
@data_option
def pull(
    url: str,
    domain: str | None,
    protocol: str,
    file: Path | None,
    sitemap: str | None,
    pause: float | None,
    allow_private: bool,
    data: str | None,
    **given: Any,
) -> None:
    """Ask the counter at URL for each page, and take its numbers over like a file of them.

    A busuanzi has no reading: it counts each question as a view of the page and of the site, in a dry run
    as well. Where its answers show that it did, these views are not taken over. What a server does not
    answer for a moment is asked again; a page that keeps failing is told, and left out.
    """
    site = find_site(find_folder(data), domain)

    def ask(address: str, headers: Mapping[str, str]) -> Reply:
        return fetch(address, headers, allow_private=allow_private)

    paths = read_paths(file) if file else read_sitemap(ask, sitemap) if sitemap else []
    paths = [path for path in paths if _is_of(site, path)]
    if not paths:
        raise InputError("paths", "names no page of this site", hint="Give --paths FILE or --sitemap URL.")
    patient = be_patient(ask, protocol, PAUSES[protocol] if pause is None else pause, time.sleep)
    failed: list[str] = []

    def report(path: str, why: str) -> None:
        failed.append(f"  {path}: {why}")

    own: list[int] = []
    if protocol in COUNTING:
        click.echo(f"Each question is counted there as a view, in a dry run as well: {len(paths):,} in all.")
    with click.progressbar(length=len(paths), label=f"Asking {url}") as bar:
        rows = pull_rows(patient, protocol, url, site, paths, lambda: bar.update(1), report, own.append)
        found = collect(site, rows)
    show_failed(failed)
    if protocol in COUNTING:
        click.echo(OWN_VIEWS.format(sum(own)) if own else NOT_CERTAIN)
    text = repr(sorted((a.path, a.views, a.visitors) for a in found.amounts.values()))
    take_over(site, found, url, hashlib.sha256(text.encode()).hexdigest(), data=data, **given)


def show_failed(failed: list[str]) -> None:
    """Say which pages are left out, and why."""
    if failed:
        more = [f"  and {len(failed) - SHOWN:,} more"] if len(failed) > SHOWN else []
        click.echo("\n".join([f"Left out, without an answer: {len(failed):,}", *failed[:SHOWN], *more]))


def read_paths(file: Path) -> list[str]:
    """The lines of a file, once each; those that begin with # are comments."""
    try:
        lines = file.read_text("utf-8-sig", "replace").splitlines()
    except OSError as error:
        raise InputError("paths", f"{file} cannot be read: {error.strerror}") from None
    return list(dict.fromkeys(text for line in lines if (text := line.strip()) and not text.startswith("#")))


def _is_of(site: Site, path: str) -> bool:
    if path.startswith("/"):
        return True
    try:
        return bare_host(read_page(path).host) in site.hosts
    except InputError:
        return False
