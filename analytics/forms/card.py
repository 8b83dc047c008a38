"""The card: the one HTML page that may stand in a frame of any other. No script, one fixed style."""

from __future__ import annotations

from base64 import b64encode
from functools import cache
from hashlib import sha256

from .figure import Figure
from .label import Words
from .svg import clean

LIGHT = "--p:#fff;--i:#17211e;--m:#56635e;--l:#e2e8e4;--a:#0a7358"
DARK = "--p:#151b19;--i:#e7eeeb;--m:#98a69f;--l:#26302c;--a:#57d0ab"
STYLE = (
    # A frame whose scheme is not that of its place has an opaque ground, and round corners show it. The line
    # to paste gives the place the card's own; elsewhere the ground is dark with a dark card, never white.
    "html{color-scheme:light}html.dark{color-scheme:dark}html.auto{color-scheme:light dark}"
    f"html{{{LIGHT}}}html.dark{{{DARK}}}@media(prefers-color-scheme:dark){{html.auto{{{DARK}}}}}"
    "html,body{background:transparent}"
    'body{margin:0;font:14px/1.35 -apple-system,"Segoe UI",Roboto,'
    '"Noto Sans","Helvetica Neue",Arial,sans-serif}'
    "main{box-sizing:border-box;min-height:100vh;padding:14px 18px;display:flex;flex-direction:column;"
    "justify-content:center;background:var(--p);color:var(--m);border:1px solid var(--l);border-radius:12px}"
    "p{margin:0;overflow:hidden;text-overflow:ellipsis}strong{display:block;color:var(--i);font-size:30px;"
    "line-height:1.2;font-weight:650;letter-spacing:-.02em;font-variant-numeric:tabular-nums}"
    "small{font-size:16px;font-weight:500;letter-spacing:0}"
    ".w{white-space:nowrap;font-weight:600;color:var(--a)}.d{font-size:12px;margin-top:2px}"
    "a{color:inherit;text-decoration:underline var(--l) 1px;text-underline-offset:2px}a:hover{color:var(--i)}"
)


@cache
def card_policy() -> str:
    """The content security policy of a card: its own style, and a frame on any page."""
    digest = b64encode(sha256(STYLE.encode()).digest()).decode()
    return f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; frame-ancestors *"


def draw_card(figure: Figure, words: Words | None, theme: str) -> str:
    """A number with its words and what it means, as a page; nothing but the paper where there are none."""
    said, body = clean(figure.label), ""
    if words is not None:
        said = clean(words.label or words.title)
        label = f'<p class="w">{clean(words.label)}</p>' if words.label else ""
        after = f"<small>{clean(words.after)}</small>" if words.after else ""
        body = (
            f'<main>{label}<p><strong title="{clean(words.title)}">{clean(words.number)}{after}</strong></p>'
            f'<p class="d"><a href="../definitions#{figure.metric.field}" target="_blank" rel="noopener">'
            f"{clean(figure.metric.meaning)}{_span(figure)}</a>.</p></main>"
        )
    return (
        f'<!doctype html><html lang="en" class="{theme}"><head><meta charset="utf-8"><meta name="viewport"'
        f' content="width=device-width"><meta name="robots" content="noindex"><title>{said}</title>'
        f"<style>{STYLE}</style></head><body>{body}</body></html>"
    )


def _span(figure: Figure) -> str:
    if figure.metric.scope == "online":
        return ""
    if not figure.span:
        return ", of all time"
    return f", in {figure.span}" if figure.span[0].isdigit() else f", {figure.span}"
