"""finicounter: `GET /counter?host=HOST` counts a view of a site, without saying of which page."""

from __future__ import annotations

from collections.abc import Sequence

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute

from ...errors import PagetallyError
from .bridge import UNKNOWN, Bridge, answer_json, status_of
from .busuanzi import script_routes
from .four_numbers import FourNumbersDesk, QueryRoute


class Finicounter:
    """The endpoint."""

    def __init__(self, bridge: Bridge) -> None:
        self._desk = FourNumbersDesk(bridge)

    async def count(self, request: Request) -> Response:
        """`{"views": N}`: the site's, this one included."""
        host = request.query_params.get("host", "") or "unknown.invalid"
        numbers = await self._desk.count(request, host=host)
        return answer_json({"views": numbers.site_pv}, results=numbers.results)


def refuse(request: Request, error: PagetallyError) -> Response:
    """A dash: its client prints what it gets."""
    return answer_json({"views": UNKNOWN}, status=status_of(error))


def routes(bridge: Bridge) -> Sequence[BaseRoute]:
    """Its addresses. `/counter` without `host` is GoatCounter's."""
    ours = Finicounter(bridge)
    return [QueryRoute("/counter", ours.count, key="host"), *script_routes("/finicounter.js")]
