"""The secrets of the days: random, one a site and local day, gone within 48 hours.

A salt is made when the first view of a site's day comes, and stored in the same transaction as
that view. What is too old is decided from stored times whenever salts are looked at, so a missed
tick or a server that was down keeps nothing alive.
"""

from __future__ import annotations

import secrets
import threading
from collections.abc import Iterable

from .store.ingest import SALT_LIFETIME, Salt
from .visitors import SALT_BYTES


class Salts:
    """The salts in use, and those that are not stored yet. Safe to use from several threads."""

    def __init__(self, stored: Iterable[Salt] = (), *, keep: bool = True) -> None:
        self._lock = threading.Lock()
        self._keep = keep
        self._salts = {(salt.site, salt.day): salt for salt in stored}
        self._unsaved: list[Salt] = []

    def of(self, site: int, day: int, at: float) -> bytes:
        """The salt of a site's local day, made at `at` (seconds since 1970) when there is none."""
        salt = self._salts.get((site, day))
        if salt is None:
            with self._lock:
                salt = self._salts.get((site, day))
                if salt is None:
                    salt = Salt(site, day, secrets.token_bytes(SALT_BYTES), int(at))
                    self._salts[site, day] = salt
                    if self._keep:
                        self._unsaved.append(salt)
        return salt.value

    def take_unsaved(self) -> list[Salt]:
        """Salts to store with the next batch of hits; `give_back` them when it fails."""
        if not self._unsaved:
            return []
        with self._lock:
            taken, self._unsaved = self._unsaved, []
        return taken

    def give_back(self, salts: list[Salt]) -> None:
        """These could not be stored."""
        with self._lock:
            self._unsaved = salts + self._unsaved

    def forget(self, site: int) -> None:
        """The site was removed."""
        with self._lock:
            self._salts = {key: salt for key, salt in self._salts.items() if key[0] != site}
            self._unsaved = [salt for salt in self._unsaved if salt.site != site]

    def forget_expired(self, now: float) -> None:
        """Forget the salts whose time is over."""
        with self._lock:
            self._salts = {
                key: salt for key, salt in self._salts.items() if salt.created > now - SALT_LIFETIME
            }
