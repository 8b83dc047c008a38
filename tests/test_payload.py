"""Parsing of what clients send: any bytes give an event or a named field, never anything else."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analytics.errors import InputError
from analytics.payload import MAX_MILLISECONDS, read_event, read_width

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3),
    max_leaves=8,
)
NAMES = st.sampled_from(
    "n name u url d domain r referrer t title id m meta p props h hashMode i interactive e sd a".split()
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


@given(st.fixed_dictionaries({}, optional={"e": JSON, "sd": JSON, "a": JSON}))
def test_any_engagement(fields: dict[str, object]) -> None:
    body = json.dumps({"u": "https://example.com/", "n": "engagement", **fields})
    try:
        event = read_event(body.encode("utf-8", "surrogatepass"))
    except InputError as error:
        assert error.field in ("e", "sd", "a", "body")
    else:
        assert event.engaged is not None or event.scroll is not None
        assert all(0 <= told < MAX_MILLISECONDS for told in (event.engaged, event.age) if told is not None)
        assert event.scroll is None or 0 <= event.scroll <= 100


@pytest.mark.parametrize(
    ("value", "interactive"),
    [(None, True), (True, True), (1, True), (False, False), (0, False), ("false", False)],
)
def test_interactive(value: object, interactive: bool) -> None:
    body = json.dumps({"u": "https://example.com/", "n": "x", "i": value}).encode()
    assert read_event(body).interactive is interactive


@pytest.mark.parametrize(
    ("value", "width"),
    [
        (1920, 1920),
        (1920.5, 1920),
        ("1920x1080", 1920),
        ("1920,1080,2", 1920),
        ("390", 390),
        ("", None),
        ("wide", None),
        ("١٩٢٠", None),
        (-5, None),
        (10**400, None),
        (None, None),
    ],
)
def test_the_width_of_a_screen_is_believed_where_it_is_one(value: object, width: int | None) -> None:
    body = json.dumps({"u": "https://example.com/", "w": value}).encode()
    assert read_width(value) == width
    assert value == 10**400 or read_event(body).screen == width
