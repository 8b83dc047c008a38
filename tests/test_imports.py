"""Access logs: lines taken apart, stored once, undone, and never fatal."""

from __future__ import annotations

import gzip
import os
import signal
import subprocess
import sys
import threading
import time
from contextlib import closing, nullcontext
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from analytics import logreader
from analytics.accesslog import is_page_view, read_line, read_time
from analytics.clock import system_clock
from analytics.commands import BeginImport, Command, EndImport, RemoveSite, UndoImport, WriteImport, perform
from analytics.errors import PagetallyError, Refused, StoreFailed
from analytics.importer import Source, fingerprint_file, run_import
from analytics.instance import Instance
from analytics.logreader import pack, unpack
from analytics.model import Campaign, Client, Earlier, Hit, Moments, Place
from analytics.overlap import Overlap, Past, advise
from analytics.store.connect import FILE, sqlite3
from analytics.store.sqlite import SqliteReader

from .conftest import FIREFOX, GOOGLEBOT, NOON, StartServer, add_site, pagetally
from .stores import lay_tables

SHARED_LOG = Path(__file__).parent.parent.parent / "shared/data/access-2015-05.log"

COMBINED = '{address} - - [{day}/Nov/2025:{time} +0000] "GET {path} HTTP/1.1" 200 512 "{referrer}" "{agent}"'


def line(
    path: str = "/a", address: str = "192.0.2.1", day: str = "17", time: str = "10:00:00", **more: str
) -> str:
    values = {"referrer": "-", "agent": FIREFOX} | more
    return COMBINED.format(path=path, address=address, day=day, time=time, **values)


LINES = [
    (
        '1.2.3.4 - - [17/May/2015:10:05:03 +0000] "GET /a HTTP/1.1" 200 1',
        ("1.2.3.4", 1431857103, "/a", 200, "", ""),
    ),
    (
        '1.2.3.4 - bob smith [17/May/2015:12:05:03 +0200] "GET /a?x=1 HTTP/1.1" 304 -'
        ' "http://r.example/" "A \\"b\\" c"',
        ("1.2.3.4", 1431857103, "/a?x=1", 304, "http://r.example/", 'A "b" c'),
    ),
    ('::1 - - [17/May/2015:10:05:03 +0000] "GET /a" 200 1 "-" "-"', ("::1", 1431857103, "/a", 200, "", "")),
    ('1.2.3.4 - - [17/May/2015:10:05:03 +0000] "GET /a HTTP/1.1" 200 1 "-" "x" "more" 0.1', "ok"),
    ("", None),
    ("nonsense", None),
    ('1.2.3.4 - - [17/May/2015:10:05:03 +0000] "GET /a HTTP/1.1" 200 1 "unclosed', None),
    ('1.2.3.4 - - [99/May/2015:10:05:03 +0000] "GET /a HTTP/1.1" 200 1', None),
    ('1.2.3.4 - - [17/Foo/2015:10:05:03 +0000] "GET /a HTTP/1.1" 200 1', None),
    ('1.2.3.4 - - [17/May/2015:25:05:03 +0000] "GET /a HTTP/1.1" 200 1', None),
    ('1.2.3.4 - - [17/May/0001:10:05:03 +0000] "GET /a HTTP/1.1" 200 1', None),
    # No HTTP, but a faithful log of it.
    (
        '1.2.3.4 - - [17/May/2015:10:05:03 +0000] "\\x16\\x03" 400 1',
        ("1.2.3.4", 1431857103, "", 400, "", ""),
    ),
    ('1.2.3.4 - - [17/May/2015:10:05:03 +0000] "" 400 0 "-" "-"', ("1.2.3.4", 1431857103, "", 400, "", "")),
    # Debian's vhost_combined; addresses that only look like a host with a port.
    (
        'a.example:443 1.2.3.4 - - [17/May/2015:10:05:03 +0000] "GET /a HTTP/1.1" 200 1 "-" "-"',
        ("1.2.3.4", 1431857103, "/a", 200, "", ""),
    ),
    (
        '1.2.3.4:51234 - - [17/May/2015:10:05:03 +0000] "GET /a HTTP/1.1" 200 1 "-" "-"',
        ("1.2.3.4:51234", 1431857103, "/a", 200, "", ""),
    ),
    (
        '2001:db8::7:80 - - [17/May/2015:10:05:03 +0000] "GET /a HTTP/1.1" 200 1 "-" "-"',
        ("2001:db8::7:80", 1431857103, "/a", 200, "", ""),
    ),
    # A virtual host without a port; names and addresses that are no virtual host.
    (
        'a.example 1.2.3.4 - bob [17/May/2015:10:05:03 +0000] "GET /a HTTP/1.1" 200 1 "-" "-"',
        ("1.2.3.4", 1431857103, "/a", 200, "", ""),
    ),
    (
        'a.example 2001:db8::7 - - [17/May/2015:10:05:03 +0000] "GET /a HTTP/1.1" 200 1 "-" "-"',
        ("2001:db8::7", 1431857103, "/a", 200, "", ""),
    ),
    (
        'pool-7.isp.example - - [17/May/2015:10:05:03 +0000] "GET /a HTTP/1.1" 200 1 "-" "-"',
        ("pool-7.isp.example", 1431857103, "/a", 200, "", ""),
    ),
    (
        '1.2.3.4 10.0.0.7 - [17/May/2015:10:05:03 +0000] "GET /a HTTP/1.1" 200 1 "-" "-"',
        ("1.2.3.4", 1431857103, "/a", 200, "", ""),
    ),
    # Apache and nginx escape what is no ASCII.
    (
        '1.2.3.4 - - [17/May/2015:10:05:03 +0000] "GET /caf\\xc3\\xA9?q=\\"\\\\ HTTP/1.1" 200 1',
        ("1.2.3.4", 1431857103, "/caf%c3%A9?q=%22%5C", 200, "", ""),
    ),
    ('1.2.3.4 - - [17/May/2015:10:05:03 +0000] "' + "x" * 70_000, None),
]


