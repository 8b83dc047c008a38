"""The server under test, with a route that does nothing beside Pagetally's own."""

from __future__ import annotations

import sys
from pathlib import Path

from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.routing import Route

from analytics.config import Config
from analytics.instance import Instance
from analytics.server import serve
from analytics.web.app import create_app


async def noop(_: Request) -> PlainTextResponse:
    """Nothing."""
    return PlainTextResponse("ok")


def make_app(instance: Instance) -> object:
    """Pagetally with the route /noop; with `--compat none` it answers its own protocol alone."""
    compat = sys.argv[sys.argv.index("--compat") + 1] if "--compat" in sys.argv else "all"
    return create_app(instance, compat=(compat,), extra_routes=[Route("/noop", noop)])


if __name__ == "__main__":
    folder = Path(sys.argv[sys.argv.index("--data") + 1])
    serve(Config(data=folder, port=0), say=lambda line: print(line, flush=True), make_app=make_app)
