"""Moe-Counter: `/@<name>` and `/get/@<name>` count and show digits, `/record/@<name>` reads.

A name is the foreign id `moe:<name>` of a site, and counts its page `/<name>`. The digits are our own, or
those of the owner's set that `theme` names.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from msgspec.structs import replace
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from ...errors import InputError, PagetallyError
from ...forms.digits import MAX_DIGITS, draw_digits, pad_digits, say_count, stamp_digits
from ...forms.svg import draw_svg
from ...model import DigitSet, Site
from ..answers import wants_picture
from .bridge import Bridge, answer, answer_json, status_of
from .views import count_named, path_of_name, read_page

DEMO = "demo"
MAX_NAME = 32
SVG = "image/svg+xml; charset=utf-8"
KEPT = "max-age=0, no-cache, no-store, must-revalidate"

BOUNDS: dict[str, Callable[[str], bool]] = {
    "padding": lambda text: is_within(text, 0, 16),
    "offset": lambda text: is_within(text, -500, 500),
    "scale": lambda text: is_within(text, 0.1, 2),
    "align": lambda text: text in ("top", "center", "bottom"),
    "pixelated": lambda text: text in ("0", "1"),
    "darkmode": lambda text: text in ("0", "1", "auto"),
    "num": lambda text: is_within(text, 0, 1e15),
    "prefix": lambda text: is_within(text, -1, 999_999),
}
"""What each option may be."""


class MoeCounter:
    """Its endpoints."""

    def __init__(self, bridge: Bridge) -> None:
        self._bridge = bridge

    async def show(self, request: Request) -> Response:
        """A view, and the number in digits."""
        name, query = request.path_params["name"], request.query_params
        try:
            check(name, query)
        except InputError as error:
            self._bridge.drop(request, self._site(name), "unusable-event")
            return refuse(request, error)
        cache = KEPT
        if name == DEMO:
            number, cache = "0123456789", "max-age=31536000"
        elif float(query.get("num") or 0) > 0:
            number = str(int(float(query["num"])))
        else:
            site = self._site(name)
            await count_named(self._bridge, request, site, name)
            number = str((await read_page(self._bridge, site, path_of_name(name))).views)
        own = self._bridge.instance.digit_sets.get(query.get("theme", ""))
        return answer(draw(number, query, own), SVG, cache=cache)

    async def record(self, request: Request) -> Response:
        """`{"name", "num"}`; unlike the original it does not count."""
        name = request.path_params["name"]
        count = await read_page(self._bridge, self._site(name), path_of_name(name))
        return answer_json({"name": name, "num": count.views})

    def _site(self, name: str) -> Site | None:
        return self._bridge.instance.registry.by_foreign_id.get(f"moe:{name}")


def check(name: str, query: Mapping[str, str]) -> None:
    """InputError that names the first option which is out of bounds."""
    if not 0 < len(name) <= MAX_NAME:
        raise InputError("name", f"has more than {MAX_NAME} characters")
    for field, fits in BOUNDS.items():
        if query.get(field) and not fits(query[field]):
            raise InputError(field, "is out of bounds")


def is_within(text: str, least: float, most: float) -> bool:
    """Whether a text is a number from `least` to `most`."""
    try:
        return least <= float(text) <= most
    except ValueError:
        return False


def draw(number: str, query: Mapping[str, str], own: DigitSet | None) -> str:
    """The digits, by the options of the query; the title is the number alone."""
    prefix = int(float(query.get("prefix") or -1))
    padded = number.zfill(int(float(query.get("padding") or 7)))
    text = (f"{prefix}{padded}" if prefix >= 0 else padded)[-MAX_DIGITS:]
    title = say_count(int(number))
    natural = stamp_digits(text, title, own) if own else draw_digits(text, title, "dots")
    scale = float(query.get("scale") or 1)
    return draw_svg(replace(natural, zoom=scale))


def refuse(request: Request, error: PagetallyError) -> Response:
    """A picture of dashes where a page shows pictures; else what is wrong, in Moe-Counter's words."""
    if wants_picture(request.headers.get("accept", "")):
        return answer(draw_svg(draw_digits(pad_digits(None, 7), str(error), "dots")), SVG)
    message = f"The field {error.field} is invalid. {error}" if isinstance(error, InputError) else str(error)
    status = status_of(error)
    return answer_json({"code": status, "message": message}, status=status)


def routes(bridge: Bridge) -> Sequence[BaseRoute]:
    """Its addresses."""
    ours = MoeCounter(bridge)
    return [
        Route("/@{name}", ours.show),
        Route("/get/@{name}", ours.show),
        Route("/record/@{name}", ours.record),
    ]