@pytest.mark.parametrize(("text", "parts"), LINES)
def test_lines(text: str, parts: object) -> None:
    found = read_line(text)
    if parts is None or parts == "ok":
        assert (found is None) == (parts is None)
    else:
        assert found is not None
        assert (found.address, found.at, found.target, found.status, found.referrer, found.agent) == parts


@pytest.mark.parametrize(
    ("request_line", "status", "is_page"),
    [
        ("GET /a HTTP/1.1", 200, True),
        ("GET /a HTTP/1.1", 204, True),
        ("GET /a HTTP/1.1", 304, True),
        ("GET /a HTTP/1.1", 301, False),
        ("GET /a HTTP/1.1", 404, False),
        ("POST /a HTTP/1.1", 200, False),
        ("HEAD /a HTTP/1.1", 200, False),
        ("GET /a.PNG?v=1 HTTP/1.1", 200, False),
        ("GET /a.html?x=.png HTTP/1.1", 200, True),
        ("GET /robots.txt HTTP/1.1", 200, True),
    ],
)
def test_page_views(request_line: str, status: int, is_page: bool) -> None:
    found = read_line(f'1.2.3.4 - - [17/May/2015:10:05:03 +0000] "{request_line}" {status} 1')
    assert found is not None
    assert is_page_view(found) is is_page


def test_times_of_every_offset() -> None:
    for stamp in ("17/May/2015:10:05:03 +0000", "17/May/2015:15:50:03 +0545", "16/May/2015:22:05:03 -1200"):
        assert read_time(stamp) == 1431857103


def count(data: Path) -> dict[str, int]:
    """Views of the pages of a data folder's first site, and of the site."""
    reader = SqliteReader(data)
    with reader.snapshot():
        pages, _ = reader.top_pages(1, None, 1000)
        found = {page.path: page.views for page in pages} | {"site": reader.site_count(1).views}
    reader.close()
    return found


def test_hits_come_out_of_a_block_as_they_went_in() -> None:
    clients, places = [Client("Firefox", "127"), Client("Safari")], [Place("GB"), Place("DE", "DE-BE")]
    hits = [
        Hit(
            1,
            20_000 + n,
            n,
            -n,
            0,
            "",
            f"/{n % 2}",
            "a.example",
            "é",
            None,
            None,
            clients[n % 2],
            places[n % 2],
        )
        for n in range(4)
    ]
    hits.append(replace(hits[0], name="x", kind=1, repeat=7, detail="{}", campaign=Campaign("s", "m")))
    assert unpack(pack(hits)) == hits
    assert unpack(pack([])) == []


@pytest.fixture
def data(tmp_path: Path) -> Path:
    pagetally("site", "add", "example.com", data=tmp_path / "data")
    return tmp_path / "data"


@pytest.fixture
def log(tmp_path: Path) -> Path:
    file = tmp_path / "access.log"
    lines = [
        line("/a"),
        line("/a/", time="10:10:00"),
        line("/b", address="192.0.2.2", day="18"),
        line("/style.css"),
        line("/c", agent=GOOGLEBOT),
        line("/" + "x" * 2_100),
        "broken",
    ]
    file.write_text("\n".join(lines) + "\n")
    return file


