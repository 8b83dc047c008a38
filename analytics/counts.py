"""Counts that an owner brings: read from the files of other counters, compared with ours, written out.

A file becomes rows (dictionaries with the names it uses), rows become amounts by canonical path.
What several rows say of one page is added up: others count `/a`, `/a/` and `/a?x` apart.
"""

from __future__ import annotations

import csv
import io
import json
import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, BinaryIO
from xml.parsers import expat

from .errors import InputError
from .model import OTHER, SITE, Amount, Count, Site
from .urls import MAX_URL, bare_host, read_page, read_path

REPLACE, HIGHER, ADD, FILL = "replace", "higher", "add", "fill"
STRATEGIES = (REPLACE, HIGHER, ADD, FILL)
"""The count given instead of ours; the higher of the two; on top of ours; only where we have none."""

MAX_COUNT = 10**15
"""The largest count that is taken."""

MAX_PAGES = 200_000
"""Pages that one import may bring."""

MAX_JSON = 256 * 1024 * 1024
"""Bytes of a JSON file, which is read as a whole."""

PATH_NAMES = ("path", "page", "page_key", "key", "target", "url", "link", "permalink", "href", "xid")
VIEW_NAMES = tuple(
    "views pv page_pv page_views pageviews count hits time post_views_count view_count".split()
)
VISITOR_NAMES = ("visitors", "uv", "page_uv", "unique", "uniques", "count_unique")

SITE_ROWS = {"site-pv": "views", "site-uv": "visitors"}
"""How LeanCloud counters name the rows of the whole site."""

POST_META = ("views", "post_views_count", "_post_views", "wpb_post_views_count")
"""Under which WordPress plugins keep a post's views."""

GROUPED = re.compile(r"[0-9]{1,3}([\s,.'’])(?:[0-9]{2,3}\1)*[0-9]{3}")
"""A number in groups, as one language or another writes it: 1,234,567, 1.234, 12 34 567."""

HAZARDS = ("=", "+", "-", "@", "\t", "\r", *"\uff1d\uff0b\uff0d\uff20")
"""With which a cell must not begin: spreadsheets would run it, some the wide forms of East Asia, too."""

Row = Mapping[str, Any]


def difference(strategy: str, now: Count, given: Amount) -> Count:
    """By how much a count given moves the count there is now."""
    if strategy == FILL and now.views > 0:
        return Count()
    pairs = ((now.views, given.views), (now.visitors, given.visitors))
    return Count(*(_difference(strategy, have, want) for have, want in pairs))


def _difference(strategy: str, now: int, given: int | None) -> int:
    if given is None:
        return 0
    if strategy == ADD:
        return given
    return max(given - now, 0) if strategy == HIGHER else given - now


# Files to rows


def read_rows(stream: io.BufferedReader, kind: str) -> Iterator[Row]:
    """The rows of a file of a kind (a key of `READERS`, or auto); InputError when it is not of it."""
    if kind == "auto":
        kind = guess(stream.peek(200)[:200])
    try:
        yield from READERS[kind](stream)
    except (csv.Error, ValueError, RecursionError, expat.ExpatError) as error:
        raise InputError("file", f"cannot be read as {kind}: {error}") from None


def guess(head: bytes) -> str:
    """The kind of a file by its first bytes."""
    text = head.removeprefix(b"\xef\xbb\xbf").lstrip()
    if text.startswith(b"<"):
        return "wordpress"
    if re.match(rb'"?\d+Path"?,', text):
        return "goatcounter"
    return "json" if text[:1] in (b"{", b"[", b"#") else "csv"


def read_csv(stream: BinaryIO) -> Iterator[Row]:
    """Lines under a header; the names may be in any case, the cells parted by comma, semicolon or tab."""
    text = io.TextIOWrapper(stream, "utf-8-sig", "replace", newline="")
    header = text.readline()
    mark = max(",;\t", key=header.count)
    names = [name.strip().lower() for name in next(csv.reader([header], delimiter=mark), [])]
    if not set(names) & set(PATH_NAMES):
        hint = "The first line names the columns: path,views,visitors"
        raise InputError("file", "has no column for the page", hint=hint)
    for cells in csv.reader(text, delimiter=mark):
        row = dict(zip(names, map(revive, cells), strict=False))
        if "meta_key" in row:
            if row["meta_key"] not in POST_META:
                continue
            row["views"] = row.get("meta_value", "")
        yield row


def read_goatcounter(stream: BinaryIO) -> Iterator[Row]:
    """GoatCounter's export: a line for each view. Events and bots are left out."""
    text = io.TextIOWrapper(stream, "utf-8-sig", "replace", newline="")
    lines = csv.reader(text)
    names = [re.sub(r"^\d+", "", name).lower() for name in next(lines, [])]
    for cells in lines:
        row = dict(zip(names, cells, strict=False))
        if not _is_true(row.get("event")) and not _is_true(row.get("bot")):
            yield {"path": row.get("path"), "views": 1, "visitors": int(_is_true(row.get("firstvisit")))}


