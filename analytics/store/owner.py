"""What an owner keeps besides the figures: keys of programs."""

from __future__ import annotations

from ..model import ApiToken
from .connect import Connection


def list_tokens(connection: Connection) -> list[ApiToken]:
    """Every token, oldest first."""
    rows = connection.execute("SELECT id, site, scope, digest, note, created FROM api_token ORDER BY id")
    return [ApiToken(*row) for row in rows]


def add_token(connection: Connection, token: ApiToken) -> int:
    """Keep a token (whose id is 0); its id."""
    row = connection.execute(
        "INSERT INTO api_token (site, scope, digest, note, created) VALUES (?, ?, ?, ?, ?) RETURNING id",
        (token.site, token.scope, token.digest, token.note, token.created),
    ).fetchone()
    return int(row[0])


def remove_token(connection: Connection, number: int) -> bool:
    """Whether there was a token of that number; now there is none."""
    return connection.execute("DELETE FROM api_token WHERE id = ?", (number,)).rowcount > 0