EXPECTED = {"/a": 2, "/b": 1, "site": 3}


@pytest.mark.parametrize("running", [False, True])
def test_an_import_is_stored_once_and_can_be_undone(
    data: Path, log: Path, start_server: StartServer, running: bool
) -> None:
    if running:
        start_server(data)
    words = ("import", "access-log", log, "--site", "example.com")
    dry = pagetally(*words, "--dry-run", data=data).stdout
    assert "5 page views, of which 3 count" in dry
    assert "1 not counted: bot" in dry
    assert "1 not counted: unusable-address" in dry
    assert "1 broken line\n" in dry
    assert count(data) == {"site": 0}
    assert "Stored as import 1" in pagetally(*words, data=data).stdout
    assert count(data) == EXPECTED
    again = pagetally(*words, data=data, check=False)
    assert (again.returncode, "lines" in again.stderr) == (1, False)
    assert "imported already: import 1" in again.stderr
    assert count(data) == EXPECTED
    assert "done" in pagetally("import", "list", data=data).stdout
    pagetally("import", "undo", "1", "--yes", data=data)
    assert count(data) == {"site": 0}
    assert "no difference" in pagetally("recount", "--check", data=data).stdout
    pagetally(*words, data=data)
    assert count(data) == EXPECTED
    for number, code, said in (("7", 2, "there is no import 7"), ("1", 1, "import 1 is undone already")):
        failed = pagetally("import", "undo", number, data=data, check=False)
        assert (failed.returncode, said in failed.stderr) == (code, True), failed.stderr
    # State, views, lines left out by a rule, and broken ones.
    listed = " ".join(pagetally("import", "list", data=data).stdout.split())
    assert listed.endswith(
        "2 example.com access.log done 3 2 1 To take one back: pagetally import undo NUMBER"
    )


def test_an_undo_says_what_it_takes_back_and_asks(data: Path, log: Path, tmp_path: Path) -> None:
    (counts := tmp_path / "c.csv").write_text("path,views\n/a,9\n")
    for words in (("access-log", log), ("counts", counts), ("counts", tmp_path / "d.csv")):
        (tmp_path / "d.csv").write_text("path,views\n/a,10\n")
        pagetally("import", *words, "--yes", data=data)  # of the only site
    asked = pagetally("import", "undo", "1", data=data, check=False)
    assert "Import 1 of example.com: access.log, imported at 20" in asked.stdout
    assert "(UTC); 3 views of 17–18 Nov 2025.\n" in asked.stdout
    assert "The counts of c.csv are adjustment 1: pagetally counter undo 1 (they stay" in asked.stdout
    assert (asked.returncode, asked.stderr) == (
        1,
        "Error: nothing was taken back\nWithout a terminal, say so with --yes.\n",
    )
    assert count(data) == {"/a": 10, "/b": 1, "site": 11}
    other = pagetally("import", "undo", "2", data=data, check=False)
    assert "there is no import 2 to undo\nThe counts of d.csv are adjustment 2" in other.stderr
    listed = " ".join(pagetally("import", "list", data=data).stdout.split())
    assert "1 example.com c.csv done 1 +7 2 example.com d.csv done 1 +1 To take one back:" in listed
    assert listed.endswith("pagetally counter undo NUMBER")
    done = pagetally("import", "undo", "1", "-y", data=data).stdout
    assert done.endswith("Import 1 is undone.\nexample.com: 8 views, 0 visitors\n")


@pytest.mark.parametrize("by", ["file", "stream"])
def test_where_nothing_is_later_nothing_is_stored(data: Path, log: Path, tmp_path: Path, by: str) -> None:
    words = ["import", "access-log", "--site", "example.com", "--after-last"]
    pagetally(*words, log, data=data)
    (longer := tmp_path / "longer.log").write_text(f"{log.read_text()}{line(day='18', agent=GOOGLEBOT)}\n")
    for file in (log, longer):
        if by == "file":
            said = pagetally(*words, file, data=data).stdout
        else:
            command = [sys.executable, "-m", "analytics", *words, "-", "--data", str(data)]
            with file.open() as stream:
                said = subprocess.run(
                    command, stdin=stream, capture_output=True, text=True, check=True
                ).stdout
        assert "of which 0 count\n" in said
        assert "imported before is of 2025-11-18 10:00:00 (UTC): only" in said
        assert said.endswith(
            "Nothing was stored: no view is later, so that there is no import to take back.\n"
        )
    assert pagetally("import", "list", data=data).stdout.count("example.com") == 1
    assert count(data) == EXPECTED


