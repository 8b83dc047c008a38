"""What programs show that they may ask: tokens, of which only a digest is kept."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Mapping

from .model import ApiToken

PREFIX = "pt_"
"""So that people, and programs that look for lost secrets, know one when they see it."""
TOKEN_BYTES = 24


def make_token() -> str:
    """A new token."""
    return PREFIX + secrets.token_urlsafe(TOKEN_BYTES)


def digest(token: str) -> str:
    """What is kept of a token. It is random enough to need no slow hash."""
    return hashlib.sha256(token.encode()).hexdigest()


def find_token(known: Mapping[str, ApiToken], authorization: str, scope: str) -> ApiToken | None:
    """The token that an `Authorization: Bearer` header carries, if it is known and for that scope.

    Who may do more may read as well, but for who may only leave notes.
    """
    kind, _, text = authorization.partition(" ")
    token = known.get(digest(text.strip())) if kind.lower() == "bearer" else None
    fits = token and (token.scope == scope or (scope == "read" and token.scope != "annotate"))
    return token if fits else None


def may_read(token: ApiToken, site: int) -> bool:
    """Whether a token is for a site."""
    return token.site in (0, site)
