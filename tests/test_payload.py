"""Parsing of what clients send: any bytes give an event or a named field, never anything else."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analytics.errors import InputError
from analytics.payload import read_event

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3),
    max_leaves=8,
)
NAMES = st.sampled_from(
    "n name u url d domain r referrer t title id m meta p props h hashMode i interactive".split()
)


@given(st.binary(max_size=200))
def test_any_bytes(body: bytes) -> None:
    try:
        event = read_event(body)
    except InputError as error:
        assert error.field
    else:
        assert event.url


@given(st.dictionaries(NAMES, JSON, max_size=6))
def test_any_object(fields: dict[str, object]) -> None:
    try:
        event = read_event(json.dumps(fields).encode("utf-8", "surrogatepass"))
    except InputError as error:
        assert error.field
    else:
        assert event.url
        assert event.name


@pytest.mark.parametrize(
    ("value", "interactive"),
    [(None, True), (True, True), (1, True), (False, False), (0, False), ("false", False)],
)
def test_interactive(value: object, interactive: bool) -> None:
    body = json.dumps({"u": "https://example.com/", "n": "x", "i": value}).encode()
    assert read_event(body).interactive is interactive
