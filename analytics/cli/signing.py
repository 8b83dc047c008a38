"""`pagetally site secret` and `site sign`: tokens that a site's pages carry, made while it is built."""

from __future__ import annotations

import html
import json
import re
from pathlib import Path
from typing import TextIO

import click
import msgspec

from ..commands import SaveSite
from ..errors import InputError
from ..model import Site
from ..tokens import BELOW, make_secret, make_token
from ..urls import bare_host, read_page, read_path
from .common import data_option, find_folder, performer
from .sites import find_site, site


@site.command(short_help="Show what tokens are made with.")
@click.argument("domain")
@click.option("--new", is_flag=True, help="Make a new one; pages with tokens of the old one count no more.")
@data_option
def secret(domain: str, new: bool, data: str | None) -> None:
    """Show what the tokens of DOMAIN are made with, for templates that make them. Made at the first call."""
    click.echo(ready_to_sign(find_folder(data), domain, new=new).token_secret)


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


def ready_to_sign(folder: Path, domain: str, *, new: bool = False) -> Site:
    """The site of a domain, with a secret for its tokens."""
    found = find_site(folder, domain)
    if found.token_secret and not new:
        return found
    found = msgspec.structs.replace(found, token_secret=make_secret())
    with performer(folder) as desk:
        return msgspec.convert(desk.perform(SaveSite(found)), Site)


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
