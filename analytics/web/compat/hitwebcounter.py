"""HitWebCounter: `/counter/counter.php?page=<id>` counts and shows digits.

An id is the foreign id `hitwebcounter:<id>` of a site, and counts its page `/<id>`. With `type=ip` the
digits are visitors, else views; `nbdigits` fills up with zeros, `initCount` is added to what is shown.
"""

from __future__ import annotations

from collections.abc import Sequence

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from ...errors import PagetallyError
from ...forms.digits import draw_digits, pad_digits, say_count
from ...forms.svg import draw_svg
from .bridge import Bridge, answer
from .views import count_named, path_of_name, read_page

MAX_DIGITS, MAX_START = 12, 9_999_999_999


class HitWebCounter:
    """Its one endpoint."""

    def __init__(self, bridge: Bridge) -> None:
        self._bridge = bridge

    async def show(self, request: Request) -> Response:
        """GET: a view, and the number in digits."""
        query = request.query_params
        name = query.get("page", "")[:64]
        site = self._bridge.instance.registry.by_foreign_id.get(f"hitwebcounter:{name}")
        results = await count_named(self._bridge, request, site, name)
        count = await read_page(self._bridge, site, path_of_name(name))
        number = count.visitors if query.get("type") == "ip" else count.views
        number += read_number(query.get("initCount", ""), MAX_START)
        padded = pad_digits(number, read_number(query.get("nbdigits", ""), MAX_DIGITS))
        drawn = draw_svg(draw_digits(padded, say_count(number), "odometer"))
        return answer(drawn, "image/svg+xml; charset=utf-8", results=results)


def read_number(text: str, most: int) -> int:
    """A number from 0 to `most`; 0 for anything else."""
    return min(int(text), most) if text.isascii() and text.isdigit() and len(text) < 16 else 0


def refuse(request: Request, error: PagetallyError) -> Response:
    """A picture of dashes."""
    digits = read_number(request.query_params.get("nbdigits", ""), MAX_DIGITS)
    drawn = draw_svg(draw_digits(pad_digits(None, digits), str(error), "odometer"))
    return answer(drawn, "image/svg+xml; charset=utf-8")


def routes(bridge: Bridge) -> Sequence[BaseRoute]:
    """Its address."""
    return [Route("/counter/counter.php", HitWebCounter(bridge).show)]