# Minutes from the first to the last of a log beside an import of minute 0 to 100: is it of the same time?
SPANS = [
    ("it grew", 0, 130, True),
    ("a part of it", 20, 40, True),
    ("what surrounds it", -5, 105, True),
    ("the end of the other, and more", 89, 130, True),
    ("the seam of two logs", 92, 130, False),
    ("the seam at the other end", -90, 8, False),
    ("what follows", 101, 130, False),
    ("what was before", -50, -1, False),
]


@pytest.mark.parametrize(("name", "first", "last", "is_shared"), SPANS)
def test_logs_of_the_same_time(name: str, first: int, last: int, is_shared: bool) -> None:
    start = NOON - 6_000
    known = Earlier(1, "old.log", "x", "done", 9, Moments(start, NOON), 1)
    log = Moments(start + 60 * first, start + 60 * last)
    assert Past([known]).shared_with(log) == [known] * is_shared
    for overlap in (Overlap.SKIP, Overlap.COUNT):
        Past([known], overlap).check(log, "UTC")


def test_the_start_of_a_stream_may_be_the_seam_of_two_logs() -> None:
    known = Earlier(1, "old.log", "x", "done", 9, Moments(NOON - 6_000, NOON), 1)
    start = Moments(NOON - 300, NOON - 100)
    assert Past([known]).shared_with(start) == [known]
    assert Past([known]).shared_with(start, is_whole=False) == []


@pytest.mark.parametrize("by", ["file", "stream", "server"])
def test_a_log_that_grew_counts_by_the_owners_word(
    tmp_path: Path, by: str, start_server: StartServer
) -> None:
    lay_tables(data := tmp_path / "data", "example.com")
    if by == "server":
        start_server(data)
    (log := tmp_path / "access.log").write_text("".join(f"{line(time=f'10:{n:02}:00')}\n" for n in range(20)))

    def run(*options: str, check: bool = True) -> subprocess.CompletedProcess[str]:
        words = ["import", "access-log", "--site", "example.com", *options]
        if by != "stream":
            return pagetally(*words, log, data=data, check=check)
        command = [sys.executable, "-m", "analytics", *words, "-", "--data", str(data)]
        with log.open() as stream:
            return subprocess.run(command, stdin=stream, capture_output=True, text=True, check=check)

    run()
    log.write_text(log.read_text() + "".join(f"{line(time=f'11:{n:02}:00')}\n" for n in range(30)))
    known = f"import 1 ({'standard input' if by == 'stream' else 'access.log'}, 20 views of 17 Nov 2025)"
    for told in (run("--dry-run").stdout, run(check=False).stderr):
        assert (known in told, "--after-last" in told, "--regardless" in told) == (True, True, True)
    assert count(data)["site"] == 20
    skipped = run("--after-last").stdout
    assert "The last view that was imported before is of 2025-11-17 10:19:00" in skipped
    assert "20 not counted: imported-before" in skipped
    assert count(data)["site"] == 50
    number = skipped.partition("Stored as import ")[2].partition(".")[0]
    pagetally("import", "undo", number, "-y", data=data)
    regardless = run("--regardless").stdout
    assert (known in regardless, "counts twice" in regardless) == (True, True)
    assert count(data)["site"] == 70
    assert "no difference" in pagetally("recount", "--check", data=data).stdout
    assert by == "stream" or "undone 0" not in pagetally("import", "list", data=data).stdout


@pytest.mark.parametrize("overlap", [Overlap.REFUSE, Overlap.SKIP])
def test_of_two_imports_at_once_one_counts(instance: Instance, tmp_path: Path, overlap: Overlap) -> None:
    """Of the same time, and each begun when nothing of the other was there."""

    class Desk:
        def perform(self, command: Command) -> Any:
            if isinstance(command, BeginImport) and command.file == "first.log":
                (other := tmp_path / "other.log").write_text("\n".join([*lines, line("/c", time="10:50:00")]))
                take(other)
            return perform(instance, command)

    def look() -> Past:
        with instance.borrow_reader() as reader:
            found = reader.earlier_imports(1)
        # As the first one saw it before the other had stored anything.
        return Past([] if is_stale.pop() else found, overlap)

    def take(file: Path) -> None:
        site = instance.registry.sites[0]
        log = logreader.LogReader(site, NOON)
        with closing(Source(file)) as source:
            run_import(Desk(), source, log, lambda position, lines: None, look)

    is_stale = [False, True, False, False, False, False]
    lines = [line("/a"), line("/b", time="10:40:00")]
    (first := tmp_path / "first.log").write_text("\n".join(lines))
    with pytest.raises(Refused, match=r"by import|meanwhile"):
        take(first)
    assert [row["file"] for row in instance.reader.imports() if row["state"] == "done"] == ["other.log"]
    instance.fold()
    assert instance.reader.site_count(1).views == 3


