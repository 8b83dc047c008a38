"""`pagetally site secret` and `site sign`: tokens that a site's pages carry, made while it is built."""

from __future__ import annotations

import html
import json
import re
from pathlib import Path
from typing import TextIO

import click
import msgspec

from ..commands import ForgetSecret, RenewSecret
from ..errors import InputError
from ..model import Site
from ..tokens import BELOW, make_token
from ..urls import bare_host, read_page, read_path
from .common import data_option, find_folder, performer
from .sites import describe_former, find_site, site

DAY = 86_400
GRACE = 30
MAX_GRACE = 365
"""Days for which tokens of a former secret may stay good."""


@site.command(short_help="Show what tokens are made with.")
@click.argument("domain")
@click.option("--new", is_flag=True, help="Make a new one; tokens of the old one stay good for a while.")
@click.option(
    "--grace",
    type=click.IntRange(1, MAX_GRACE),
    default=GRACE,
    show_default=True,
    metavar="DAYS",
    help="For how long, with --new.",
)
@click.option("--now", is_flag=True, help="End the old one at once; alone, or with --new.")
@data_option
def secret(domain: str, new: bool, grace: int, now: bool, data: str | None) -> None:
    """Show what the tokens of DOMAIN are made with, for templates that make them. Made at the first call."""
    folder = find_folder(data)
    found = find_site(folder, domain)
    if new or not found.token_secret:
        found = send(folder, RenewSecret(found.domain, 0 if now else grace * DAY))
    elif now:
        found = send(folder, ForgetSecret(found.domain))
    click.echo(found.token_secret)
    if former := describe_former(found):
        click.echo(f"Tokens of the former secret are {former}. To end it at once: --now", err=True)


@site.command(short_help="Make the tokens of pages.")
@click.argument("domain")
@click.argument("paths", nargs=-1, metavar="[PATH]...")
@click.option(
    "--from", "source", type=click.File(), metavar="FILE", help="A sitemap, or a path a line; - is stdin."
)
@click.option(
    "--json", "as_json", is_flag=True, help="One object, with the paths as they were given for keys."
)
@data_option
def sign(domain: str, paths: tuple[str, ...], source: TextIO | None, as_json: bool, data: str | None) -> None:
    """Make the tokens of pages of DOMAIN. "/posts/*" is one token for /posts and all below, "/*" for all.

    A page carries its token in the script's tag: data-api="https://YOUR-PAGETALLY-HOST/k/TOKEN".
    """
    listed = [*paths, *(read_listed(source) if source else ())]
    if not listed:
        raise InputError("path", "is required", hint="Give paths, or --from sitemap.xml.")
    found = ready_to_sign(find_folder(data), domain)
    made = {one: sign_one(found, one) for one in listed}
    if as_json:
        click.echo(json.dumps(made, ensure_ascii=False, indent=1))
        return
    for one, token in made.items():
        click.echo(f"{token} {one}")


def ready_to_sign(folder: Path, domain: str) -> Site:
    """The site of a domain, with a secret for its tokens."""
    found = find_site(folder, domain)
    return found if found.token_secret else send(folder, RenewSecret(found.domain, 0))


def send(folder: Path, command: RenewSecret | ForgetSecret) -> Site:
    """Have a secret changed; the site as it is then."""
    with performer(folder) as desk:
        return msgspec.convert(desk.perform(command), Site)


def read_listed(source: TextIO) -> list[str]:
    """The addresses of a sitemap, or the lines of a list."""
    try:
        text = source.read()
    except UnicodeDecodeError:
        raise InputError("from", "is no text", hint="Give a sitemap as XML, or a path a line.") from None
    found = re.findall(r"<loc>([^<]*)</loc>", text)
    lines = map(html.unescape, found) if found else text.splitlines()
    return [line.strip() for line in lines if line.strip()]


def sign_one(site: Site, text: str) -> str:
    """The token of a path, a full address, or a path with /* behind it. InputError when it is none.

    A full address is a page's in any case: sitemaps hold them, and a page may be called "*".
    """
    if text.startswith(("http://", "https://")):
        if bare_host(read_page(text).host) not in site.hosts:
            hint = f"Hosts: {', '.join(sorted(site.hosts))}."
            raise InputError("path", f"{text!r} is not of {site.domain}", hint=hint)
    elif not text.startswith("/"):
        raise InputError(
            "path", f"{text!r} must begin with /", hint="Write /posts/a, or /posts/* for all below."
        )
    elif text.endswith(BELOW):
        return make_token(site, read_path(text.removesuffix(BELOW) or "/"), below=True)
    return make_token(site, read_path(text, query_keys=site.query_keys))


COMMANDS = ()
"""None of their own: they are added to `site`."""
