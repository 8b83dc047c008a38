"""Summaries made by a process of their own are the same, and never hold the server up."""

from __future__ import annotations

import contextlib
import pickle
import signal
import threading
import time
from collections.abc import Callable, Iterator
from functools import partial
from operator import methodcaller

import pytest
from starlette.testclient import TestClient

from analytics.aside import Aside, Failure, Patience, _answer
from analytics.errors import InputError
from analytics.instance import Instance
from analytics.periods import BY_NAME
from analytics.store.connect import READ_DEADLINE, Connection, DatabaseError
from analytics.store.sqlite import SqliteReader
from analytics.summary import Query, summarise
from analytics.web.app import create_app


@pytest.fixture
def aside(instance: Instance) -> Iterator[Aside]:
    found = Aside(instance.folder)
    yield found
    found.close()


def count_for_ever(reader: SqliteReader) -> object:
    forever = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT count(*) FROM n"
    return reader._connection.execute(forever).fetchone()


def test_it_answers_what_a_reader_of_the_server_answers(instance: Instance, aside: Aside) -> None:
    site = instance.registry.sites[0]
    query = Query(site, BY_NAME["30d"], instance.clock(), with_kept=True)
    with instance.borrow_reader() as reader:
        expected = summarise(reader, query)
    assert aside.ask(partial(summarise, query=query)) == expected


def test_it_is_ready_before_it_is_asked(instance: Instance, aside: Aside) -> None:
    aside.prepare()
    process = aside._process
    assert process is not None
    assert aside.ask(methodcaller("is_up_to_date")) is True
    assert aside._process is process
    aside.close()
    aside.prepare()
    assert aside._process is None


def test_all_sites_at_a_glance_make_it_ready(instance: Instance, aside: Aside) -> None:
    instance.aside = aside
    client = TestClient(create_app(instance), headers={"origin": "http://testserver"})
    client.get("/")
    assert aside._process is None  # strangers start nothing
    token = client.app.state.owner.setup_token  # type: ignore[attr-defined]
    client.post(f"/setup/{token}", data={"password": "a password for a test"})
    assert client.get("/").status_code == 200
    assert aside._process is not None


def test_an_error_of_a_question_reaches_whoever_asked(aside: Aside) -> None:
    with pytest.raises(TypeError):
        aside.ask(methodcaller("sites", "one too many"))
    assert aside.ask(methodcaller("is_up_to_date")) is True


def test_an_error_keeps_its_words_on_the_way() -> None:
    sent = InputError("filters", "is not known", hint="Use another.")
    found = Failure.of(sent).rebuild()
    assert isinstance(found, InputError)
    assert (str(found), found.hint) == (str(sent), sent.hint)


def test_a_process_that_was_killed_is_started_again(aside: Aside) -> None:
    assert aside.ask(methodcaller("is_up_to_date")) is True
    assert aside._process is not None
    aside._process.kill()
    assert aside.ask(methodcaller("is_up_to_date")) is True


def compute_for_ever(reader: SqliteReader) -> object:
    while True:
        sum(range(1_000))


class Late(SqliteReader):
    """A reader whose question is interrupted just as its snapshot ends."""

    @contextlib.contextmanager
    def snapshot(self, seconds: float | None = None) -> Iterator[Connection]:
        with super().snapshot(seconds) as connection:
            try:
                yield connection
            finally:
                signal.raise_signal(signal.SIGUSR1)


@pytest.fixture
def patience() -> Iterator[Patience]:
    """As in the process, whose signals it takes."""
    before = {number: signal.getsignal(number) for number in (signal.SIGALRM, signal.SIGUSR1)}
    yield Patience()
    for number, handler in before.items():
        signal.signal(number, handler)


def test_an_interruption_that_comes_late_harms_nothing(instance: Instance, patience: Patience) -> None:
    with contextlib.closing(Late(instance.folder)) as reader:
        for _ in range(2):
            assert pickle.loads(_answer(reader, patience, methodcaller("first_day", 1))) is None


def read_two_things(reader: SqliteReader) -> object:
    """Is interrupted in the second, while the first is not read to its end."""
    rows = reader._connection.execute("SELECT * FROM (VALUES (1), (2))")
    next(rows)
    reader.interrupt()
    return [*reader._connection.execute("SELECT 1"), *rows]


def test_a_question_that_was_interrupted_between_two_rows_leaves_no_snapshot(
    instance: Instance, patience: Patience
) -> None:
    with contextlib.closing(SqliteReader(instance.folder)) as reader:
        found = pickle.loads(_answer(reader, patience, read_two_things))
        assert isinstance(found, Failure)
        assert not reader._connection.in_transaction
        assert pickle.loads(_answer(reader, patience, methodcaller("first_day", 1))) is None


def end_late(reader: SqliteReader) -> object:
    """Is interrupted while its snapshot ends."""
    reader.first_day(1)
    reader._connection.set_trace_callback(lambda sql: reader.interrupt() if sql == "COMMIT" else None)
    return None


@pytest.mark.parametrize("question", [read_two_things, end_late])
def test_a_reader_that_was_lent_can_be_lent_again(
    instance: Instance, question: Callable[[SqliteReader], object]
) -> None:
    with pytest.raises(DatabaseError, match="interrupted"), instance.borrow_reader() as reader:
        question(reader)
    reader._connection.set_trace_callback(None)
    for _ in range(20):
        with instance.borrow_reader() as other:
            assert other.first_day(1) is None


@pytest.mark.parametrize("question", [count_for_ever, compute_for_ever])
def test_a_question_that_nobody_waits_for_ends(
    aside: Aside, question: Callable[[SqliteReader], object]
) -> None:
    failures: list[Exception] = []

    def ask() -> None:
        try:
            aside.ask(question)
        except DatabaseError as error:
            failures.append(error)

    start = time.monotonic()
    thread = threading.Thread(target=ask)
    thread.start()
    while thread.is_alive():
        aside.interrupt()
        thread.join(0.05)
    assert [str(one) for one in failures] == ["interrupted"]
    assert time.monotonic() - start < READ_DEADLINE
    assert aside.ask(methodcaller("is_up_to_date")) is True


def test_it_ends_with_the_server(aside: Aside) -> None:
    aside.ask(methodcaller("is_up_to_date"))
    process = aside._process
    aside.close()
    assert process is not None
    assert process.poll() is not None
    with pytest.raises(DatabaseError):
        aside.ask(methodcaller("is_up_to_date"))


def test_it_ends_when_whoever_asks_is_gone(aside: Aside) -> None:
    aside.ask(methodcaller("is_up_to_date"))
    process = aside._process
    assert process is not None
    assert process.stdin is not None
    process.stdin.close()
    assert process.wait(READ_DEADLINE) == 0
