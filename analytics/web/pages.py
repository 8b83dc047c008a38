"""Templates to HTML answers."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from hashlib import blake2b
from importlib.resources import files
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined, pass_context
from jinja2.runtime import Context
from starlette.requests import Request
from starlette.responses import HTMLResponse

from .. import __version__, wording
from ..complaints import explain
from ..errors import InputError, PagetallyError
from ..language import N_, _, ngettext, spoken
from ..model import Site
from .packing import pack, takes_gzip

SECTIONS = {
    N_("Summary"): "",
    N_("Numbers"): "/numbers",
    N_("Popular"): "/popular",
    N_("Widgets"): "/widgets",
    N_("Bots"): "/bots",
    N_("Dropped"): "/dropped",
}
"""The pages of a site, and what stands behind /sites/DOMAIN for each."""


class Pages:
    """Renders the templates under analytics/templates."""

    def __init__(self) -> None:
        self._templates = open_templates()

    def render(self, request: Request, template: str, *, status: int = 200, **values: Any) -> HTMLResponse:
        """An HTML answer; `base` in a template is the path under which we are shown."""
        values = {"base": request.scope.get("root_path", ""), "problem": "", "signed_in": False} | values
        body = self._templates.get_template(template).render(values).encode()
        headers = {"vary": "Accept-Encoding"}
        if takes_gzip(request.headers.get("accept-encoding", "")):
            body, headers = pack(body), headers | {"content-encoding": "gzip"}
        return HTMLResponse(body, status_code=status, headers=headers)

    def text(self, template: str, **values: Any) -> str:
        """A template that is no page of the owner's."""
        return self._templates.get_template(template).render(values)

    def message(
        self,
        request: Request,
        status: int,
        title: str,
        text: str,
        *,
        signed_in: bool = False,
        site: Site | None = None,
    ) -> HTMLResponse:
        """A page that says one thing, and leads back to the site that it is about."""
        values = {"title": title, "text": text, "signed_in": signed_in, "site": site}
        return self.render(request, "message.html", status=status, **values)

    def wrong_address(self, request: Request, error: InputError, site: Site) -> HTMLResponse:
        """The answer to an address whose query says something that means nothing."""
        return self.wrong(request, _("That address is not known"), error, site)

    def wrong(self, request: Request, title: str, error: PagetallyError, site: Site | None) -> HTMLResponse:
        """The answer to something that cannot be done as it was asked for."""
        return self.message(request, 400, title, explain(error), signed_in=True, site=site)

    def no_site(self, request: Request) -> HTMLResponse:
        """The answer to the address of a site that there is none of."""
        hint = _("Add it with: pagetally site add DOMAIN")
        return self.message(request, 404, _("There is no such site"), hint, signed_in=True)

    def too_slow(self, request: Request, site: Site | None = None) -> HTMLResponse:
        """The answer to a question that took longer than a page may."""
        hint = _("Try a shorter period.")
        return self.message(request, 503, _("This took too long to count"), hint, signed_in=True, site=site)


@cache
def open_templates() -> Environment:
    """The templates, compiled once for all apps of a process."""
    found = Environment(
        loader=PackageLoader("analytics"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        extensions=["jinja2.ext.i18n"],
        # They come with the package: nobody changes them under a server that runs.
        auto_reload=False,
    )
    found.install_gettext_callables(_, ngettext, newstyle=True)  # type: ignore[attr-defined]
    found.filters |= {name: _said_anew(say) for name, say in wording.FILTERS.items()}
    found.globals |= {
        "version": __version__,
        "language": lambda: spoken().code,
        "style": address_of("style.css"),
        "icon": address_of("icon.svg"),
        "copy": address_of("copy.js"),
        "htmx": address_of("htmx.js"),
        "keys": address_of("keys.js"),
        "sections": SECTIONS,
    }
    return found


def _said_anew(say: Callable[..., object]) -> Callable[..., object]:
    """A filter whose answer to a constant is not worked out when the template is compiled, once for all, in
    the language of whoever came first."""

    @pass_context
    def call(_: Context, *args: object, **kwargs: object) -> object:
        return say(*args, **kwargs)

    return call


def compile_templates() -> None:
    """Compile every template now, by one thread: those who ask for pages at once would each do it, and
    views would wait for them."""
    templates = open_templates()
    for name in templates.list_templates(extensions=["html"]):
        templates.get_template(name)


def address_of(name: str) -> str:
    """The address of a file of analytics/static; it changes with the file, which browsers keep for a day."""
    body = (files("analytics") / "static" / name).read_bytes()
    return f"{name}?{blake2b(body, digest_size=4).hexdigest()}"


def public_address(request: Request) -> str:
    """Where the owner's browser sees us; `request.base_url` leaves out the base path."""
    url = request.url
    return f"{url.scheme}://{url.netloc}{request.scope.get('root_path', '')}"