@pytest.mark.parametrize(
    ("state", "advice"), [("running", "1 is under way (wait"), ("cut off", "1 was cut off; to")]
)
def test_what_to_do_about_an_import_that_is_not_done(state: str, advice: str) -> None:
    known = Earlier(1, "old.log", "x", state, 9, Moments(NOON - 6_000, NOON), 1)
    assert advice in advise([known])


def test_what_came_later_in_the_last_second_counts(data: Path, tmp_path: Path) -> None:
    (first := tmp_path / "1.log").write_text("\n".join([line("/a"), line("/b", time="10:00:01")]))
    grown = [
        line("/a"),
        line("/b", time="10:00:01"),
        line("/c", time="10:00:01"),
        line("/d", time="10:00:02"),
    ]
    (second := tmp_path / "2.log").write_text("\n".join(grown))
    words = ("import", "access-log", "--site", "example.com", "--after-last")
    pagetally(*words, first, data=data)
    pagetally(*words, second, data=data)
    assert count(data) == {"/a": 1, "/b": 1, "/c": 1, "/d": 1, "site": 4}


def test_what_is_after_the_last_is_so_when_a_crash_left_a_part_of_it(data: Path, tmp_path: Path) -> None:
    (first := tmp_path / "1.log").write_text("\n".join([line("/a"), line("/b", time="10:00:01")]))
    (second := tmp_path / "2.log").write_text(first.read_text() + "\n" + line("/c", time="10:00:02"))
    words = ("import", "access-log", "--site", "example.com", "--after-last")
    pagetally(*words, first, data=data)
    with closing(Instance(data).open()) as instance:
        number = perform(
            instance, BeginImport("example.com", "access-log", "2.log", fingerprint_file(second))
        )
        parser = logreader.Parser(instance.registry.sites[0], now=system_clock())
        perform(instance, WriteImport(number, parser.read(line("/c", time="10:00:02").encode())))
    pagetally(*words, second, data=data)
    assert count(data) == {"/a": 1, "/b": 1, "/c": 1, "site": 3}


NO_LOGS = [
    ([], "is empty", ""),
    (["a,b,c"], "is no access log: none of 1 line can be read", "'a,b,c'"),
    (["x" * 200, "y"], "is no access log: none of 2 lines can be read", f"'{'x' * 80}'\n"),
    (["", "\x1b[31mred"], "is no access log: none of 2 lines can be read", r"'\x1b[31mred'"),
]


@pytest.mark.parametrize("dry_run", [True, False])
@pytest.mark.parametrize(("lines", "said", "shown"), NO_LOGS)
def test_a_file_that_is_no_log_is_refused_and_leaves_nothing(
    data: Path, tmp_path: Path, lines: list[str], said: str, shown: str, dry_run: bool
) -> None:
    file = tmp_path / "table.csv"
    file.write_text("\n".join(lines))
    words = ("import", "access-log", file, "--site", "example.com", *(["--dry-run"] if dry_run else []))
    failed = pagetally(*words, data=data, check=False)
    assert failed.returncode == 2
    assert f"table.csv {said}" in failed.stderr
    assert shown in failed.stderr
    assert count(data) == {"site": 0}
    assert "table.csv" not in pagetally("import", "list", data=data).stdout


def test_broken_lines_are_counted_however_many_there_are(data: Path, tmp_path: Path) -> None:
    file = tmp_path / "log"
    scanner = '192.0.2.9 - - [17/Nov/2025:10:00:00 +0000] "\\x16\\x03\\x01" 400 0 "-" "-"\n'
    file.write_text(f"{line('/a')}\n" + "broken\n" * 3 + scanner * 2)
    said = pagetally("import", "access-log", file, "--site", "example.com", data=data).stdout
    assert "6 lines: 1 page view, of which 1 count" in said
    assert "2 for something other than a page" in said
    assert "3 broken lines" in said
    assert count(data) == {"/a": 1, "site": 1}


