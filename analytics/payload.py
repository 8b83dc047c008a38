"""Bytes to Event: what a client sends, parsed and limited.

The body is a superset of Plausible's events format (short and long names, integer event names,
properties as an object or as a JSON string, several domains separated by commas), so that
Plausible's clients work as they are.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from typing import Any

import msgspec
from msgspec import Struct

from .errors import InputError
from .model import Event

PAGEVIEW = "pageview"
ENGAGEMENT = "engagement"

MAX_BODY = 64 * 1024
"""Bytes of one event."""

MAX_NAME = 120
MAX_TEXT = 2_000
"""Characters of a referrer or a title that are kept; the rest is cut off."""
MAX_ID = 128
MAX_DOMAINS = 10
MAX_WIDTH = 20_000
MAX_PROPS = 30
MAX_PROP_KEY = 300
MAX_PROP_VALUE = 2_000
MAX_MILLISECONDS = 30 * 86_400_000
"""Of an engagement event: nobody looks at a page for longer."""

Scalar = str | int | float | bool


class _Body(Struct, rename={"hash_mode": "hashMode"}):
    n: str | int | None = None
    name: str | int | None = None
    u: str | None = None
    url: str | None = None
    d: str | None = None
    domain: str | None = None
    r: str | None = None
    referrer: str | None = None
    t: str | None = None
    title: str | None = None
    id: str | int | float | None = None
    m: Any = None
    meta: Any = None
    p: Any = None
    props: Any = None
    h: Any = None
    hash_mode: Any = None
    i: Any = None
    interactive: Any = None
    w: Any = None
    screen: Any = None
    e: Any = None
    sd: Any = None
    a: Any = None


_decoder = msgspec.json.Decoder(_Body)
_anything: msgspec.json.Decoder[Any] = msgspec.json.Decoder()
_HALF = re.compile(
    rb"(?P<whole>\\u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2})"
    rb"|(?P<half>\\u[dD][89a-fA-F][0-9a-fA-F]{2})|(?P<other>\\.)",
    re.DOTALL,
)
_FIELD = re.compile(r" - at `\$\.(\w+)")
_WANTED = re.compile(r"Expected `([^`]+)`")

KINDS = {"object": "an object", "str": "text", "float": "a number", "int": "a whole number"}
"""What the types of a body's fields are called."""


def given_in(body: bytes) -> Mapping[str, object]:
    """What a JSON body gives, by the names that it has there; nothing for what is no object."""
    try:
        found = decode_json(body)
    except (ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}


def read_event(body: bytes) -> Event:
    """Parse the JSON body of a collect request; InputError names the field at fault (see `as_written`)."""
    try:
        fields = decode_json(body, _decoder)
    except msgspec.ValidationError as error:
        found = _FIELD.search(str(error))
        raise InputError(found[1] if found else "body", _explain_kind(error)) from None
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise InputError("body", f"is not JSON: {explain_json(error)}") from None
    url = fields.u or fields.url
    if not url:
        raise InputError("url", "is required", hint='Send the page\'s address as "u" or "url".')
    name = fields.n if fields.n is not None else fields.name
    name = PAGEVIEW if name is None or name == PAGEVIEW else _read_name(name)
    engaged, scroll, age = _read_engagement(fields) if name == ENGAGEMENT else (None, None, None)
    detail = read_props(_first(fields.m, fields.meta, fields.p, fields.props))
    hash_mode = fields.h if fields.h is not None else fields.hash_mode
    screen = fields.w if fields.w is not None else fields.screen
    interactive = fields.i if fields.i is not None else fields.interactive
    return Event(
        name=name,
        url=url,
        domains=read_domains(fields.d if fields.d is not None else fields.domain),
        referrer=(fields.r or fields.referrer or "")[:MAX_TEXT],
        title=(fields.t or fields.title or "")[:MAX_TEXT],
        id="" if fields.id is None else read_id(str(fields.id)),
        detail=detail,
        hash_mode=hash_mode is not None and _read_flag("h", hash_mode, default=False),
        screen=None if screen is None else _read_screen(screen),
        interactive=interactive is None or _read_flag("i", interactive, default=True),
        engaged=engaged,
        scroll=scroll,
        age=age,
    )


SPELLINGS = {
    "name": ("n", "name"),
    "url": ("u", "url"),
    "domain": ("d", "domain"),
    "props": ("m", "meta", "p", "props"),
    "h": ("h", "hashMode"),
    "i": ("i", "interactive"),
    "w": ("w", "screen"),
}
"""The names that a field has in bodies, the first that is given holds, by the one that errors use here."""


def as_written(error: InputError, given: Mapping[str, object]) -> InputError:
    """An error, of the field by the name under which it was given."""
    names = (name for name in SPELLINGS.get(error.field, ()) if given.get(name) is not None)
    return error.named(next(names, error.field))


def decode_json(body: bytes | str, decoder: msgspec.json.Decoder[Any] = _anything) -> Any:
    """A JSON text decoded; where it holds half a character, that is U+FFFD. msgspec.DecodeError and its kin.

    Pages cut a title short in the midst of an emoji, and JSON.stringify writes the half as an escape.
    """
    try:
        return decoder.decode(body)
    except msgspec.ValidationError:
        raise
    except msgspec.DecodeError:
        raw = body.encode() if isinstance(body, str) else body
        mended = _HALF.sub(lambda match: rb"\ufffd" if match["half"] else match[0], raw)
        if mended == raw:
            raise
        return decoder.decode(mended)


