"""The chart's geometry: grouping, ticks, labels, the line of the period before."""

from __future__ import annotations

from datetime import date

import pytest

from analytics.days import to_day
from analytics.figures import BY_NAME as FIGURES
from analytics.figures import nice_ticks, short_time, time_ticks
from analytics.model import Totals
from analytics.web.chart import (
    MAX_BARS,
    STEPS,
    choose_step,
    draw_chart,
    draw_spark,
    draw_times,
    group_days,
)

MONDAY = to_day(date(2026, 11, 23))
BY_NAME = {step.name: step for step in STEPS}


def days_until(last: int, count: int, views: int = 10) -> list[tuple[int, Totals]]:
    """`count` days that end with `last`, each with the same figures."""
    return [(day, Totals(views=views, visitors=views // 2)) for day in range(last - count + 1, last + 1)]


@pytest.mark.parametrize(
    ("days", "step", "bars"),
    [
        (1, "day", 1),
        (7, "day", 7),
        (90, "day", 90),
        (96, "day", 96),
        (97, "week", 15),
        (366, "week", 54),
        (800, "month", 27),
        (4_000, "quarter", 45),
        (30_000, "year", 83),
    ],
)
def test_many_days_are_drawn_in_groups(days: int, step: str, bars: int) -> None:
    chart = draw_chart(days_until(MONDAY, days), [])
    assert (chart.step, len(chart.bars)) == (step, bars)
    assert len(chart.bars) <= MAX_BARS
    assert sum(bar.views for bar in chart.bars) == 10 * days
    assert sum(bar.visitors for bar in chart.bars) == 5 * days
    assert (chart.bars[0].first, chart.bars[-1].last) == (MONDAY - days + 1, MONDAY)


@pytest.mark.parametrize("step", STEPS, ids=lambda step: step.name)
def test_groups_cover_every_day_once(step) -> None:
    series = days_until(MONDAY, 1_000)
    parts = group_days(series, step)
    assert [day for part in parts for day in series[part]] == series
    assert all(step.key(series[part][0][0]) == step.key(series[part][-1][0]) for part in parts)


@pytest.mark.parametrize(
    ("step", "first", "last"),
    [
        ("week", date(2026, 11, 16), date(2026, 11, 22)),
        ("week", date(1970, 1, 5), date(1970, 1, 11)),
        ("month", date(2024, 2, 1), date(2024, 2, 29)),
        ("quarter", date(2026, 10, 1), date(2026, 12, 31)),
        ("year", date(2026, 1, 1), date(2026, 12, 31)),
    ],
)
def test_groups_begin_and_end_as_the_calendar_has_it(step: str, first: date, last: date) -> None:
    key = BY_NAME[step].key
    assert key(to_day(first)) == key(to_day(last))
    assert key(to_day(first) - 1) == key(to_day(first)) - 1
    assert key(to_day(last) + 1) == key(to_day(last)) + 1


def test_nothing_is_no_bars() -> None:
    chart = draw_chart([], [])
    assert (chart.bars, chart.dates, chart.line, chart.step) == ([], [], "", "day")
    assert choose_step([]).name == "day"
    assert chart.description == "There are no views in this period."


@pytest.mark.parametrize(
    ("top", "ticks"),
    [
        (1, [0, 1]),
        (3, [0, 1, 2, 3]),
        (5, [0, 1, 2, 3, 4, 5]),
        (6, [0, 2, 4, 6]),
        (11, [0, 5, 10, 15]),
        (60, [0, 20, 40, 60]),
        (125, [0, 25, 50, 75, 100, 125]),
        (1_234, [0, 250, 500, 750, 1_000, 1_250]),
        (965_774, [0, 200_000, 400_000, 600_000, 800_000, 1_000_000]),
    ],
)
def test_ticks_are_round(top: int, ticks: list[int]) -> None:
    assert nice_ticks(top) == ticks


def test_ticks_always_hold_the_top() -> None:
    for top in [*range(1, 3_000), 10**9, 10**12 + 1]:
        ticks = nice_ticks(top)
        size = ticks[1]
        assert ticks[-1] >= top > ticks[-2]
        assert 2 <= len(ticks) <= 6
        assert ticks == [size * place for place in range(len(ticks))]


def test_bars_stand_in_their_columns() -> None:
    for count in (1, 2, 7, 30, 96):
        bars = draw_chart(days_until(MONDAY, count), []).bars
        for bar in bars:
            assert bar.column_x - 0.01 <= bar.x
            assert bar.x + bar.width <= bar.column_x + bar.column_width + 0.01
            assert bar.visitors_height <= bar.height <= 100
        assert bars[-1].column_x + bars[-1].column_width == pytest.approx(100, abs=0.1)


def test_the_narrowest_bar_has_two_pixels_on_a_phone() -> None:
    narrowest = min(bar.width for bar in draw_chart(days_until(MONDAY, MAX_BARS), []).bars)
    assert narrowest / 100 * 280 >= 2


def test_the_period_before_is_aligned_by_index() -> None:
    before = [(MONDAY - 3 + place, Totals(views=views)) for place, views in enumerate((5, 10, 20))]
    chart = draw_chart(days_until(MONDAY, 3, views=10), before)
    assert [bar.before for bar in chart.bars] == [5, 10, 20]
    assert chart.top == 20
    assert chart.line == "16.666,75.000 49.999,50.000 83.334,0.000"


def test_the_period_before_is_grouped_as_the_period_is() -> None:
    series, before = days_until(MONDAY, 366, views=10), days_until(MONDAY - 366, 366, views=7)
    chart = draw_chart(series, before)
    assert [bar.before for bar in chart.bars] == [bar.views // 10 * 7 for bar in chart.bars]
    # Cut-off weeks at either end have no point: the line would seem to fall there.
    assert len(chart.line.split()) == sum(not bar.is_partial for bar in chart.bars) == 52


@pytest.mark.parametrize("before", [[], days_until(MONDAY - 7, 7, views=0)], ids=["none", "no views"])
def test_no_line_without_before(before) -> None:
    chart = draw_chart(days_until(MONDAY, 7), before)
    assert chart.line == ""
    assert {bar.before for bar in chart.bars} == {None}
    assert "before" not in chart.bars[0].tip


def test_incomplete_bars_say_so() -> None:
    days = draw_chart(days_until(MONDAY, 7), []).bars
    assert [bar.is_partial for bar in days] == [False] * 6 + [True]
    weeks = draw_chart(days_until(MONDAY, 366), []).bars
    assert [weeks[0].is_partial, weeks[1].is_partial, weeks[-1].is_partial] == [True, False, True]
    from_monday = draw_chart(days_until(MONDAY, 52 * 7 + 1), []).bars
    assert not from_monday[0].is_partial
    assert days[-1].tip == "Mon 23 Nov 2026 (not complete)\n10 views, 5 visitors"
    # Of what is over only weeks that were cut off.
    assert not any(bar.is_partial for bar in draw_chart(days_until(MONDAY, 7), [], is_now=False).bars)
    for last, is_cut in (MONDAY, True), (MONDAY - 1, False):
        past = draw_chart(days_until(last, 366), [], "week", is_now=False).bars
        assert past[-1].is_partial is is_cut


def test_tip_names_day_figures_and_the_period_before() -> None:
    chart = draw_chart(days_until(MONDAY, 2, views=1), days_until(MONDAY - 2, 2, views=1_234))
    assert chart.bars[0].tip == "Sun 22 Nov 2026\n1 view, 0 visitors\nPeriod before: 1,234 views"
    assert chart.description == "2 bars, by day. Most views: Sun 22 Nov 2026, 1."


@pytest.mark.parametrize(
    ("days", "texts", "anchors"),
    [
        (1, ["23 Nov"], ["middle"]),
        (3, ["21 Nov", "22 Nov", "23 Nov"], ["middle"] * 3),
        (30, ["25 Oct", "1 Nov", "8 Nov", "16 Nov", "23 Nov"], ["start", *["middle"] * 3, "end"]),
        (
            366,
            ["Nov 2025", "Feb 2026", "May 2026", "Aug 2026", "Nov 2026"],
            ["start", *["middle"] * 3, "end"],
        ),
        (
            4_000,
            ["Q4 2015", "Q3 2018", "Q2 2021", "Q1 2024", "Q4 2026"],
            ["start", *["middle"] * 3, "end"],
        ),
    ],
)
def test_dates_below(days: int, texts: list[str], anchors: list[str]) -> None:
    marks = draw_chart(days_until(MONDAY, days), []).dates
    assert [mark.text for mark in marks] == texts
    assert [mark.anchor for mark in marks] == anchors
    assert sum(mark.is_major for mark in marks) <= 4
    assert marks[0].is_major
    assert marks[-1].is_major
    assert [mark.at for mark in marks] == sorted(mark.at for mark in marks)


VISITS = Totals(views=24, visits=10, visitors=9, bounces=4, duration=1_230)


@pytest.mark.parametrize(
    ("name", "value", "axis"),
    [
        ("views", "24", ["0", "5", "10", "15", "20", "25"]),
        ("visitors", "9", ["0", "2", "4", "6", "8", "10"]),
        ("visits", "10", ["0", "2", "4", "6", "8", "10"]),
        ("per_visit", "2.4", ["0.0", "0.5", "1.0", "1.5", "2.0", "2.5"]),
        ("bounce_rate", "40%", ["0%", "10%", "20%", "30%", "40%"]),
        ("visit_duration", "2m 03s", ["0s", "30s", "1m", "1m 30s", "2m", "2m 30s"]),
    ],
)
def test_a_figure_has_its_own_axis(name: str, value: str, axis: list[str]) -> None:
    half = Totals(views=12, visits=10, visitors=5, bounces=2, duration=615)
    days = [(MONDAY - 2, VISITS), (MONDAY - 1, Totals()), (MONDAY, half)]
    chart = draw_chart(days, [], figure=FIGURES[name])
    assert [mark.text for mark in chart.values] == axis
    assert chart.bars[0].tip == f"Sat 21 Nov 2026\n{FIGURES[name].label}: {value}"
    assert chart.description == f"3 bars, by day. The highest: Sat 21 Nov 2026, {value}."
    # A day without visits has no mean, which is not to say 0.
    means = name in ("per_visit", "bounce_rate", "visit_duration")
    assert chart.bars[1].tip.endswith(": –" if means else ": 0")
    assert 80 < chart.bars[0].height <= 100
    assert chart.bars[1].height == 0
    nothing = draw_chart([(MONDAY - 1, Totals()), (MONDAY, Totals())], [], figure=FIGURES[name])
    assert nothing.description == f"There are no {'views' if name == 'views' else 'visits'} in this period."


def test_means_of_groups_are_those_of_all_their_visits() -> None:
    days = [(MONDAY, Totals(views=1, visits=1, bounces=1)), (MONDAY + 1, Totals(views=9, visits=3))]
    (week,) = draw_chart(days, days, "week", FIGURES["bounce_rate"]).bars
    assert (week.value, week.before) == (0.25, 0.25)
    assert draw_chart(days, days, "week", FIGURES["per_visit"]).bars[0].value == 2.5


def test_the_line_leaves_out_what_is_not_known() -> None:
    before = [(MONDAY - 3, VISITS), (MONDAY - 2, Totals()), (MONDAY - 1, VISITS)]
    days = [(MONDAY + place, VISITS) for place in range(3)]
    rates = draw_chart(days, before, figure=FIGURES["bounce_rate"])
    assert rates.line == "16.666,0.000 83.334,0.000"
    assert "Period before: –" not in rates.bars[1].tip
    assert rates.bars[0].tip.endswith("Period before: 40%")
    assert len(draw_chart(days, before, figure=FIGURES["visits"]).line.split()) == 3


def test_a_minute_with_nothing_before_says_so_where_other_minutes_had_views() -> None:
    times = ["2026-11-23 08:00", "2026-11-23 08:01"]
    before = [("2026-11-22 03:00", Totals(views=1, visits=1, visitors=1))]
    for figure, told in (None, "Period before: 0 views"), (FIGURES["visits"], "Period before: 0"):
        bars = draw_times([], times, "minute", before, 1, figure=figure).bars
        assert {bar.tip.partition("\n")[2].partition("\n")[2] for bar in bars} == {told}


@pytest.mark.parametrize("top", [1, 4, 59, 61, 299, 3_599, 3_601, 40_000, 86_400])
def test_ticks_of_times_are_round(top: int) -> None:
    ticks = time_ticks(top)
    assert ticks[-1] >= top > ticks[-2]
    assert 2 <= len(ticks) <= 6
    assert all(len(short_time(tick)) <= 6 for tick in ticks)


def test_values_beside() -> None:
    chart = draw_chart(days_until(MONDAY, 2, views=30_000), [])
    assert [(mark.at, mark.text) for mark in chart.values] == [
        (100, "0"),
        (66.667, "10k"),
        (33.333, "20k"),
        (0, "30k"),
    ]


@pytest.mark.parametrize(
    ("values", "points"),
    [
        ([], ""),
        ([5], ""),
        ([0, 0, 0], ""),
        ([0, 10], "0,100 100,0"),
        ([5, 0, 10], "0,50 50,100 100,0"),
        ([1, 3, 2, 0], "0,66.7 33.3,0 66.7,33.3 100,100"),
    ],
)
def test_a_small_course_is_drawn_from_zero(values: list[int], points: str) -> None:
    assert draw_spark(values) == points


@pytest.mark.parametrize(
    ("times", "step", "shown"),
    [
        ([f"2026-11-23 {hour:02}:00" for hour in range(12)], "hour", "00:00 02:00 04:00 06:00 08:00 10:00"),
        ([f"2026-11-23 {hour:02}:00" for hour in range(3)], "hour", "00:00 01:00 02:00"),
        (
            [f"2026-11-23 {hour:02}:00" for hour in range(24)],
            "hour",
            "00:00 03:00 06:00 09:00 12:00 15:00 18:00 21:00",
        ),
        ([f"2026-11-23 11:{minute:02}" for minute in range(1, 60)], "minute", "11:15 11:30 11:45"),
        (
            [f"2026-11-{day} {hour:02}:00" for day in (21, 22, 23) for hour in range(24)],
            "hour",
            "21 Nov 22 Nov 23 Nov",
        ),
    ],
)
def test_times_are_told_at_round_places(times: list[str], step: str, shown: str) -> None:
    marks = draw_times([], times, step).dates
    assert " ".join(mark.text for mark in marks).startswith(shown)
    places = [mark.at for mark in marks]
    assert places == sorted(places)
    assert len(marks) <= 8