def _is_true(text: str | None) -> bool:
    return (text or "").strip().lower() not in ("", "0", "false", "f")


def read_json(stream: BinaryIO) -> Iterator[Row]:
    """JSON as LeanCloud, Waline, Artalk, Twikoo and we write it: an object, a list, or one object a line."""
    data = stream.read(MAX_JSON + 1)
    if len(data) > MAX_JSON:
        raise InputError("file", f"has more than {MAX_JSON // 1024**2} MB")
    text = data.decode("utf-8-sig", "replace").strip()
    try:
        yield from find_rows(json.loads(text))
    except json.JSONDecodeError:
        lines = [line for line in text.splitlines() if line.strip() and not line.startswith("#")]
        for line in lines:
            yield from find_rows(json.loads(line))


def find_rows(value: Any) -> Iterator[Row]:
    """The rows in a JSON value, wherever the known exports keep them."""
    if isinstance(value, list):
        for one in value:
            yield from find_rows(one)
        return
    if not isinstance(value, dict):
        return
    if isinstance(value.get("site"), dict):
        yield value["site"] | {"path": SITE}
    if isinstance(value.get("collections"), list):
        tables = [one for one in value["collections"] if isinstance(one, dict)]
        yield from find_rows([one.get("data") for one in tables if one.get("name") == "counter"])
    for name in ("pages", "data", "results", "Counter"):
        inner = value.get(name)
        if isinstance(inner, list | dict):
            yield from find_rows(inner)
            return
    # A count without a page is a row, too: it is told that it was left out.
    if any(name in value for name in (*PATH_NAMES, *VIEW_NAMES)):
        yield value
    else:
        yield from _by_path(value)


def _by_path(value: dict[str, Any]) -> Iterator[Row]:
    for path, count in value.items():
        if path.startswith(("/", "http://", "https://")):
            plain = _unwrap(count)
            yield (plain if isinstance(plain, dict) else {"views": plain}) | {"path": path}


def _unwrap(value: Any) -> Any:
    """A value as MongoDB writes its numbers, {"$numberInt": "9"}; any other as it is."""
    if isinstance(value, dict) and len(value) == 1:
        ((name, inner),) = value.items()
        return inner if name in ("$numberInt", "$numberLong", "$numberDouble") else value
    return value


def read_wordpress(stream: io.BufferedReader) -> Iterator[Row]:
    """A WordPress export (WXR), or a table of post meta with a column for the link."""
    if not stream.peek(1)[:200].removeprefix(b"\xef\xbb\xbf").lstrip().startswith(b"<"):
        yield from read_csv(stream)
        return
    found: list[Row] = []
    item: dict[str, str] = {}
    meta: dict[str, str] = {}

    def end(name: str, text: str) -> None:
        if name in ("wp:meta_key", "wp:meta_value"):
            meta[name] = text
        elif name == "wp:postmeta" and meta.get("wp:meta_key") in POST_META:
            item["views"] = meta.get("wp:meta_value", "")
        elif name in ("link", "title"):
            item[name] = text
        elif name == "item":
            if "views" in item:
                found.append(dict(item))
            item.clear()

    parser = xml_parser(end)
    while chunk := stream.read(1 << 16):
        parser.Parse(chunk)
        yield from found
        found.clear()
    parser.Parse(b"", True)
    yield from found


def xml_parser(end: Callable[[str, str], None]) -> expat.XMLParserType:
    """A parser that tells the name and text of each element; documents that declare anything are refused."""
    parser = expat.ParserCreate()
    parser.buffer_text = True
    texts: list[list[str]] = []

    def refuse(*_: object) -> None:
        raise InputError("file", "declares a document type or entities, which no export needs")

    parser.StartDoctypeDeclHandler = refuse
    parser.EntityDeclHandler = refuse
    parser.StartElementHandler = lambda name, attributes: texts.append([])
    parser.CharacterDataHandler = lambda text: texts[-1].append(text) if texts else None
    parser.EndElementHandler = lambda name: end(name, "".join(texts.pop()))
    return parser


READERS: dict[str, Callable[[Any], Iterator[Row]]] = {
    "csv": read_csv,
    "json": read_json,
    "leancloud": read_json,
    "waline": read_json,
    "artalk": read_json,
    "twikoo": read_json,
    "wordpress": read_wordpress,
    "goatcounter": read_goatcounter,
}


# Rows to amounts


@dataclass
class Found:
    """What a file says of a site's pages, by canonical path, and what of it could not be used."""

    amounts: dict[str, Amount] = field(default_factory=dict)
    skipped: Counter[str] = field(default_factory=Counter)

    def add(self, amount: Amount) -> None:
        """Take a row's count, on top of what earlier rows said of the same page."""
        old = self.amounts.get(amount.path)
        if old is None:
            if len(self.amounts) == MAX_PAGES:
                raise InputError("file", f"has more than {MAX_PAGES:,} pages")
            self.amounts[amount.path] = amount
            return
        views, visitors = _sum(old.views, amount.views), _sum(old.visitors, amount.visitors)
        self.amounts[amount.path] = Amount(amount.path, views, visitors, old.title or amount.title)