def test_days_that_have_not_come_and_other_virtual_hosts_do_not_count(data: Path, tmp_path: Path) -> None:
    file = tmp_path / "log"
    future = line("/a").replace("2025", "9999")
    hosts = [f"{host}:443 {line('/a')}" for host in ("example.com", "www.example.com", "other.example")]
    hosts += [f"{host} {line('/a')}" for host in ("example.com", "other.example")]
    file.write_text("\n".join([future, *hosts, line("/b")]))
    said = pagetally("import", "access-log", file, "--site", "example.com", data=data).stdout
    assert "1 not counted: future" in said
    assert "2 not counted: host" in said
    assert count(data) == {"/a": 3, "/b": 1, "site": 4}
    reader = SqliteReader(data)
    assert reader.site_count(1).visitors == 1
    reader.close()


def test_gzip_and_standard_input_are_the_same_content(data: Path, log: Path, tmp_path: Path) -> None:
    packed = tmp_path / "access.log.gz"
    packed.write_bytes(gzip.compress(log.read_bytes()))
    pagetally("import", "access-log", packed, "--site", "example.com", data=data)
    assert count(data) == EXPECTED
    command = [sys.executable, "-m", "analytics", "import", "access-log", "-", "--site", "example.com"]
    command += ["--data", str(data)]
    with packed.open("rb") as stream:
        again = subprocess.run(command, stdin=stream, capture_output=True, text=True, check=False)
    assert (again.returncode, "imported already" in again.stderr) == (1, True)
    assert count(data) == EXPECTED


def test_what_another_command_prints_is_imported_once(tmp_path: Path) -> None:
    data, log = tmp_path / "data", tmp_path / "old.log"
    pagetally("site", "add", "example.com", data=data)
    log.write_text("\n".join([line("/a"), line("/b")]))
    command = f"{sys.executable} -m analytics import access-log <(cat {log}) --site example.com --data {data}"
    first, again = (
        subprocess.run(["bash", "-c", command], capture_output=True, text=True, check=False) for _ in range(2)
    )
    assert first.returncode == 0, first.stderr
    assert "2 page views, of which 2 count" in first.stdout
    # Before a stream has ended nobody knows that it is the same content, but that it is of the same time.
    assert (again.returncode, "import 1 (/dev/fd/" in again.stderr) == (1, True)