def explain_json(error: Exception) -> str:
    """Why a text is no JSON that can be read, of what `decode_json` raised, in words for people."""
    if isinstance(error, RecursionError):
        return "it is nested too deeply"
    if isinstance(error, UnicodeDecodeError):
        return "it is not UTF-8"
    if isinstance(error, msgspec.ValidationError):
        return "it has a number that is too large"
    _, _, why = str(error).partition("malformed: ")
    return why or "it ends too early"


def _explain_kind(error: msgspec.ValidationError) -> str:
    """What a value must be, of an error that says so in types: Expected `int | str | null` ..."""
    wanted = _WANTED.match(str(error))
    kinds = wanted[1].split(" | ") if wanted else []
    words = [KINDS[kind] for kind in KINDS if kind in kinds and not (kind == "int" and "float" in kinds)]
    return f"must be {' or '.join(words)}" if words else explain_json(error).removeprefix("it ")


def _first(*values: Any) -> Any:
    for value in values:
        if value is not None:
            return value
    return None


def _read_flag(field: str, value: Any, *, default: bool) -> bool:
    if value == "":
        return default
    if value in (True, "1", "true"):
        return True
    if value in (False, "0", "false"):
        return False
    raise InputError(field, "must be true or false")


def _read_screen(value: Any) -> int | None:
    """A width, of a text or a number that may be nonsense, as hidden pages and odd browsers have it."""
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        raise InputError("w", "must be a number of pixels")
    return read_width(value)


def read_width(value: Any) -> int | None:
    """A width in pixels, as a number, `1920x1080` or `1920,1080,1`; None for what is none."""
    if isinstance(value, str):
        digits = re.split("[x,.]", value.strip().lower(), maxsplit=1)[0]
        value = int(digits) if digits.isascii() and digits.isdigit() and len(digits) < 6 else None
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    return int(value) if is_number and 0 < value < MAX_WIDTH else None


def _read_engagement(fields: _Body) -> tuple[int | None, int | None, int | None]:
    """What an engagement event says: milliseconds engaged, per cent seen, milliseconds since the start."""
    if fields.e is None and fields.sd is None:
        raise InputError("e", 'or "sd" is required', hint="An engagement event tells one of them at least.")
    seen = _read_number("sd", fields.sd)
    scroll = None if seen is None else round(min(max(seen, 0), 100))
    return _read_milliseconds("e", fields.e), scroll, _read_milliseconds("a", fields.a)


def _read_milliseconds(field: str, value: Any) -> int | None:
    number = _read_number(field, value)
    if number is None:
        return None
    if not 0 <= number < MAX_MILLISECONDS:
        raise InputError(field, "must be milliseconds, from 0 to 30 days")
    return round(number)


def _read_number(field: str, value: Any) -> float | None:
    if value is None:
        return None
    try:
        if isinstance(value, bool):
            raise TypeError
        number = float(value)
    except (TypeError, ValueError, OverflowError):
        raise InputError(field, "must be a number") from None
    if not math.isfinite(number):
        raise InputError(field, "must be a number")
    return number


def _read_name(name: str | int) -> str:
    text = str(name).strip()
    if not text:
        raise InputError("name", "is empty")
    if len(text) > MAX_NAME:
        raise InputError("name", f"is longer than {MAX_NAME} characters")
    return text


def read_id(text: str) -> str:
    """A client's event id; InputError when it is too long to be one."""
    if len(text) > MAX_ID:
        raise InputError("id", f"is longer than {MAX_ID} characters")
    return text


def read_domains(text: str | None) -> tuple[str, ...]:
    """The sites that a text names, with commas between; none for no text. InputError."""
    if not text:  # as a template writes it whose site has none
        return ()
    domains = tuple(dict.fromkeys(part.strip() for part in text.split(",") if part.strip()))
    if not domains:
        raise InputError("domain", "is empty", hint="Leave it out, and the address's host is used.")
    if len(domains) > MAX_DOMAINS:
        raise InputError("domain", f"names more than {MAX_DOMAINS} sites")
    return domains


def read_props(props: Any) -> str | None:
    """Properties as the JSON text that is stored: scalars only, or None when there are none."""
    if isinstance(props, str) and props.strip():
        try:
            props = decode_json(props)
        except (msgspec.DecodeError, RecursionError) as error:
            raise InputError("props", f"is text, but not JSON: {explain_json(error)}") from None
    if not props:
        return None
    if not isinstance(props, dict):
        raise InputError("props", "must be an object")
    kept = {key: value for key, value in props.items() if isinstance(value, Scalar) and value != "" and key}
    if len(kept) > MAX_PROPS:
        raise InputError("props", f"has more than {MAX_PROPS} entries")
    for key, value in kept.items():
        if len(key) > MAX_PROP_KEY:
            raise InputError("props", f"has a name longer than {MAX_PROP_KEY} characters")
        if isinstance(value, str) and len(value) > MAX_PROP_VALUE:
            raise InputError("props", f"has a value longer than {MAX_PROP_VALUE:,} characters")
    return msgspec.json.encode(kept).decode() if kept else None
