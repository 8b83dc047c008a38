"""The owner: sets a password at a one-time address, signs in, signs out."""

from __future__ import annotations

import asyncio
import hmac
import secrets
from urllib.parse import parse_qs, quote, unquote, urlencode

from itsdangerous import BadSignature, TimestampSigner
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import PlainTextResponse, RedirectResponse, Response
from starlette.routing import Route

from ..errors import InputError
from ..instance import Instance
from ..language import _
from ..passwords import Attempts, hash_password, is_right
from .guard import is_same_origin, read_body
from .pages import Pages

COOKIE = "pagetally_session"
SESSION_SECONDS = 30 * 86_400
FORM_BYTES = 4_096
MOST_NEXT = 2_000
"""Characters of an address that signing in leads back to."""


class Owner:
    """Knows whether a request comes from the owner."""

    def __init__(self, instance: Instance) -> None:
        self._instance = instance
        self._signer = TimestampSigner(instance.secret, salt="pagetally session")
        self._token = secrets.token_urlsafe(24)
        self.attempts = Attempts()

    @property
    def password(self) -> str:
        """The hash of the owner's password; empty while none is set."""
        return self._instance.password

    @property
    def setup_token(self) -> str:
        """What the one-time set-up address ends in; empty once a password is set."""
        return "" if self.password else self._token

    def is_signed_in(self, request: Request) -> bool:
        """Whether the request carries a session that this instance gave under the present password."""
        try:
            value = self._signer.unsign(request.cookies.get(COOKIE, ""), max_age=SESSION_SECONDS).decode()
        except (BadSignature, UnicodeDecodeError):
            return False
        epoch = self._instance.password_epoch
        return bool(epoch) and hmac.compare_digest(value.partition(".")[0], epoch)

    def set_password(self, password: str) -> None:
        """Take a new password; all sessions under an old one end. InputError when it is too weak."""
        self._instance.set_password(hash_password(password))

    def sign_in(self, request: Request, response: Response) -> Response:
        """Give the response a new session."""
        value = self._signer.sign(f"{self._instance.password_epoch}.{secrets.token_hex(16)}").decode()
        response.set_cookie(
            COOKIE,
            value,
            max_age=SESSION_SECONDS,
            path=request.scope.get("root_path", "") or "/",
            secure=request.url.scheme == "https",
            httponly=True,
            samesite="lax",
        )
        return response


class AuthRoutes:
    """The routes /setup/{token}, /login and /logout."""

    def __init__(self, instance: Instance, owner: Owner, pages: Pages) -> None:
        self._instance = instance
        self._owner = owner
        self._pages = pages
        # A hash takes 64 MB while it is made: one at a time.
        self._hashing = asyncio.Semaphore(1)
        self.routes = [
            Route("/setup/{token}", self.setup, methods=["GET", "POST"]),
            Route("/login", self.login, methods=["GET", "POST"]),
            Route("/logout", self.logout, methods=["POST"]),
        ]

    async def setup(self, request: Request) -> Response:
        """The one-time page on which the owner sets the first password."""
        if not self._is_setup_address(request):
            return self._refuse_setup(request)
        if request.method != "POST":
            return self._pages.render(request, "setup.html")
        if not is_same_origin(request):
            return refuse_foreign()
        password = (await read_form(request)).get("password", "")
        try:
            async with self._hashing:
                # Once more: whoever came while this one was read or waited has used it up.
                if not self._is_setup_address(request):
                    return self._refuse_setup(request)
                await run_in_threadpool(self._owner.set_password, password)
                return self._owner.sign_in(request, redirect(request, "/"))
        except InputError as error:
            return self._pages.render(request, "setup.html", status=400, problem=str(error))

    def _is_setup_address(self, request: Request) -> bool:
        token = self._owner.setup_token
        return bool(token) and hmac.compare_digest(request.path_params["token"].encode(), token.encode())

    def _refuse_setup(self, request: Request) -> Response:
        return self._pages.message(
            request,
            404,
            _("This set-up address is not valid"),
            _("The server prints a new one at each start until a password is set."),
        )

    async def login(self, request: Request) -> Response:
        """The page to sign in."""
        owner, address = self._owner, request.client.host if request.client else ""
        if not owner.password:
            return self._pages.message(
                request,
                200,
                _("Set a password first"),
                _("Open the set-up address that the server printed when it started."),
            )
        if request.method != "POST":
            return self._pages.render(request, "login.html")
        if not is_same_origin(request):
            return refuse_foreign()
        password = (await read_form(request)).get("password", "")
        wait = owner.attempts.wait(address, self._instance.clock())
        if wait > 0:
            problem = _("Too many wrong passwords. Try again in %(n)s seconds.") % {"n": int(wait) + 1}
            answer = self._pages.render(request, "login.html", status=429, problem=problem)
            answer.headers["retry-after"] = str(int(wait) + 1)
            return answer
        # Counted before it is checked, so that many tries at once do not all pass.
        owner.attempts.fail(address, self._instance.clock())
        async with self._hashing:
            right = await run_in_threadpool(is_right, password, owner.password)
        if not right:
            return self._pages.render(
                request, "login.html", status=401, problem=_("That is not the password.")
            )
        owner.attempts.succeed(address)
        return owner.sign_in(request, redirect(request, read_next(request.query_params.get("next", ""))))

    async def logout(self, request: Request) -> Response:
        """End the owner's sessions, here and in every browser: a copied cookie is worth nothing."""
        if not is_same_origin(request):
            return refuse_foreign()
        if self._owner.is_signed_in(request):
            await run_in_threadpool(self._instance.end_sessions)
        response = redirect(request, "/login")
        response.delete_cookie(COOKIE, path=request.scope.get("root_path", "") or "/")
        return response


def to_sign_in(request: Request) -> Response:
    """See the page to sign in, which leads back to what was asked for; a form is not sent again."""
    path = request.scope["path"].removeprefix(request.scope.get("root_path", ""))
    query = request.url.query
    there = read_next(f"{quote(path)}?{query}" if query else quote(path))
    is_worth_it = request.method != "POST" and there != "/"
    return redirect(request, f"/login?{urlencode({'next': there}, safe='/')}" if is_worth_it else "/login")


def read_next(text: str) -> str:
    """A page of ours, below the base path and with its query; the first page in place of anything else."""
    names = unquote(text.partition("?")[0]).split("/")
    is_plain = text.isascii() and text.isprintable() and len(text) <= MOST_NEXT
    is_path = text.startswith("/") and not {"", ".", ".."} & set(names[1:])
    return text if is_plain and is_path and "\\" not in unquote(text) else "/"


def redirect(request: Request, path: str) -> Response:
    """See another page of ours, under whatever base path we are shown."""
    return RedirectResponse(request.scope.get("root_path", "") + path, status_code=303)


def refuse_foreign() -> Response:
    """The answer to a form that was not sent from a page of ours."""
    return PlainTextResponse(_("This form must be sent from Pagetally’s own page.") + "\n", status_code=403)


async def read_form(request: Request, most: int = FORM_BYTES) -> dict[str, str]:
    """The fields of a small urlencoded form; what is something else is empty. TooLarge, Disconnected."""
    body = await read_body(request.scope["headers"], request.receive, most)
    try:
        fields = parse_qs(body.decode("utf-8", "replace"), keep_blank_values=True, max_num_fields=20)
    except ValueError:
        return {}
    return {name: values[0] for name, values in fields.items()}