def test_a_damaged_file_is_named_and_leaves_nothing(data: Path, log: Path, tmp_path: Path) -> None:
    packed = tmp_path / "damaged.gz"
    content = gzip.compress(os.urandom(9_000).hex().encode() + b"\n" + log.read_bytes())
    packed.write_bytes(content[: len(content) // 2])
    failed = pagetally("import", "access-log", packed, "--site", "example.com", data=data, check=False)
    assert (failed.returncode, "damaged.gz is damaged" in failed.stderr) == (2, True)
    words = ("import", "access-log", packed, "--site", "example.com", "--dry-run")
    rehearsed = pagetally(*words, data=data, check=False)
    assert (rehearsed.returncode, "damaged.gz is damaged" in rehearsed.stderr) == (2, True)
    packed.write_bytes(gzip.compress(b""))
    empty = pagetally(*words, data=data, check=False)
    assert (empty.returncode, "damaged.gz is empty" in empty.stderr) == (2, True)
    missing = pagetally("import", "access-log", "no.log", "--site", "example.com", data=data, check=False)
    assert "no.log cannot be read" in missing.stderr
    assert count(data) == {"site": 0}


def long_log(tmp_path: Path, lines: int) -> Path:
    """A log of several blocks."""
    file = tmp_path / "long.log"
    file.write_text("".join(f"{line(f'/{number % 100}')}\n" for number in range(lines)))
    return file


def test_what_was_stored_of_damaged_standard_input_is_taken_back(data: Path, tmp_path: Path) -> None:
    content = bytearray(gzip.compress(long_log(tmp_path, 40_000).read_bytes(), 1))
    content[-len(content) // 4 :: 7] = b"\xff" * len(content[-len(content) // 4 :: 7])
    command = [sys.executable, "-m", "analytics", "import", "access-log", "-", "--site", "example.com"]
    failed = subprocess.run([*command, "--data", str(data)], input=bytes(content), capture_output=True)
    assert failed.returncode == 2
    assert b"standard input is damaged" in failed.stderr
    assert b"Traceback" not in failed.stderr
    assert count(data) == {"site": 0}
    assert "undone" in pagetally("import", "list", data=data).stdout


@pytest.mark.parametrize("ended", ["command", "server", "terminal"])
def test_an_import_that_is_cut_off_leaves_nothing_or_says_what(
    data: Path, tmp_path: Path, start_server: StartServer, ended: str
) -> None:
    server = start_server(data) if ended == "server" else None
    command = [sys.executable, "-m", "analytics", "import", "access-log", "-", "--site", "example.com"]
    process = subprocess.Popen(
        ["nohup", *command, "--data", str(data)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    assert process.stdin is not None
    process.stdin.write(long_log(tmp_path, 20_000).read_bytes())
    process.stdin.flush()
    await_import(data)
    if server is not None:
        server.stop()
    elif ended == "command":
        process.terminate()
        process.wait(timeout=60)  # although its standard input stays open, and silent
    else:
        process.send_signal(signal.SIGHUP)
    said = process.communicate(timeout=60)[1].decode()
    assert "Traceback" not in said
    assert (process.returncode == 0) == (ended == "terminal")
    if ended == "terminal":  # under nohup
        assert count(data)["site"] == 20_000
    elif server is None:
        assert count(data) == {"site": 0}
    else:
        assert "import 1 was cut off, and a part of it counts" in said
        assert "pagetally import undo 1" in said
        looked = pagetally("doctor", data=data, check=False)
        assert looked.returncode == 1
        assert "cut off: pagetally import undo 1 takes it back" in " ".join(looked.stdout.split())
        pagetally("import", "undo", "1", "--yes", data=data)
        assert count(data) == {"site": 0}


@pytest.mark.parametrize("agent", [FIREFOX, GOOGLEBOT])
@pytest.mark.parametrize("meanwhile", [RemoveSite("example.com"), UndoImport(1)])
@pytest.mark.parametrize("step", [WriteImport, EndImport])
def test_an_import_that_is_gone_meanwhile_is_told(
    instance: Instance, tmp_path: Path, agent: str, meanwhile: Command, step: type
) -> None:
    """Whether it had stored views or found none."""

    class Desk:
        """Takes it away before the first views come, or when all are there."""

        def perform(self, command: Command) -> Any:
            if isinstance(command, step):
                while perform(instance, meanwhile):
                    pass
            return perform(instance, command)

    (log := tmp_path / "a.log").write_text(line(agent=agent))
    reader = logreader.LogReader(instance.registry.sites[0], now=NOON)
    is_gone = step is EndImport or agent == FIREFOX
    told = pytest.raises(PagetallyError, match=r"undone (meanwhile|already)") if is_gone else nullcontext()
    with closing(Source(log)) as source, told:
        run_import(Desk(), source, reader, lambda position, lines: None)
    assert {row["state"] for row in instance.reader.imports()} <= ({"undone"} if is_gone else {"done"})


def test_the_number_of_an_import_is_never_given_again(instance: Instance) -> None:
    first = perform(instance, BeginImport("example.com", "access-log", "a.log", "a"))
    perform(instance, RemoveSite("example.com"))
    add_site(instance, "other.example")
    second = perform(instance, BeginImport("other.example", "access-log", "b.log", "b"))
    assert second > first
    with pytest.raises(PagetallyError, match="there is no import 1"):
        perform(instance, UndoImport(first))


@pytest.mark.parametrize("summary", ["{}", None])
def test_what_is_known_of_an_earlier_import(instance: Instance, summary: str | None) -> None:
    """Whether it noted its times, or was cut off before it could."""
    parser = logreader.Parser(instance.registry.sites[0], now=NOON)
    number = perform(instance, BeginImport("example.com", "access-log", "a.log", "a"))
    assert instance.reader.earlier_imports(1) == []
    lines = [line("/a"), line("/b", day="18"), line("/c", day="19"), line("/d", day="19")]
    perform(instance, WriteImport(number, parser.read("\n".join(lines).encode())))
    if summary is None:
        perform(instance, EndImport(number, "a", parser.summary.as_json()))
    (known,) = instance.reader.earlier_imports(1)
    start = 1_763_373_600
    assert (known.views, known.span, known.in_last_second) == (4, Moments(start, start + 2 * 86_400), 2)
    for day in range(20_409, 20_412):
        instance.write(lambda store, day=day: store.erase_day(1, day, ""))  # type: ignore[misc]
    assert instance.reader.earlier_imports(1) == []


def test_imports_of_older_files_keep_their_numbers(tmp_path: Path) -> None:
    """As files were before the numbers of imports were never given again."""
    lay_tables(data := tmp_path / "data", "example.com")
    with closing(sqlite3.connect(data / FILE, isolation_level=None)) as older:
        older.execute("DELETE FROM _sqlite_migrations WHERE name = 'm013_numbers_of_imports'")
        (made,) = older.execute("SELECT sql FROM sqlite_master WHERE name = 'import'").fetchone()
        older.execute("DROP TABLE import")
        older.execute(made.replace(" AUTOINCREMENT", ""))
        row = (7, 1, "access-log", "a.log", "x", NOON, "done", 3, "{}")
        older.execute("INSERT INTO import VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)", row)
    with closing(Instance(data).open()) as instance:
        (kept,) = instance.reader.imports()
        assert tuple(value for name, value in kept.items() if name != "domain") == row
        perform(instance, RemoveSite("example.com"))
        add_site(instance, "other.example")
        assert perform(instance, BeginImport("other.example", "access-log", "b.log", "b")) == 8


def test_a_process_that_dies_while_it_reads_is_an_error(
    instance: Instance, monkeypatch: pytest.MonkeyPatch
) -> None:
    processes = []

    def start() -> subprocess.Popen[bytes]:
        processes.append(start_process())
        return processes[-1]

    start_process = logreader._start
    monkeypatch.setattr(logreader, "_start", start)
    log = logreader.LogReader(instance.registry.sites[0], now=NOON)
    blocks = log.read(f"{line()}\n".encode() for _ in range(100_000))
    assert [hit.path for hit in next(blocks).hits] == ["/a"]
    processes[0].kill()
    with pytest.raises(StoreFailed, match="has ended"):
        list(blocks)


def await_import(data: Path) -> None:
    """Wait until something of an import is stored."""
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        reader = SqliteReader(data)
        with reader.snapshot():
            stored = [row["stored"] for row in reader.imports()]
        reader.close()
        if any(stored):
            return
        threading.Event().wait(0.02)
    pytest.fail("nothing of the import was stored")


def stands(data: Path, state: str) -> bool:
    """Whether the import of `access.log` stands so, in the list of imports and for the doctor."""
    listed, looked = (
        " ".join(pagetally(*words, data=data, check=False).stdout.split())
        for words in (("import", "list"), ("doctor",))
    )
    return f" access.log {state} 3 0 0" in listed and f" 3 views; {state}: pagetally import undo" in looked


def test_what_a_crash_left_is_undone_before_the_file_is_imported_again(
    data: Path, log: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from analytics.logreader import Parser

    monkeypatch.setenv("COLUMNS", "120")
    instance = Instance(data).open()
    number = perform(instance, BeginImport("example.com", "access-log", log.name, fingerprint_file(log)))
    parser = Parser(instance.registry.sites[0], now=system_clock())
    with closing(Source(log)) as source:
        for block in source.read():
            perform(instance, WriteImport(number, parser.read(block)))
    assert stands(data, "under way, or cut off")
    instance.close()
    assert stands(data, "cut off")
    with closing(Instance(data).open()):
        assert stands(data, "cut off")  # though somebody has the folder: it is somebody else
    assert count(data) == EXPECTED
    pagetally("import", "access-log", log, "--site", "example.com", data=data)
    assert count(data) == EXPECTED
    assert "undone" in pagetally("import", "list", data=data).stdout


def test_the_same_address_and_agent_is_one_visitor_a_day(data: Path, tmp_path: Path) -> None:
    file = tmp_path / "log"
    file.write_text(
        "\n".join([line("/a"), line("/b"), line("/a", day="18"), line("/a", address="h.example")])
    )
    pagetally("import", "access-log", file, "--site", "example.com", data=data)
    reader = SqliteReader(data)
    assert reader.site_count(1).visitors == 3
    assert [day.visitors for day in reader.totals_by_day(1, 0, 99_999).values()] == [2, 1]
    reader.close()
    assert b"192.0.2.1" not in b"".join(file.read_bytes() for file in data.glob("*"))


@pytest.mark.skipif(not SHARED_LOG.exists(), reason="the shared access log is not beside this checkout")
def test_a_real_log_gives_the_counts_that_were_found_by_hand(data: Path) -> None:
    words = ("import", "access-log", SHARED_LOG, "--site", "example.com", "--include-bots")
    said = pagetally(*words, data=data).stdout
    assert "10,000 lines: 4,232 page views, of which 4,232 count" in said
    assert "1 broken line\n" in said
    reader = SqliteReader(data)
    days = reader.totals_by_day(1, 0, 99_999)
    assert [totals.visitors for totals in days.values()] == [275, 466, 445, 403]
    top = {page.path: page.views for page in reader.top_pages(1, None, 4)[0]}
    assert top == {"/": 572, "/blog/tags/puppet": 489, "/projects/xdotool": 219, "/robots.txt": 180}
    reader.close()
