"""A router that looks a plain address up instead of asking a hundred routes whether it is theirs."""

from __future__ import annotations

from collections.abc import Sequence

from starlette.routing import BaseRoute, Match, Route, Router
from starlette.types import Receive, Scope, Send


class Directory(Router):
    """Answers as a `Router` of the same routes does: the first route that wholly matches.

    It knows beforehand which routes may match an address that is some route's whole path. What none of
    them wants (another method, say) and every other address goes the router's way.
    """

    def __init__(self, routes: Sequence[BaseRoute]) -> None:
        super().__init__(routes)
        plain = {route.path for route in routes if isinstance(route, Route) and "{" not in route.path}
        self._known = {path: [route for route in routes if _may_match(route, path)] for path in plain}

    async def app(self, scope: Scope, receive: Receive, send: Send) -> None:
        """As an ASGI app."""
        if scope["type"] == "http":
            for route in self._known.get(_path_of(scope), ()):
                match, child = route.matches(scope)
                if match is Match.FULL:
                    scope.setdefault("router", self)
                    scope["route"] = route
                    scope.update(child)
                    await route.handle(scope, receive, send)
                    return
        await super().app(scope, receive, send)


def _path_of(scope: Scope) -> str:
    """The path below what this router is mounted at."""
    path: str = scope["path"]
    root: str = scope.get("root_path", "")
    return path[len(root) :] if path.startswith(f"{root}/") else path


def _may_match(route: BaseRoute, path: str) -> bool:
    return not isinstance(route, Route) or route.path_regex.match(path) is not None
