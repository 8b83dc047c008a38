"""The demo blog: an app around Pagetally's that shows posts with the two counters in each footer."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from starlette.requests import Request
from starlette.responses import FileResponse, HTMLResponse, RedirectResponse, Response
from starlette.routing import Route
from starlette.types import ASGIApp, Receive, Scope, Send

from analytics.instance import Instance
from analytics.report import count_pages
from analytics.web.app import create_app
from analytics.web.auth import COOKIE

from .fill import DOMAIN
from .posts import BLOG, archive, read_posts

TEMPLATES = Path(__file__).parent / "templates"


class Blog:
    """The blog's pages. Each shows the counters as they stand; the snippet then counts the visit."""

    def __init__(self, instance: Instance) -> None:
        self._instance = instance
        self._posts = read_posts()
        self._archive = dict(archive())
        self._templates = Environment(
            loader=FileSystemLoader(TEMPLATES), autoescape=True, undefined=StrictUndefined
        )
        self.routes = [
            Route(BLOG, self.index),
            Route(f"{BLOG}/", self.index),
            Route(f"{BLOG}/style.css", self.style),
            Route(f"{BLOG}/archive/{{slug}}", self.old_story),
            Route(f"{BLOG}/{{slug}}", self.post),
        ]

    async def index(self, request: Request) -> Response:
        """The list of posts."""
        return self._render(request, "index.html", title="The Lantern", posts=self._posts)

    async def post(self, request: Request) -> Response:
        """One post."""
        slug = request.path_params["slug"].rstrip("/")
        found = next((post for post in self._posts if post.slug == slug), None)
        if found is None:
            return self._render(request, "lost.html", status=404, title="Not here")
        return self._render(request, "post.html", title=found.title, post=found)

    async def old_story(self, request: Request) -> Response:
        """A story of the archive, of which little is left."""
        title = self._archive.get(request.url.path)
        if title is None:
            return self._render(request, "lost.html", status=404, title="Not here")
        return self._render(request, "old.html", title=title)

    async def style(self, _: Request) -> Response:
        """The blog's style sheet."""
        return FileResponse(TEMPLATES / "style.css", media_type="text/css")

    def _render(self, request: Request, template: str, *, status: int = 200, **values: Any) -> Response:
        site = self._instance.registry.find(DOMAIN)
        assert site is not None
        path = request.url.path
        with self._instance.borrow_reader() as reader:
            counters = count_pages(reader, site, [path], online=0)
        page = self._templates.get_template(template).render(
            values,
            domain=DOMAIN,
            blog=BLOG,
            address=str(request.url),
            page_views=counters.pages[path].views,
            site_views=counters.site.views,
        )
        return HTMLResponse(page, status_code=status)


class Demo:
    """Pagetally with the blog; who comes to `/` and is not signed in sees the blog."""

    def __init__(self, instance: Instance) -> None:
        self._app: ASGIApp = create_app(instance, extra_routes=Blog(instance).routes)
        self.state = self._app.state  # type: ignore[attr-defined]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and scope["path"] == "/" and COOKIE not in Request(scope).cookies:
            await RedirectResponse(f"{BLOG}/", status_code=303)(scope, receive, send)
        else:
            await self._app(scope, receive, send)