def _sum(one: int | None, other: int | None) -> int | None:
    return other if one is None else one if other is None else one + other


def collect(site: Site, rows: Iterable[Row]) -> Found:
    """The amounts in rows of a file, for a site. InputError when there are too many pages."""
    found = Found()
    for row in rows:
        amount = read_amount(site, row)
        if isinstance(amount, str):
            found.skipped[amount] += 1
        else:
            found.add(amount)
    return found


def read_amount(site: Site, row: Row) -> Amount | str:
    """What a row says of a page; or why it cannot be used."""
    texts = (row.get(name) for name in PATH_NAMES)
    page = next((text for text in texts if isinstance(text, str) and text), "").strip()
    try:
        views, visitors = (read_count(row, names) for names in (VIEW_NAMES, VISITOR_NAMES))
    except ValueError:
        return "no whole number"
    if views is None and visitors is None:
        return "no count"
    if page in SITE_ROWS:
        return Amount(SITE, views, None) if SITE_ROWS[page] == "views" else Amount(SITE, None, views)
    if page == SITE:
        return Amount(SITE, views, visitors)
    if not page or len(page) > MAX_URL or page == OTHER:
        return "no page"
    try:
        if page.startswith(("http://", "https://")):
            if bare_host(read_page(page).host) not in site.hosts:
                return "another host"
        elif not page.startswith("/"):
            page = f"/{page}"
        key = site.page_key(read_path(page, query_keys=site.query_keys))
    except InputError:
        return "no page"
    title = row.get("title")
    return Amount(key, views, visitors, title[:500] if isinstance(title, str) else "")


def read_count(row: Row, names: Iterable[str]) -> int | None:
    """The count in the first of the columns that the row has; None when that is empty, or there is none.

    ValueError for anything but a whole number from 0 to `MAX_COUNT`.
    """
    value = _unwrap(next((row[name] for name in names if name in row), None))
    if isinstance(value, str):
        text = value.strip()
        if not text:
            return None
        digits = re.sub(r"[^0-9]", "", text) if GROUPED.fullmatch(text) else text
        value = int(digits) if digits.isascii() and digits.isdigit() and len(digits) < 17 else -1
    elif isinstance(value, float) and value.is_integer():
        value = int(value)
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= MAX_COUNT:
        raise ValueError("is no whole number of 0 or more")
    return value


def read_number(name: str, text: str) -> int | None:
    """A whole number as people write it, in groups and with a sign; None for an empty text."""
    text = text.strip().replace("−", "-")
    if not text:
        return None
    sign, digits = (-1 if text[0] == "-" else 1), text[1:] if text[0] in "+-" else text
    if GROUPED.fullmatch(digits):
        digits = re.sub(r"[^0-9]", "", digits)
    if not (digits.isascii() and digits.isdigit() and len(digits) < 17 and int(digits) <= MAX_COUNT):
        raise InputError(name, "is not a number", hint=f"Use 0 to {MAX_COUNT:,}.")
    return sign * int(digits)


# Amounts to files


def write_csv(amounts: Iterable[Amount]) -> Iterator[str]:
    """Lines of `path,views,visitors,title`, which `read_csv` reads and no spreadsheet runs."""
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\n", quoting=csv.QUOTE_NONNUMERIC)
    writer.writerow(("path", "views", "visitors", "title"))
    for amount in amounts:
        writer.writerow((defuse(amount.path), amount.views, amount.visitors, defuse(amount.title)))
        if buffer.tell() > 1 << 16:
            yield buffer.getvalue()
            buffer.seek(0)
            buffer.truncate()
    yield buffer.getvalue()


def write_json(amounts: Iterable[Amount]) -> Iterator[str]:
    """The same as JSON, in the shape of /api/counters with titles."""
    pages: dict[str, Any] = {}
    site: dict[str, Any] = {}
    for amount in amounts:
        count = {"views": amount.views, "visitors": amount.visitors}
        if amount.path == SITE:
            site = count
        else:
            pages[amount.path] = count | ({"title": amount.title} if amount.title else {})
    yield json.dumps({"site": site, "pages": pages}, ensure_ascii=False, indent=1) + "\n"


def defuse(cell: str) -> str:
    """A cell that no spreadsheet takes for a formula; `revive` undoes it."""
    return f"'{cell}" if cell.startswith((*HAZARDS, "'")) else cell


def revive(cell: str) -> str:
    """A cell as it was before `defuse`."""
    return cell[1:] if cell.startswith("'") and cell[1:].startswith((*HAZARDS, "'")) else cell
