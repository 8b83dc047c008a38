"""Addresses to places, by MMDB files: country, region, city, network. No address is kept.

Shapes of the records: MaxMind's and DB-IP's are nested, IPinfo's and ip-location-db's are flat.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping, Sequence
from importlib.resources import files
from pathlib import Path
from typing import Any

import maxminddb

from .model import UNKNOWN_PLACE, Place

log = logging.getLogger("pagetally")

MAX_WORD = 100
"""Characters of a name that are kept."""

DEFAULT = "country.mmdb"

CORNERS = 20_000
"""Corners of the net (all but the last byte of an IPv4 address) that are remembered at once."""
CORNER_BITS = 24


class Geo:
    """Open MMDB files; of each field the first file that knows it is believed."""

    def __init__(self, extra: Sequence[Path] = ()) -> None:
        """Open the files that the owner names, and the one for countries that comes along."""
        own = Path(str(files("analytics") / "data" / DEFAULT))
        self._known: dict[str, Place] = {}
        self._readers = [reader for file in (*extra, own) if (reader := _open(file)) is not None]

    def find(self, address: str) -> Place:
        """The place of a canonical address; empty fields where nothing is known, or it is no address."""
        corner = address.rpartition(".")[0]
        known = self._known.get(corner) if corner else None
        if known is not None:
            return known
        words: dict[str, str] = {}
        longest = 0
        for reader in self._readers:
            try:
                record, length = reader.get_with_prefix_len(address)
            except (ValueError, TypeError, maxminddb.InvalidDatabaseError, UnicodeDecodeError):
                continue
            longest = max(longest, length)
            if isinstance(record, Mapping):
                for name, word in read_record(record):
                    words.setdefault(name, word)
        place = Place(**words) if words else UNKNOWN_PLACE
        if corner and 0 < longest <= CORNER_BITS:
            if len(self._known) >= CORNERS:
                self._known.clear()
            self._known[corner] = place
        return place

    def close(self) -> None:
        """Let go of the files."""
        for reader in self._readers:
            reader.close()


def _open(file: Path) -> maxminddb.Reader | None:
    try:
        return maxminddb.open_database(file, maxminddb.MODE_AUTO)
    except (OSError, maxminddb.InvalidDatabaseError, ValueError) as error:
        why = error.strerror if isinstance(error, OSError) else error
        log.error("%s cannot be read, so that it says nothing of places: %s", file, why)
        return None


def read_record(record: Mapping[str, Any]) -> Iterable[tuple[str, str]]:
    """The fields of Place that a record has, in whichever shape."""
    country = (
        _text(record, "country", "iso_code") or _text(record, "country_code") or _text(record, "country")
    )
    if len(country) == 2:
        yield "country", country.upper()
        region = _region(record, country.upper())
        if region:
            yield "region", region
        city = _text(record, "city", "names", "en") or _text(record, "city")
        if city:
            yield "city", city
    number = _text(record, "autonomous_system_number") or _text(record, "asn")
    name = (
        _text(record, "autonomous_system_organization") or _text(record, "as_name") or _text(record, "as_org")
    )
    if number or name:
        number = number.upper().removeprefix("AS")
        yield "network", " ".join(part for part in (f"AS{number}" if number else "", name) if part)[:MAX_WORD]


def _region(record: Mapping[str, Any], country: str) -> str:
    parts = record.get("subdivisions")
    if isinstance(parts, Sequence) and parts and isinstance(parts[0], Mapping):
        code = _text(parts[0], "iso_code")
        return f"{country}-{code}" if code else _text(parts[0], "names", "en")
    return (_text(record, "region_code") and f"{country}-{_text(record, 'region_code')}") or _text(
        record, "region"
    )


def _text(record: Mapping[str, Any], *keys: str) -> str:
    """What stands at the end of a row of keys, as text; empty where there is none."""
    found: Any = record
    for key in keys:
        found = found.get(key) if isinstance(found, Mapping) else None
    if isinstance(found, str | int) and not isinstance(found, bool):
        return str(found)[:MAX_WORD]
    return ""
