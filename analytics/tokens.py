"""Tokens that a site's own build or template puts into its pages: a view of a page that has none is made up.

token = HMAC-SHA256(the site's secret, message) in hex. The message is `page /posts/a` for one page, or
`under /posts` for a path and all that lies under it. The words before it keep a page whose address ends
with `/*` from being taken for all pages. The site's domain is not in it: each site has a secret of its own,
and pages that are built keep their tokens when the domain changes.
"""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Iterator

from itsdangerous import HMACAlgorithm

from .model import Site
from .urls import canonical_path

SECRET_BYTES = 32
TOKEN_LENGTH = 64

BELOW = "/*"
"""What is written behind a path that stands for all that lies under it, too."""

MAX_DEPTH = 16
"""Folders above a page, the topmost first, that are looked at: each costs a hash."""

_hmac = HMACAlgorithm(hashlib.sha256)


def make_secret() -> str:
    """A new secret, as text; that text is the key, so that any template can use it."""
    return secrets.token_hex(SECRET_BYTES)


def make_token(site: Site, path: str, *, below: bool = False) -> str:
    """The token of a page of the site, by its key; with `below` also of all that lies under it."""
    message = f"{'under' if below else 'page'} {path}"
    return _hmac.get_signature(site.token_secret.encode(), _encode(message)).hex()


def is_signed(token: str, site: Site, key: str, path: str, at: float) -> bool:
    """Whether a token is good at that time for the page with that key.

    `path` is the page's path as its address has it.
    """
    if len(token) != TOKEN_LENGTH:
        return False
    try:
        signature = bytes.fromhex(token)
    except ValueError:
        return False
    messages = [_encode(message) for message in _messages(key, path)]
    return any(
        _hmac.verify_signature(secret.encode(), message, signature)
        for secret in secrets_at(site, at)
        for message in messages
    )


def secrets_at(site: Site, at: float) -> list[str]:
    """The site's secrets whose tokens are good at that time, the newest first; none before one was made."""
    known = [site.token_secret, site.former_secret if at < site.former_until else ""]
    return [secret for secret in known if secret]


def _messages(key: str, path: str) -> Iterator[str]:
    """What may be signed for a page, the likeliest first."""
    yield f"page {key}"
    if path != key and canonical_path(path) == key:
        yield f"page {path}"
    yield "under /"
    above = ""
    for folder in key.partition("?")[0].split("/")[1 : MAX_DEPTH + 1]:
        above += f"/{folder}"
        if folder:
            yield f"under {above}"


def _encode(message: str) -> bytes:
    return message.encode("utf-8", "surrogatepass")
