"""Places of addresses: the file that comes along, and the shapes of others."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Any

import pytest

from analytics.geo import Geo, read_record
from analytics.model import Place

NESTED = {
    "country": {"iso_code": "DE", "names": {"en": "Germany"}},
    "subdivisions": [{"iso_code": "BE", "names": {"en": "Berlin"}}],
    "city": {"names": {"en": "Berlin", "de": "Berlin"}},
}


@pytest.mark.parametrize(
    ("record", "expected"),
    [
        (NESTED, Place("DE", "DE-BE", "Berlin")),
        (NESTED | {"subdivisions": [{"names": {"en": "Somewhere"}}]}, Place("DE", "Somewhere", "Berlin")),
        ({"country": {"iso_code": "fr"}}, Place("FR")),
        ({"country_code": "US"}, Place("US")),
        (
            {"country": "US", "region": "California", "city": "Los Angeles"},
            Place("US", "California", "Los Angeles"),
        ),
        ({"country": "US", "region_code": "CA", "city": "Oakland"}, Place("US", "US-CA", "Oakland")),
        ({"asn": "AS15169", "as_name": "Google LLC"}, Place(network="AS15169 Google LLC")),
        (
            {"autonomous_system_number": 3320, "autonomous_system_organization": "Telekom"},
            Place(network="AS3320 Telekom"),
        ),
        ({"country": 7, "city": [], "subdivisions": "x", "asn": True}, Place()),
        ({}, Place()),
    ],
)
def test_records_in_the_shapes_of_their_makers(record: dict[str, Any], expected: Place) -> None:
    assert Place(**dict(read_record(record))) == expected


@pytest.mark.parametrize(
    ("address", "country"),
    [
        ("8.8.8.8", "US"),
        ("2001:4860:4860::8888", "US"),
        ("193.0.6.139", "NL"),
        ("127.0.0.1", ""),
        ("::1", ""),
        ("10.1.2.3", ""),
        ("", ""),
        ("nonsense", ""),
        ("1.2.3.4.5", ""),
        ("\x00", ""),
    ],
)
def test_countries_are_known_out_of_the_box(address: str, country: str) -> None:
    geo = Geo()
    assert geo.find(address) == geo.find(address) == Place(country)
    geo.close()


def test_a_broken_file_is_one_line_in_the_log_and_countries_are_still_known(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    broken = tmp_path / "broken.mmdb"
    broken.write_bytes(b"no database")
    with caplog.at_level(logging.ERROR):
        geo = Geo([broken, tmp_path / "missing.mmdb"])
    assert len(caplog.records) == 2
    assert caplog.messages[1].endswith(
        "missing.mmdb cannot be read, so that it says nothing of places: No such file or directory"
    )
    assert geo.find("8.8.8.8").country == "US"


class Fake:
    """A database of two networks, one of them a part of the other's neighbourhood."""

    def get_with_prefix_len(self, address: str) -> tuple[dict[str, Any], int]:
        return {"city": address, "country": "DE"}, 32 if address.startswith("9.") else 24


def test_only_whole_corners_of_the_net_are_remembered() -> None:
    geo = Geo()
    geo._readers = [Fake()]  # type: ignore[list-item]
    assert [geo.find(one).city for one in ("8.1.1.1", "8.1.1.2", "9.1.1.1", "9.1.1.2")] == [
        "8.1.1.1",
        "8.1.1.1",
        "9.1.1.1",
        "9.1.1.2",
    ]
