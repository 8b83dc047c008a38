"""The owner's numbers: whatever is adjusted, moved, undone or killed in between, they agree."""

from __future__ import annotations

import contextlib
import json
import re
import shutil
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from html import unescape
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from analytics import ledger
from analytics.commands import AddToken, Command, perform
from analytics.errors import InputError, PagetallyError, Refused
from analytics.instance import Instance
from analytics.model import SITE, Actor, Amount, Count, Detail, Hit, Kind, Site
from analytics.store.sqlite import SqliteReader, SqliteStore
from analytics.web.app import create_app

from .conftest import NOON, Clock, pagetally
from .load import ask
from .stores import folder_in_memory
from .test_recount import DAYS, FIRST, HITS, fold_all

EXAMPLES = 60

pytestmark = pytest.mark.usefixtures("remembered_tails")
PATHS = [f"/{number}" for number in range(4)]


# Random histories beside an oracle


@dataclass
class Seen:
    """A hit as the oracle keeps it: where it counts now, and by which moves it came there."""

    hit: Hit
    path: str
    moves: dict[int, str] = field(default_factory=dict)


class Machine:
    """A store of one site, and what it should say."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.store = SqliteStore(folder)
        self.seen: list[Seen] = []
        self.shifts: dict[int, dict[str, Count]] = {}
        self.moves: dict[int, tuple[str, str]] = {}

    def resolve(self, path: str) -> str:
        site = next(site for site in self.store.read_sites() if site.id == 1)
        return site.page_key(path)

    def do_write(self, hits: list[Hit]) -> None:
        hits = [replace(hit, path=self.resolve(hit.path), site=1) for hit in hits]
        self.store.write(hits)
        self.seen += [Seen(hit, hit.path) for hit in hits]

    def do_fold(self, limit: int) -> None:
        for site, day in self.store.pending_days()[:1]:
            self.store.fold(site, day, limit)

    def do_fold_all(self, _: None) -> None:
        fold_all(self.store)

    def do_roll_up(self, days: int) -> None:
        while self.store.rollup(lambda _: FIRST + days):
            pass

    def do_adjust(self, value: tuple[str, list[Amount]]) -> None:
        strategy, amounts = value
        by_path = {self.resolve(amount.path): amount for amount in amounts}
        amounts = [replace(amount, path=path) for path, amount in by_path.items()]
        before = self.shown()
        number = self.store.begin_adjustment(1, 0, "import", Detail(strategy=strategy))
        for amount in amounts:
            self.store.stage_counts(number, [amount])
        assert self.shown() == before
        self.store.finish_counts(number)
        for amount in amounts:
            if strategy == "replace":
                assert self.shown()[amount.path][0] == amount.views
        run = self.store._connection.execute
        rows = run(
            "SELECT path.path, views, visitors FROM adjusted JOIN path ON path.id = adjusted.path"
            " WHERE adjustment = ?",
            (number,),
        )
        shift = {path: Count(views, visitors) for path, views, visitors in rows}
        total = [sum(c.views for c in shift.values()), sum(c.visitors for c in shift.values())]
        self.shifts[number] = shift | {SITE: Count(*total)}

    def do_move(self, value: tuple[str, str, int]) -> None:
        source, target, steps = value
        target = self.resolve(target)
        if source == target or self.resolve(source) != source:
            return
        try:
            number = self.store.begin_adjustment(1, 0, "merge", Detail(path=source, target=target))
        except (InputError, Refused):
            return
        self.moves[number] = (source, target)
        self._advance(steps)

    def _advance(self, steps: int) -> None:
        for number in self.store.unfinished_adjustments():
            for _ in range(steps):
                if not self.store.advance_adjustment(number).more:
                    break

    def do_advance(self, steps: int) -> None:
        self._advance(steps)

    def do_undo(self, which: int) -> None:
        standing = [*self.shifts, *self.moves]
        if standing:
            number = standing[which % len(standing)]
            with contextlib.suppress(Refused, InputError):
                self.store.undo_adjustment(number)
                self.shifts.pop(number, None)
                self.moves.pop(number, None)

    def do_rebuild(self, _: None) -> None:
        self.store.rebuild_totals()

    def do_kill(self, _: None) -> None:
        copy = self.folder.with_name(self.folder.name + "-killed")
        shutil.copytree(self.folder, copy)
        self.store._connection.close()
        self.folder = copy
        self.store = SqliteStore(copy)
        self.store.drop_staged()

    def shown(self) -> dict[str, tuple[int, int]]:
        with contextlib.closing(SqliteReader(self.folder, self.store.tails)) as reader, reader.snapshot():
            counts = reader.page_counts(1, PATHS)
            site = reader.site_count(1)
        rows = {path: (counts[path].views, counts[path].visitors) for path in PATHS if path in counts}
        empty = {path: (0, 0) for path in PATHS if path not in counts}
        return rows | empty | {SITE: (site.views, site.visitors)}

    def settle(self) -> None:
        """End what is under way, as the schedule does."""
        self._advance(1_000)
        assert self.store.unfinished_adjustments() == []

    def expected(self) -> dict[str, tuple[int, int]]:
        """The views of the hits where they were sent, led through the moves that stand, and the shifts."""
        views: dict[str, int] = defaultdict(int)
        visitors: dict[str, set[tuple[int, int]]] = defaultdict(set)
        for seen in self.seen:
            if seen.hit.kind != Kind.VIEW:
                continue
            for key in (self.place_of(seen), SITE):
                views[key] += 1
                visitors[key].add((seen.hit.day, seen.hit.visitor))
        raw = {key: [views[key], len(visitors[key])] for key in (*PATHS, SITE)}
        self._shift(raw)
        return {key: (max(v, 0), max(min(v, u), 0)) for key, (v, u) in raw.items()}

    def place_of(self, seen: Seen) -> str:
        """Follow the moves in order, from where the hit was stored at its time."""
        path = seen.path
        for number in sorted(seen.moves):
            path = seen.moves[number] if number in self.moves else path
        return path

    def _shift(self, raw: dict[str, list[int]]) -> None:
        offsets: dict[str, list[int]] = defaultdict(lambda: [0, 0])
        for number in sorted([*self.shifts, *self.moves]):
            if number in self.moves:
                source, target = self.moves[number]
                offsets[target] = [a + b for a, b in zip(offsets[target], offsets[source], strict=True)]
                offsets[source] = [0, 0]
            else:
                for path, count in self.shifts[number].items():
                    offsets[path] = [offsets[path][0] + count.views, offsets[path][1] + count.visitors]
        for key in raw:
            raw[key] = [raw[key][0] + offsets[key][0], raw[key][1] + offsets[key][1]]

    def differences(self) -> list[str]:
        with contextlib.closing(SqliteReader(self.folder)) as reader:
            return [text for text in reader.differences() if text]

    def note_moves(self) -> None:
        """Tell each hit which moves that stand found it on their path."""
        for seen in self.seen:
            for number in sorted(self.moves):
                source, target = self.moves[number]
                if number not in seen.moves and self.place_of(seen) == source:
                    seen.moves[number] = target


AMOUNTS = st.builds(
    lambda path, views, some: Amount(path, views, views * some // 4),
    st.sampled_from(PATHS),
    st.integers(0, 30),
    st.integers(0, 4),
)
STEPS = st.one_of(
    st.tuples(st.just("write"), st.lists(HITS, min_size=1, max_size=10)),
    st.tuples(st.just("write"), st.lists(HITS, min_size=1, max_size=4)),
    st.tuples(st.just("fold"), st.integers(1, 5)),
    st.tuples(st.just("fold all"), st.none()),
    st.tuples(st.just("roll up"), st.integers(0, DAYS + 40)),
    st.tuples(
        st.just("adjust"),
        st.tuples(
            st.sampled_from(["replace", "higher", "add", "fill"]), st.lists(AMOUNTS, min_size=1, max_size=3)
        ),
    ),
    st.tuples(
        st.just("move"),
        st.tuples(st.sampled_from(PATHS), st.sampled_from(PATHS), st.sampled_from([1, 2, 99])),
    ),
    st.tuples(st.just("advance"), st.integers(1, 3)),
    st.tuples(st.just("undo"), st.integers(0, 9)),
    st.tuples(st.just("rebuild"), st.none()),
    st.tuples(st.just("kill"), st.none()),
)


@contextlib.contextmanager
def new_machine() -> Iterator[Machine]:
    with folder_in_memory("1.example", "2.example") as folder:
        machine = Machine(folder)
        try:
            yield machine
        finally:
            machine.store._connection.close()


def at(day: int, page: str, visitor: int = 1) -> Hit:
    return Hit(1, FIRST + day, (FIRST + day) * 86_400, visitor, 0, "", page, "", "", None, None)


@settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.lists(STEPS, min_size=1, max_size=14))
# Moved, moved on, and both taken back, over a day that was summed up.
@example(
    [
        ("write", [at(0, "/0"), at(1, "/0"), at(0, "/1")]),
        ("fold all", None),
        ("roll up", 40),
        ("move", ("/0", "/1", 99)),
        ("move", ("/1", "/2", 99)),
        ("undo", 0),
        ("undo", 1),
        ("undo", 0),
    ]
)
# Killed in the middle of a move, and of its undoing.
@example(
    [
        ("write", [at(0, "/0"), at(1, "/0"), at(2, "/0")]),
        ("move", ("/0", "/1", 1)),
        ("kill", None),
        ("write", [at(0, "/0")]),
        ("undo", 0),
        ("kill", None),
    ]
)
def test_every_history_gives_the_numbers_of_its_hits(history: list[tuple[str, Any]]) -> None:
    with new_machine() as machine:
        for name, value in history:
            getattr(machine, "do_" + name.replace(" ", "_"))(value)
            machine.note_moves()
            assert machine.differences() == []
            unfolded_shown = machine.shown()
            fold_all(machine.store)
            assert machine.shown() == unfolded_shown
            machine.settle()
            assert machine.shown() == machine.expected()
            assert machine.differences() == []


def test_an_import_that_is_undone_after_a_rename_leaves_nothing_to_move_back(tmp_path: Path) -> None:
    """The numbers of its hits are given again, to hits that were never moved."""
    store = SqliteStore(tmp_path)
    store.save_site(Site(id=0, domain="1.example"), 0)
    row: dict[str, object] = {"site": 1, "kind": "log", "file": "f", "fingerprint": "", "started": 0}
    number = store.begin_import(row | {"state": "running", "stored": 0, "summary": "{}"})
    store.write_import(number, [at(0, "/0")])
    move = store.begin_adjustment(1, 0, "rename", Detail(path="/0", target="/1"))
    while store.advance_adjustment(move).more:
        pass
    while store.undo_import_day(number):
        pass
    store.write([at(0, "/1")])
    store.undo_adjustment(move)
    while store.advance_adjustment(move).more:
        pass
    with contextlib.closing(SqliteReader(tmp_path)) as reader:
        assert reader.page_counts(1, ["/0", "/1"]) == {"/1": Count(1, 1)}
    store.close()


# As an owner does it


class Desk:
    """Performs commands on an open instance."""

    def __init__(self, instance: Instance) -> None:
        self.instance = instance

    def perform(self, command: Command) -> Any:
        return perform(self.instance, command)


@pytest.fixture
def desk(instance: Instance) -> Desk:
    return Desk(instance)


def send(app: Any, path: str, visitor: int = 1) -> None:
    body = f'{{"u":"https://example.com{path}"}}'.encode()
    assert ask(app, "POST", "/api/event", body=body, client=f"192.0.2.{visitor}").status == 202


def count(app: Any, *paths: str) -> dict[str, int]:
    """Views as a widget shows them."""
    query = "&".join(f"path={path}" for path in paths)
    found = json.loads(ask(app, "GET", f"/api/counters?site=example.com&{query}").body)
    return {path: page["views"] for path, page in found["pages"].items()} | {"site": found["site"]["views"]}


def test_a_renamed_page_is_counted_and_read_as_the_new_one(instance: Instance, desk: Desk) -> None:
    app, site = create_app(instance), instance.registry.sites[0]
    for path in ("/old", "/old", "/other"):
        send(app, path)
    number = ledger.move(desk, site, "rename", Detail(path="/old", target="/new"))
    send(app, "/old/")
    send(app, "/new")
    assert count(app, "/old", "/new", "/other") == {"/old": 4, "/new": 4, "/other": 1, "site": 5}
    ledger.undo(desk, number)
    # What was sent since stays where it was counted.
    assert count(app, "/old", "/new") == {"/old": 2, "/new": 2, "site": 5}
    send(app, "/old")
    assert count(app, "/old", "/new") == {"/old": 3, "/new": 2, "site": 6}


@pytest.mark.parametrize(
    ("kind", "path", "target"),
    [
        ("rename", "/a", "/b"),  # /b has views of its own
        ("rename", "/none", "/c"),
        ("merge", "/a", "/a"),
        ("merge", "(other)", "/a"),
        ("merge", "/gone", "/a"),  # is /b already
        ("merge", "/b", "/gone"),  # leads to itself
    ],
)
def test_a_move_that_makes_no_sense_changes_nothing(
    instance: Instance, desk: Desk, kind: str, path: str, target: str
) -> None:
    app = create_app(instance)
    for sent in ("/a", "/b", "/gone"):
        send(app, sent)
    ledger.move(desk, instance.registry.sites[0], "merge", Detail(path="/gone", target="/b"))
    before = count(app, "/a", "/b", "/gone")
    with pytest.raises(PagetallyError):
        ledger.move(desk, instance.registry.sites[0], kind, Detail(path=path, target=target))
    assert count(app, "/a", "/b", "/gone") == before
    with instance.borrow_reader() as reader:
        assert [one.state for one in reader.adjustments()] == ["done"]


def test_what_a_crash_interrupted_is_carried_on_or_forgotten(tmp_path: Path, clock: Clock) -> None:
    instance = Instance(tmp_path / "data", clock=clock).open()
    instance.write(lambda store: store.save_site(Site(id=0, domain="example.com"), 0))
    instance.write(lambda store: store.write([at(day, "/a") for day in range(3)]))
    move = instance.write(
        lambda store: store.begin_adjustment(1, 0, "rename", Detail(path="/a", target="/b"))
    )
    instance.advance(move)
    staged = instance.write(lambda store: store.begin_adjustment(1, 0, "import", Detail(strategy="add")))
    instance.write(lambda store: store.stage_counts(staged, [Amount("/c", 5, 5)]))
    instance.close()
    instance = Instance(tmp_path / "data", clock=clock).open()
    assert instance.carry_on() > 0
    with instance.borrow_reader() as reader:
        assert [one.state for one in reader.adjustments()] == ["done", "undone"]
        assert reader.page_counts(1, ["/a", "/b", "/c"]) == {"/b": Count(3, 3)}
        assert [text for text in reader.differences() if text] == []
    instance.close()


def test_an_earlier_change_is_not_undone_under_a_later_one(instance: Instance, desk: Desk) -> None:
    app, site = create_app(instance), instance.registry.sites[0]
    send(app, "/a")
    first = ledger.post(desk, site, "offset", Detail(strategy="add"), [Amount("/a", 100)])
    second = ledger.post(desk, site, "reset", Detail(strategy="replace"), [Amount("/a", 0, 0)])
    third = ledger.post(desk, site, "offset", Detail(strategy="add"), [Amount("/a", 7)])
    assert count(app, "/a") == {"/a": 7, "site": 7}
    with pytest.raises(Refused, match=f"adjustment {second} came after {first}"):
        ledger.undo(desk, first)
    for number, left in ((third, 0), (second, 101), (first, 1)):
        ledger.undo(desk, number)
        assert count(app, "/a") == {"/a": left, "site": left}
    with pytest.raises(InputError):
        ledger.undo(desk, first)


def test_excluding_hides_the_past_only_where_it_is_asked_to(instance: Instance, desk: Desk) -> None:
    app, site = create_app(instance), instance.registry.sites[0]
    for path in ("/a", "/admin/x"):
        send(app, path)
    number = ledger.post(
        desk, site, "exclude", Detail(strategy="replace", path="/admin/*"), [Amount("/admin/x", 0, 0)]
    )
    send(app, "/admin/x")
    assert count(app, "/a", "/admin/x") == {"/a": 1, "/admin/x": 0, "site": 1}
    ledger.undo(desk, number)
    send(app, "/admin/x")
    assert count(app, "/a", "/admin/x") == {"/a": 1, "/admin/x": 2, "site": 3}


def test_the_commands_leave_a_trail(tmp_path: Path) -> None:
    data = tmp_path / "data"
    pagetally("site", "add", "example.com", data=data)

    def counter(*words: str, check: bool = True) -> str:
        done = pagetally("counter", *words, data=data, check=check)
        return done.stdout + done.stderr

    site = ("--site", "example.com")
    said = counter("set", "/a", "--views", "18,815", "--note", "since 2019, imported", *site)
    assert "/a: 18,815 views, 0 visitors" in said
    assert "example.com: 18,815 views" in said
    assert "example.com: 20,000 views" in counter("set", "--views", "20000", *site)
    assert "/b: 18,815 views" in counter("rename", "/a", "/b", *site)
    assert "/b: 18,820 views" in counter("add", "/a", "--views", "5", "--pages-only", *site)
    assert "/b: 0 views" in counter("reset", "/b", *site)
    assert "visitors" in counter("set", "/a", "--views", "1", "--visitors", "2", *site, check=False)
    assert "adjustment 5 came after 4" in counter("undo", "4", check=False)
    undone = counter("undo", "5", "--yes").splitlines()
    assert undone[0] == "Adjustment 5 is undone."
    assert undone[1].startswith("/b: 18,820 views, ")
    assert undone[2].startswith("example.com: 20,000 views, ")
    counter("exclude", "/admin/*", *site)
    counter("exclude", "/caf%C3%A9/", "--with-past", *site)
    assert "/café is excluded already" in counter("exclude", "/café", *site, check=False)
    counter("set", "/c", "--views", "999950", "--visitors", "210", "--pages-only", *site)
    listed = counter("list")
    for text in (
        *("since 2019, imported", "+18,815", "rename /a to /b", "undone", "exclude /admin/*"),
        *("set /a to 18,815 views  (done)", "set the site to 20,000 views  (done)", "add 5 views to /b"),
        "set /c to 999,950 views, 210 visitors  (done)\n   the page moved by +999,950 views, +210 visitors\n"
        "   the site moved by +0 views, +0 visitors",
    ):
        assert text in listed
    assert "no difference" in pagetally("recount", "--check", data=data).stdout


def test_the_trail_says_who_changed_and_who_took_back(
    instance: Instance, desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    from analytics.web.auth import Owner

    monkeypatch.setattr(Owner, "is_signed_in", lambda *_: True)
    app, site = create_app(instance), instance.registry.sites[0]
    headers = [("host", "localhost"), ("origin", "http://localhost")]

    def act(body: bytes) -> None:
        assert ask(app, "POST", "/sites/example.com/numbers", headers=headers, body=body).status == 303

    act(b"do=set&path=/a&views=5")
    act(b"do=exclude&path=/x")
    made = Detail(strategy="replace", way="terminal", by="<b>anna")
    ledger.post(desk, site, "offset", made, [Amount("/b", 3)])
    ledger.undo(desk, 3, Actor("terminal", "anna"))
    token = perform(instance, AddToken("example.com", "numbers", "deploy"))
    told = [("authorization", f"Bearer {token}")]
    assert ask(app, "GET", "/set/example.com/abc?value=4", headers=told).status == 200
    act(b"undo=4")
    ledger.post(desk, site, "offset", Detail(strategy="add", by="root"), [Amount("/old", 1)])
    text = ask(app, "GET", "/sites/example.com/numbers").body.decode()
    trail = text.partition('<table class="list trail">')[2]
    said = [unescape(one) for one in re.findall(r'<bdi class="path">([^<]*(?:in the|by)[^<]*)</bdi>', trail)]
    assert said == [
        "by root",
        "by token 1 deploy",
        "in the browser",  # took it back
        "by <b>anna, in the terminal",
        "by anna, in the terminal",
        "in the browser",
        "in the browser",
    ]


def test_the_owner_sees_the_trail_escaped_and_nobody_else_does(
    instance: Instance, desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    from analytics.web.auth import Owner

    app, site = create_app(instance), instance.registry.sites[0]
    note = "<script>alert(1)</script>"
    detail = Detail(strategy="add", note=note, by="<b>me")
    ledger.post(desk, site, "offset", detail, [Amount("/<i>x", 1_500)])
    kept = Detail(strategy="replace", path="/kept", pages_only=True)
    ledger.post(desk, site, "offset", kept, [Amount("/kept", 999_950, 210)])
    assert ask(app, "GET", "/sites/example.com/numbers").status == 303
    monkeypatch.setattr(Owner, "is_signed_in", lambda *_: True)
    page = ask(app, "GET", "/sites/example.com/numbers")
    text = page.body.decode()
    assert page.status == 200
    assert "+1,500" in text
    assert "set /kept to 999,950 views, 210 visitors" in text
    moved = re.findall(r"([+−][\d,]+)\s+(?:<bdi[^>]*>(site: [+−]\d+)</bdi>)?\s*</td>", text)
    assert moved == [("+999,950", "site: +0"), ("+210", "site: +0"), ("+1,500", ""), ("+0", "")]
    assert "25 Nov 2025" in text
    assert "&lt;script&gt;" in text
    assert "<script" not in text
    assert "<b>me" not in text
    assert ask(app, "GET", "/sites/none.example/numbers").status == 404


def test_the_list_of_all_time_says_what_the_counters_say(instance: Instance, desk: Desk) -> None:
    """With what the owner brought, took away and moved: before a fold, after it, after a rollup."""
    app, site = create_app(instance), instance.registry.sites[0]
    for visitor, path in enumerate(("/a", "/a", "/b", "/c", "/old")):
        send(app, path, visitor)
    ledger.move(desk, site, "rename", Detail(path="/old", target="/new"))
    amounts = [Amount("/b", 1_000, 400), Amount("/only-imported", 7, 9), Amount("/c", -5, 0)]
    number = instance.write(
        lambda store: store.begin_adjustment(site.id, NOON, "import", Detail(strategy="add"))
    )
    instance.write(lambda store: store.stage_counts(number, amounts))
    instance.write(lambda store: store.finish_counts(number))
    for step in (lambda: None, instance.fold, lambda: instance.rollup(NOON // 86_400 + 1)):
        step()
        answer = json.loads(ask(app, "GET", "/api/popular?site=example.com&window=all&limit=50").body)
        listed = {page["path"]: page["views"] for page in answer["pages"]}
        assert listed == {"/b": 1_001, "/only-imported": 7, "/a": 2, "/new": 1}
        asked = count(app, *listed)
        asked.pop("site")
        assert asked == listed
