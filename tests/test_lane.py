"""The lane of views: answers are the same whichever way their requests went, and keep their order."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Awaitable, Callable, Iterator, Sequence
from typing import Any, cast

import httpx2
import pytest
import uvicorn
from uvicorn.server import ServerState

from analytics import server
from analytics.config import Config
from analytics.errors import DiskFailed, QueueFull
from analytics.instance import Instance
from analytics.web.app import create_app
from analytics.web.lane import Crossing, LaneProtocol
from analytics.writer import Writer
from seeds.blog import Demo

from .conftest import FIREFOX, Server, add_site
from .load import converse, foreign_write_lock, until

DATE = (b"date", b"Sun, 29 Nov 2026 09:00:00 GMT")


class Wire(asyncio.Transport):
    """The other end of a connection: what was sent to it, and whether it was closed."""

    def __init__(self) -> None:
        super().__init__({"sockname": ("127.0.0.1", 80), "peername": ("127.0.0.1", 4_000)})
        self.said = b""
        self.is_closed = self.is_paused = False
        self.news = asyncio.Event()
        self.protocol: LaneProtocol

    def write(self, data: bytes | bytearray | memoryview) -> None:
        if self.is_closed:
            raise RuntimeError("unable to perform operation on a closed transport")
        assert self.is_paused or not self.protocol.pipeline
        self.said += bytes(data)
        self.news.set()

    def close(self) -> None:
        self.lose(None)

    def lose(self, error: Exception | None) -> None:
        """The connection ends, and the loop says so."""
        if not self.is_closed:
            self.is_closed = True
            self.news.set()
            asyncio.get_running_loop().call_soon(self.protocol.connection_lost, error)

    def is_closing(self) -> bool:
        return self.is_closed

    def pause_reading(self) -> None:
        self.is_paused = True

    def resume_reading(self) -> None:
        self.is_paused = False

    async def words(self) -> None:
        """Something was sent to it."""
        while not self.said:
            self.news.clear()
            await asyncio.wait_for(self.news.wait(), 10)

    async def answers(self, count: int) -> list[bytes]:
        """So many answers, whole."""
        while self.said.count(b"HTTP/1.1 ") < count or not self.said.endswith((b"ok", b"}", b"Error")):
            self.news.clear()
            await asyncio.wait_for(self.news.wait(), 10)
        return [b"HTTP/1.1 " + part for part in self.said.split(b"HTTP/1.1 ")[1:]]


Use = Callable[[LaneProtocol, Wire], Awaitable[None]]


def connect(instance: Instance, use: Use, **settings: Any) -> None:
    """Use a connection to an app of that instance."""

    async def run() -> None:
        app: Any = create_app(instance, **settings)
        config = uvicorn.Config(
            app, ws="none", lifespan="off", access_log=False, proxy_headers=False, log_config=None
        )
        state = ServerState()
        state.default_headers = [DATE]
        protocol = LaneProtocol(server.find_lane(app), config=config, server_state=state, app_state={})
        wire = Wire()
        wire.protocol = protocol
        protocol.connection_made(wire)
        await use(protocol, wire)
        wire.lose(ConnectionError())
        await asyncio.gather(*state.tasks)

    asyncio.run(run())


async def end_all(instance: Instance, protocol: LaneProtocol) -> None:
    """The writer has done what there was, and the event loop what came of it."""
    loop = asyncio.get_running_loop()
    # What came in this turn is handed to the writer at its end.
    turned = loop.create_future()
    loop.call_soon(turned.set_result, None)
    await turned
    await loop.run_in_executor(None, instance.write, lambda _: None)
    await asyncio.wait_for(asyncio.gather(*protocol.tasks), 10)


def count_views(instance: Instance) -> int:
    with instance.borrow_reader() as reader:
        return reader.site_count(1).views


def head(first: str, *lines: str) -> bytes:
    said = [f"{first} HTTP/1.1", "Host: localhost", *lines]
    return "".join(f"{line}\r\n" for line in [*said, ""]).encode()


def post(
    body: bytes | str, *lines: str, target: str = "/api/event", agent: str = FIREFOX, version: str = "1.1"
) -> bytes:
    body = body.encode() if isinstance(body, str) else body
    said = head(f"POST {target}", f"User-Agent: {agent}", f"Content-Length: {len(body)}", *lines)
    return said.replace(b"HTTP/1.1", f"HTTP/{version}".encode()) + body


VIEW = '{"u":"https://example.com/a"}'
ELSEWHERE = '{"u":"https://elsewhere.example/a"}'

PLAIN: dict[str, tuple[bytes, bytes]] = {
    "a view": (b"202", post(VIEW)),
    "a view under another type": (
        b"202",
        post(VIEW, "Content-Type: text/plain", "Origin: https://a.example"),
    ),
    "an event": (b"202", post('{"u":"https://example.com/a","n":"sign-up","p":{"a":1}}')),
    "of a site that is not ours": (b"202", post(ELSEWHERE)),
    "of several sites": (b"202", post('{"u":"https://example.com/a","d":"example.com,elsewhere.example"}')),
    "by a machine": (b"202", post(VIEW, agent="Googlebot/2.1")),
    "a prefetch": (b"202", post(VIEW, "Sec-Purpose: prefetch")),
    "nothing": (b"400", post("")),
    "no JSON": (b"400", post("{")),
    "no address": (b"400", post('{"n":"pageview"}')),
    "an address that is none": (b"400", post('{"url":"ftp://example.com/a"}')),
    "long numbers": (b"202", post(VIEW).replace(b"-Length: ", b"-Length: 0000")),
    "half a character": (b"400", post(b'{"u":"https://example.com/\xc3"}')),
}


@pytest.mark.parametrize(("status", "request_"), PLAIN.values(), ids=list(PLAIN))
def test_an_answer_is_the_same_both_ways(instance: Instance, status: bytes, request_: bytes) -> None:
    async def ask_twice(protocol: LaneProtocol, wire: Wire) -> None:
        protocol.data_received(request_)
        (mine,) = await wire.answers(1)
        assert isinstance(protocol.cycle, Crossing)
        protocol.data_received(request_.replace(b"/api/event ", b"/api/event?x "))
        _, other = await wire.answers(2)
        assert not isinstance(protocol.cycle, Crossing)
        assert take_apart(mine) == take_apart(other)
        assert mine.startswith(b"HTTP/1.1 " + status)

    connect(instance, ask_twice)


def take_apart(answer: bytes) -> tuple[bytes, list[bytes], bytes]:
    """Status, headers in any order, body."""
    said, _, body = answer.partition(b"\r\n\r\n")
    status, *headers = said.split(b"\r\n")
    return status, sorted(headers), body


OTHERS: dict[str, tuple[bytes, bytes]] = {
    "HTTP/1.0": (b"202", post(VIEW, version="1.0")),
    "the last of a connection": (b"202", post(VIEW, "Connection: close")),
    "with the counters": (b"202", post(VIEW, target="/api/event?counters=1")),
    "by an address that is escaped": (b"202", post(VIEW, target="/api/%65vent")),
    "in chunks": (
        b"202",
        head("POST /api/event", f"User-Agent: {FIREFOX}", "Transfer-Encoding: chunked")
        + b"1d\r\n%b\r\n0\r\n\r\n" % VIEW.encode(),
    ),
    "64 KB and a byte": (b"413", post(VIEW + " " * (64 * 1024 + 1 - len(VIEW)))),
    "a length of 5,000 digits": (b"413", post(VIEW).replace(b"-Length: ", b"-Length: " + b"0" * 5_000)),
    "no POST": (b"405", head("GET /api/event")),
    "who asks first": (b"204", head("OPTIONS /api/event")),
}


@pytest.mark.parametrize(("status", "request_"), OTHERS.values(), ids=list(OTHERS))
def test_what_is_not_plain_goes_the_other_way(instance: Instance, status: bytes, request_: bytes) -> None:
    async def ask(protocol: LaneProtocol, wire: Wire) -> None:
        protocol.data_received(request_)
        await wire.words()
        assert wire.said.startswith(b"HTTP/1.1 " + status)
        assert not isinstance(protocol.cycle, Crossing)

    connect(instance, ask)


def test_who_waits_for_leave_to_send_gets_it(instance: Instance) -> None:
    said = post(VIEW, "Expect: 100-continue")

    async def ask(protocol: LaneProtocol, wire: Wire) -> None:
        protocol.data_received(said[: -len(VIEW)])
        await wire.words()
        assert wire.said == b"HTTP/1.1 100 Continue\r\n\r\n"
        protocol.data_received(VIEW.encode())
        assert (await wire.answers(2))[1].startswith(b"HTTP/1.1 202")

    connect(instance, ask)


COUNTERS = head("GET /api/counters?site=example.com&path=/a")


@pytest.mark.parametrize("size", [1, 7, 100, 10_000])
def test_answers_come_in_the_order_of_their_requests(instance: Instance, size: int) -> None:
    """However they are cut into pieces: each read counts the views before it."""
    said = (post(VIEW) + COUNTERS) * 3 + post("{") + post(VIEW) + post(VIEW) + post("{")

    async def ask(protocol: LaneProtocol, wire: Wire) -> None:
        for start in range(0, len(said), size):
            protocol.data_received(said[start : start + size])
        answers = await wire.answers(10)
        statuses = [answer.split(b" ", 2)[1] for answer in answers]
        assert statuses == [b"202", b"200"] * 3 + [b"400", b"202", b"202", b"400"]
        for number, answer in enumerate(answers[1:6:2], 1):
            assert f'"/a":{{"views":{number},"visitors":1}}'.encode() in answer

    connect(instance, ask)
    assert count_views(instance) == 5


def test_what_is_refused_at_once_waits_for_the_view_before_it(instance: Instance) -> None:
    async def ask(protocol: LaneProtocol, wire: Wire) -> None:
        protocol.data_received(post(VIEW) + post("{") + post(VIEW))
        answers = await wire.answers(3)
        assert [answer.split(b" ", 2)[1] for answer in answers] == [b"202", b"400", b"202"]

    connect(instance, ask)
    assert count_views(instance) == 2


def test_of_a_piece_only_the_first_is_answered_at_once(instance: Instance) -> None:
    """A thousand that need no disk do not keep the event loop, which serves others in between."""

    async def ask(protocol: LaneProtocol, wire: Wire) -> None:
        protocol.data_received(post(ELSEWHERE) * 3)
        assert wire.said.count(b"HTTP/1.1 202") == 1
        assert not protocol.cycle.response_complete
        # Nor does the time run that an idle connection has.
        assert protocol.timeout_keep_alive_task is None
        await wire.answers(3)
        assert protocol.timeout_keep_alive_task is not None
        protocol.data_received(post(VIEW))
        assert isinstance(protocol.cycle, Crossing)
        await wire.answers(4)
        assert not protocol.cycle.body

    connect(instance, ask)


def test_a_view_whose_sender_has_gone_is_stored(instance: Instance) -> None:
    async def leave(protocol: LaneProtocol, wire: Wire) -> None:
        protocol.data_received(post(VIEW))
        crossing = cast(Crossing, protocol.cycle)
        wire.lose(ConnectionError())
        await end_all(instance, protocol)
        assert crossing.response_complete
        assert wire.said == b""

    connect(instance, leave)
    assert count_views(instance) == 1


@pytest.mark.parametrize(
    "last", [b"\x00\xff\r\n\r\n", post(VIEW, "Connection: Upgrade", "Upgrade: h2c")[:-20]]
)
@pytest.mark.parametrize("target", ["/api/event", "/api/event?x"])
def test_who_is_refused_meanwhile_is_answered_no_more(
    instance: Instance, caplog: pytest.LogCaptureFixture, target: str, last: bytes
) -> None:
    async def ask(protocol: LaneProtocol, wire: Wire) -> None:
        protocol.data_received(post(VIEW, target=target) * 2 + last)
        wire.lose(ConnectionError())
        await end_all(instance, protocol)

    connect(instance, ask)
    assert [record.levelname for record in caplog.records if record.levelname == "ERROR"] == []


def test_a_server_that_stops_answers_and_hangs_up(instance: Instance) -> None:
    async def stop(protocol: LaneProtocol, wire: Wire) -> None:
        protocol.data_received(post(VIEW))
        protocol.shutdown()
        assert not wire.is_closed
        (answer,) = await wire.answers(1)
        assert b"\r\nconnection: close\r\n" in answer
        assert wire.is_closed

    connect(instance, stop)


def refuse(error: Exception, *, later: bool) -> Callable[..., asyncio.Future[None]]:
    """A writer that does not store: it says so at once, or when it has tried."""

    def submit(self: Writer, hits: Sequence[object], weight: int, loop: Any) -> asyncio.Future[None]:
        if not later:
            raise error
        future: asyncio.Future[None] = loop.create_future()
        loop.call_soon(future.set_exception, error)
        return future

    return submit


@pytest.mark.parametrize(
    ("error", "later"),
    [(QueueFull("9 views wait for the disk"), False), (DiskFailed("the disk is full"), True)],
)
def test_a_view_that_is_not_stored_is_refused(
    instance: Instance, monkeypatch: pytest.MonkeyPatch, error: Exception, later: bool
) -> None:
    calm = '{"u":"https://calm.example/a"}'
    add_site(instance, "calm.example", cooldown=1_800)

    async def ask(protocol: LaneProtocol, wire: Wire) -> None:
        with monkeypatch.context() as patch:
            patch.setattr(Writer, "submit", refuse(error, later=later))
            for said in (post(calm), post(calm, target="/api/event?x")):
                protocol.data_received(said)
                answers = await wire.answers(1 if said == post(calm) else 2)
        assert take_apart(answers[0]) == take_apart(answers[1])
        assert answers[0].startswith(b"HTTP/1.1 503")
        assert b"\r\nretry-after: " in answers[0]
        # It was not counted: its cooldown has not begun.
        protocol.data_received(post(calm))
        answer = (await wire.answers(3))[2]
        assert (answer[:12], b"x-pagetally" in answer) == (b"HTTP/1.1 202", False)

    connect(instance, ask)


def test_a_site_that_goes_while_its_view_is_on_its_way_drops_it(instance: Instance) -> None:
    async def ask(protocol: LaneProtocol, wire: Wire) -> None:
        instance.write(lambda store: store.remove_site(1))
        protocol.data_received(post(VIEW))
        assert b"x-pagetally: dropped; unknown-site" in (await wire.answers(1))[0]

    connect(instance, ask)


def test_who_sends_too_much_is_told_to_wait(instance: Instance, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(instance.throttle, "admit", lambda *_: 7)

    async def ask(protocol: LaneProtocol, wire: Wire) -> None:
        protocol.data_received(post(VIEW))
        (answer,) = await wire.answers(1)
        assert answer.startswith(b"HTTP/1.1 429")
        assert b"\r\nretry-after: 7\r\n" in answer

    connect(instance, ask)


def test_a_fault_of_ours_is_logged_and_hangs_up(
    instance: Instance, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr("analytics.web.collect.payload.read_event", lambda _: 1 / 0)

    async def ask(protocol: LaneProtocol, wire: Wire) -> None:
        # What comes behind it gets no answer, so that it is not stored either.
        protocol.data_received(post(VIEW) * 2)
        monkeypatch.undo()
        protocol.data_received(post(VIEW))
        (answer,) = await wire.answers(1)
        assert answer.startswith(b"HTTP/1.1 500")
        assert wire.is_closed

    connect(instance, ask)
    assert count_views(instance) == 0
    assert "ZeroDivisionError" in caplog.text


@pytest.mark.parametrize(
    ("base_path", "target", "is_ours"),
    [
        ("", "/api/event", True),
        ("", "/stats/api/event", False),
        ("/stats", "/api/event", True),
        ("/stats", "/stats/api/event", True),
        ("/api", "/api/api/event", True),
        ("/api", "/api/event", False),
    ],
)
def test_a_base_path_may_be_there_or_not(
    instance: Instance, base_path: str, target: str, is_ours: bool
) -> None:
    async def ask(protocol: LaneProtocol, wire: Wire) -> None:
        protocol.data_received(post(VIEW, target=target))
        await wire.words()
        assert isinstance(protocol.cycle, Crossing) == is_ours == wire.said.startswith(b"HTTP/1.1 202")

    connect(instance, ask, base_path=base_path)


@pytest.mark.parametrize(
    ("proxies", "said", "is_excluded"),
    [
        ((), "198.51.100.7", False),
        (("127.0.0.1",), "198.51.100.7", True),
        (("127.0.0.0/8",), "203.0.113.1, 198.51.100.7", True),
        (("127.0.0.1",), "198.51.100.7, 203.0.113.1", False),
        (("192.0.2.1",), "198.51.100.7", False),
        (("127.0.0.1",), "junk", False),
    ],
)
def test_the_address_is_what_trusted_proxies_say(
    instance: Instance, proxies: Sequence[str], said: str, is_excluded: bool
) -> None:
    add_site(instance, "shy.example", exclude_addresses=("198.51.100.7",))
    view = post('{"u":"https://shy.example/a"}', f"X-Forwarded-For: {said}")

    async def ask(protocol: LaneProtocol, wire: Wire) -> None:
        protocol.data_received(view)
        (mine,) = await wire.answers(1)
        assert isinstance(protocol.cycle, Crossing)
        protocol.data_received(view.replace(b"/api/event ", b"/api/event?x "))
        assert take_apart((await wire.answers(2))[1]) == take_apart(mine)
        assert (b"dropped; excluded" in mine) == is_excluded

    connect(instance, ask, trusted_proxies=proxies)


@pytest.mark.parametrize("settings", [None, {}, {"base_path": "/stats", "trusted_proxies": ("127.0.0.1",)}])
def test_views_take_it_wherever_we_serve(
    instance: Instance, monkeypatch: pytest.MonkeyPatch, settings: dict[str, Any] | None
) -> None:
    """The demo (None) and every way to set `serve` up. Nothing else would tell: answers are the same."""
    app = Demo(instance) if settings is None else create_app(instance, **settings)
    ran: list[Any] = []
    monkeypatch.setattr(uvicorn.Server, "run", lambda self, **_: ran.append(self.config.http))
    with socket.socket() as listener:
        server._run(app, Config(data=instance.folder), listener)
    (protocol,) = ran
    assert (protocol.func, protocol.args) == (LaneProtocol, (server.find_lane(app),))


def test_the_server_has_the_lane_and_ends_with_what_is_on_it(server: Server) -> None:
    """A view that waits for the disk when the server is told to stop is stored, and answered."""
    with foreign_write_lock(server.data) as let_go:

        def send() -> Iterator[bytes]:
            yield post(VIEW)
            until(lambda: httpx2.get(f"{server.url}/health").json()["waiting"] == 1)
            server.process.terminate()
            let_go()

        said = converse(server.port, send())
    assert said.startswith(b"HTTP/1.1 202")
    assert server.process.wait(20) == 0
