"""Every view of a summary has an address, and every address is one view or an error that says why."""

from __future__ import annotations

from urllib.parse import parse_qsl

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analytics.days import FIRST_DAY, LAST_DAY
from analytics.dimensions import ALL
from analytics.errors import InputError
from analytics.figures import BY_NAME as FIGURES
from analytics.filters import OPERATORS, Every, Some, condition
from analytics.model import Range
from analytics.periods import BY_NAME, custom_period
from analytics.selection import TABS, Selection, read_selection
from analytics.summary import INTERVALS

CONDITIONS = st.builds(
    condition,
    st.sampled_from([*(one.name for one in ALL if one.name != "property"), "prop.plan", "prop.a%3Ab"]),
    st.sampled_from(["is", "is_not", "contains", "contains_not"]),
    st.lists(
        st.text(st.characters(codec="utf-8"), max_size=20).filter(lambda text: not text.endswith("\\")),
        min_size=1,
        max_size=3,
    ),
)
PERIODS = st.one_of(
    st.sampled_from(list(BY_NAME.values())),
    st.builds(
        lambda first, days: custom_period(first, first + days),
        st.integers(FIRST_DAY, LAST_DAY - 900),
        st.integers(0, 900),
    ),
)


@given(
    st.builds(
        Selection,
        period=PERIODS,
        compare=st.sampled_from(["previous", "year", "none", "2026-01-01"]),
        interval=st.sampled_from(["", *INTERVALS]),
        metric=st.sampled_from(["", *FIGURES]),
        conditions=st.lists(CONDITIONS, max_size=4, unique=True).map(tuple),
        is_any=st.booleans(),
        segment=st.integers(0, 99),
        tabs=st.sampled_from([(), (("pages", "exit"),), (("pages", "entry"), ("places", "city"))]),
    )
)
def test_an_address_says_the_whole_selection(one: Selection) -> None:
    assert read_selection(parse_qsl(one.query(), keep_blank_values=True)) == one


def test_what_is_usual_is_not_in_the_address() -> None:
    assert Selection().query() == ""
    assert Selection().with_tab("pages", "page") == Selection()
    assert Selection().with_tab("pages", "exit").with_tab("pages", "page") == Selection()


def test_conditions_are_added_once_and_taken_away() -> None:
    one, two = condition("country", "is", ["DE"]), condition("page", "contains", ["/a"])
    both = Selection().with_condition(one).with_condition(two).with_condition(one)
    assert both.tree == Every((one, two))
    assert both.without(one).conditions == (two,)
    assert read_selection([("f", "country:is:DE"), ("f", "page:contains:/a"), ("any", "1")]).tree == Some(
        (one, two)
    )


def test_days_that_somebody_chose() -> None:
    found = read_selection([("from", "2026-02-01"), ("to", "2026-02-28")])
    assert found.period.span == Range(20_485, 20_512)
    assert found.query() == "from=2026-02-01&to=2026-02-28"


def test_a_card_shows_a_list_of_its_own() -> None:
    assert Selection().shown == tuple(tabs[0] for tabs in TABS.values())
    assert read_selection([("tab", "places:city")]).tab("places") == "city"


@pytest.mark.parametrize(
    ("query", "what"),
    [
        ("period=1y", "period: '1y' is not a period"),
        ("period=custom", "from: is required"),
        ("from=yesterday&to=2026-01-01", "from: 'yesterday' is not a day"),
        ("from=2026-01-02&to=2026-01-01", "to: is before the first day"),
        ("by=second", "by: 'second' is not an interval"),
        ("f=country", "filter: 'country' has no dimension"),
        ("f=planet:is:Mars", "filters: 'planet' is not a dimension"),
        ("f=page:like:x", "filters: 'like' is not an operator"),
        ("&".join(["f=page:is:/"] * 21), "f: was given 21 times"),
        ("segment=-1", "segment: is not a number"),
        ("segment=٣", "segment: is not a number"),
        ("tab=pages:city", "tab: 'pages:city' is not a list"),
    ],
)
def test_a_wrong_address_is_told(query: str, what: str) -> None:
    with pytest.raises(InputError) as caught:
        read_selection(parse_qsl(query))
    assert str(caught.value).startswith(what)


def test_operators_are_those_of_the_issue() -> None:
    assert {one.removesuffix("_not") for one in OPERATORS} == {"is", "contains", "matches"}
