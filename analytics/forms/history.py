"""The page behind a badge: what it has counted so far, and in each of the last days. No script."""

from __future__ import annotations

from .card import DARK, LIGHT
from .svg import clean

POLICY = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; frame-ancestors 'none'"
STYLE = (
    f"html{{color-scheme:light dark;{LIGHT}}}@media(prefers-color-scheme:dark){{html{{{DARK}}}}}"
    "body{margin:0;background:var(--p);color:var(--m);"
    'font:15px/1.5 -apple-system,"Segoe UI",Roboto,"Noto Sans","Helvetica Neue",Arial,sans-serif}'
    "main{max-width:420px;margin:12vh auto;padding:0 16px}"
    "h1{margin:0;font-size:17px;color:var(--a);overflow-wrap:anywhere}p{margin:0 0 16px}"
    "strong{color:var(--i);font-size:34px;line-height:1.3;font-variant-numeric:tabular-nums}"
    "svg{max-width:100%;height:auto;display:block;margin-bottom:16px}a{color:inherit}"
)


def draw_history(name: str, views: int, today: int, chart: str, definitions: str) -> str:
    """The page of a name: all its views, those of today, and its chart as SVG. `definitions` is a link."""
    body = (
        f"<h1>{clean(name)}</h1><p><strong>{views:,}</strong> view{'' if views == 1 else 's'},"
        f" {today:,} of them today</p>{chart}<p>Each time that the badge or the page is shown is one view;"
        " machines that say what they are do not count."
        f' <a href="{clean(definitions)}">What is a view?</a></p>'
    )
    return _page(f"{name}: {views:,} views", body)


def draw_unknown() -> str:
    """The page of a name that nobody counts."""
    return _page(
        "Not counted here", "<h1>Not counted here</h1><p>This server has no counter of that name.</p>"
    )


def _page(title: str, body: str) -> str:
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8"><meta name="viewport"'
        ' content="width=device-width"><meta name="robots" content="noindex">'
        f"<title>{clean(title)}</title><style>{STYLE}</style></head><body><main>{body}</main></body></html>"
    )
