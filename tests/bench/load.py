"""Load from one thread over many connections: as fast as answers come, or at a steady rate."""

from __future__ import annotations

import contextlib
import select
import socket
import time
from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

AGENTS = [
    f"Mozilla/5.0 ({system}; rv:{n}.0) Gecko/20100101 Firefox/{n}.0"
    for n in range(40, 140)
    for system in ("X11; Linux x86_64", "Windows NT 10.0; Win64; x64", "Macintosh; Intel Mac OS X 10.15")
]
PATHS = 5_000


@dataclass
class Result:
    """What a load got: answers a second, latencies in seconds, answers other than 2xx."""

    seconds: float = 0.0
    latencies: list[float] = field(default_factory=list)
    failed: int = 0
    late: int = 0
    """Requests of a steady rate that could not be sent in time, because every connection waited."""

    @property
    def rate(self) -> float:
        return len(self.latencies) / self.seconds

    def percentile(self, share: float) -> float:
        """Milliseconds."""
        ordered = sorted(self.latencies)
        return ordered[min(len(ordered) - 1, int(share * len(ordered)))] * 1000


def get(path: str) -> list[bytes]:
    """The same GET over and over."""
    return [f"GET {path} HTTP/1.1\r\nHost: bench\r\nUser-Agent: {AGENTS[0]}\r\n\r\n".encode()]


def views() -> list[bytes]:
    """Views of many pages by many visitors."""
    found = []
    for number in range(PATHS * 3):
        body = (
            f'{{"n":"pageview","u":"https://example.com/page/{number % PATHS}",'
            f'"r":"https://news.example/","t":"Page {number % PATHS}"}}'
        )
        head = (
            f"POST /api/event HTTP/1.1\r\nHost: bench\r\nUser-Agent: {AGENTS[number % len(AGENTS)]}\r\n"
            f"Content-Type: text/plain\r\nContent-Length: {len(body)}\r\n\r\n"
        )
        found.append((head + body).encode())
    return found


@contextlib.contextmanager
def _connect(port: int, count: int) -> Iterator[dict[int, socket.socket]]:
    opened = {}
    for _ in range(count):
        connection = socket.create_connection(("127.0.0.1", port))
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        opened[connection.fileno()] = connection
    try:
        yield opened
    finally:
        for connection in opened.values():
            connection.close()


def flat_out(port: int, requests: Sequence[bytes], seconds: float, connections: int = 64) -> Result:
    """Each connection sends its next request as soon as it has its answer."""
    result, sent, at = Result(), {}, 0
    with _connect(port, connections) as opened, select.epoll() as poll:
        start = time.perf_counter()
        for number, connection in opened.items():
            poll.register(number, select.EPOLLIN)
            connection.send(requests[at % len(requests)])
            sent[number] = time.perf_counter()
            at += 1
        while (now := time.perf_counter()) - start < seconds:
            for number, _ in poll.poll(1):
                answer = opened[number].recv(65_536)
                now = time.perf_counter()
                result.latencies.append(now - sent[number])
                result.failed += not answer.startswith(b"HTTP/1.1 2")
                opened[number].send(requests[at % len(requests)])
                sent[number] = now
                at += 1
        result.seconds = now - start
    return result


def steadily(
    port: int, requests: Sequence[bytes], rate: float, seconds: float, connections: int = 64
) -> Result:
    """So many requests a second, whether answers come or not; latency counts from the planned time."""
    result = Result()
    planned: dict[int, float] = {}
    with _connect(port, connections) as opened, select.epoll() as poll:
        for number in opened:
            poll.register(number, select.EPOLLIN)
        free = deque(opened)
        start, total, at = time.perf_counter(), int(rate * seconds), 0
        while len(result.latencies) < total:
            now = time.perf_counter()
            if now - start > seconds * 2 + 5:
                break
            while free and at < total and start + at / rate <= now:
                number = free.popleft()
                opened[number].send(requests[at % len(requests)])
                planned[number] = start + at / rate
                result.late += now - planned[number] > 0.1
                at += 1
            pause = max(0.0, start + at / rate - time.perf_counter()) if free and at < total else 0.05
            for number, _ in poll.poll(pause):
                answer = opened[number].recv(65_536)
                result.latencies.append(time.perf_counter() - planned[number])
                result.failed += not answer.startswith(b"HTTP/1.1 2")
                free.append(number)
        result.seconds = time.perf_counter() - start
    return result
