"""The commands of the owner, as typed."""

from __future__ import annotations

import contextlib
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from unittest.mock import MagicMock

import httpx2
import pytest
from click.testing import CliRunner
from starlette.testclient import TestClient

from analytics import server, wording
from analytics.__main__ import run
from analytics.cli import main
from analytics.config import Config, read_config
from analytics.errors import DataFolderInUse
from analytics.instance import Instance
from analytics.lock import FolderLock, find_owner
from analytics.model import Hit
from analytics.store.connect import FILE
from analytics.web.app import create_app

from .conftest import FIREFOX, GOOGLEBOT, Clock, StartServer, add_site, pagetally
from .load import small_disk


@pytest.fixture(params=["alone", "beside a server"])
def data(request: pytest.FixtureRequest, tmp_path: Path, start_server: StartServer) -> Path:
    """A data folder, with and without a server that owns it."""
    folder = tmp_path / "data"
    if request.param != "alone":
        start_server(folder)
    return folder


def test_sites(data: Path) -> None:
    said = pagetally(
        *("site", "add", "Example.com", "--timezone", "Europe/London"),
        *("--alias", "b.example", "--alias", "www.example.com"),
        data=data,
    )
    assert "example.com is counted from now on; its days are those of Europe/London" in said.stdout
    for line in ('/pt.js"></script>', 'data-pagetally="page-views"', 'data-pagetally="site-views"'):
        assert line in said.stdout
    edited = ("--add-exclude-path", "/admin/*", "--add-exclude-path", "/feed.xml", "--honour-gpc")
    assert changes(data, *edited) == [
        "example.com is changed:",
        "  excluded: not set -> /admin/* /feed.xml",
        "  GPC and DNT: not set -> honoured",
    ]
    assert changes(data, "--add-exclude-path", "/b", "--remove-exclude-path", "/feed.xml") == [
        "example.com is changed:",
        "  excluded: /admin/* /feed.xml -> /admin/* /b",
    ]
    # What is kept of a list is canonical; in the words in which it was added it is taken out, too.
    assert changes(data, "--add-exclude-path", "/c/", "--add-alias", "C.example")[1:] == [
        "  aliases: b.example -> b.example c.example",
        "  excluded: /admin/* /b -> /admin/* /b /c",
    ]
    assert changes(data, "--remove-exclude-path", "/c/", "--remove-alias", "C.example")[1:] == [
        "  aliases: b.example c.example -> b.example",
        "  excluded: /admin/* /b /c -> /admin/* /b",
    ]
    assert changes(data, "--exclude-path", "/admin/*")[1:] == ["  excluded: /admin/* /b -> /admin/*"]
    assert changes(data, "--honour-gpc") == ["example.com is as it was."]
    failed = pagetally("site", "edit", "example.com", "--remove-alias", "c.example", data=data, check=False)
    assert failed.stderr.endswith("'c.example' is not among what is set\nSet: b.example.\n")
    assert shown_sites(data) == [
        "example.com  Europe/London",
        "  aliases: b.example",
        "  excluded: /admin/*",
        "  GPC and DNT: honoured",
    ]
    unchanged = pagetally("site", "edit", "example.com", data=data).stdout.splitlines()
    assert unchanged == ["Nothing was given to change. What is set:", *shown_sites(data)]
    emptied = ("--remove-alias", "b.example", "--exclude-path", "", "--ignore-gpc")
    pagetally("site", "edit", "b.example", *emptied, data=data)
    assert shown_sites(data) == ["example.com  Europe/London"]
    pagetally("site", "edit", "example.com", "--domain", "new.example", "--count-bots", data=data)
    assert shown_sites(data) == ["new.example  Europe/London", "  aliases: example.com", "  bots: counted"]
    pagetally("site", "remove", "new.example", "--yes", data=data)
    assert shown_sites(data) == []


def changes(data: Path, *words: str) -> list[str]:
    return pagetally("site", "edit", "example.com", *words, data=data).stdout.splitlines()


def shown_sites(data: Path) -> list[str]:
    return pagetally("site", "list", data=data).stdout.splitlines()


def test_an_alias_that_another_site_has_is_refused_or_told(instance: Instance) -> None:
    add_site(instance, "there.example", aliases=("shared.example",))
    add_site(instance, "new.example")
    instance.close()

    def edit(domain: str, *words: str) -> tuple[int, str]:
        done = CliRunner().invoke(main, ["site", "edit", domain, *words, "--data", str(instance.folder)])
        return done.exit_code, done.output

    code, said = edit("new.example", "--alias", "www.shared.example")
    assert (code, "shared.example is an alias of there.example already" in said) == (1, True)
    # A domain may be an alias elsewhere, so that one page counts for both; it is told who counts it else.
    code, said = edit("new.example", "--alias", "there.example")
    assert (code, "there.example is a site of its own" in said) == (0, True)
    assert 'data-site="there.example,new.example"' in said
    assert edit("there.example", "--ignore-gpc")[0] == 0
    assert "Beware" not in edit("new.example", "--alias", "own.example")[1]


def test_a_site_is_found_by_its_name_in_any_script(instance: Instance) -> None:
    add_site(instance, "bücher.example")
    instance.close()
    for name in ("bücher.example", "BÜCHER.example", "xn--bcher-kva.example"):
        done = CliRunner().invoke(main, ["stats", name, "--data", str(instance.folder)])
        assert (done.exit_code, done.output.startswith("No views yet")) == (0, True)


HUGE = "9" * 23
INSIDE = "http://127.0.0.1:1/"
PULL = ("--protocol", "vercount", "--site", "there.example")

WRONG = [
    (("site", "add", "https://example.com/"), 2, "is not a host name"),
    (("site", "add", "exa mple"), 2, "is not a host name"),
    (("site", "add", "example.com", "--timezone", "Mars/Base"), 2, "is not a time zone"),
    (("site", "add", ".."), 2, "is not a host name"),
    (("site", "add", "a..example"), 2, "is not a host name"),
    (("site", "add", "[fd00]"), 2, "is not a host name"),
    (("site", "add", "example.com", "--timezone", "posixrules"), 2, "is not a time zone"),
    (("site", "add", "example.com", "--timezone", "localtime"), 2, "is not a time zone"),
    (("site", "add", "example.com", "--timezone", "Factory"), 2, "is not a time zone"),
    (("site", "add", "example.com", "--timezone", "right/UTC"), 2, "is not a time zone"),
    (("site", "add", "example.com", "--exclude-address", "x"), 2, "is not an address"),
    (("site", "add", "example.com", "--exclude-path", "admin"), 2, "must begin with"),
    (("site", "add", "example.com", "--foreign-id", "badge:me/repo"), 2, "names no protocol"),
    (("site", "add", "example.com", "--foreign-id", "umami:"), 2, "names no protocol"),
    (("site", "edit", "none.example"), 2, "is not known here"),
    (
        ("site", "add", "www.there.example"),
        1,
        "there.example is counted already\nSee what is set, or change it: pagetally site edit there.",
    ),
    (("site", "add", "alias.example"), 1, "alias.example is counted already, as there.example\n"),
    (("site", "remove", "there.example"), 1, "say so with --yes"),
    (("site", "list", "--data", ""), 2, "it is empty"),
    (("serve", "--port", "0", "--host", "192.0.2.1"), 1, "Choose another with --host."),
    (("backup", "/nonexistent/x.db"), 1, "the folder /nonexistent does not exist"),
    (("backup", ""), 2, "file: is empty"),
    (("import", "pull", INSIDE, *PULL, "--sitemap", INSIDE), 2, "url: 127.0.0.1 is no public address"),
    (("stats", "none.example"), 2, "is not known here"),
    (("counter", "add", "--views=-+5"), 2, "'-+5' is no number; write 18815 or 18,815, up to 1,000"),
    (("counter", "set", "--views", "1;2"), 2, "'1;2' is no number; write 18815 or 18,815, up to 1,000"),
    (("counter", "add", "--views", "-9" + "0" * 15), 2, "is no number; write 18815 or 18,815, up to 1,000"),
    (("stats",), 2, "site: is required\nSites: other.example, there.example.\n"),
    (("counter", "set", "--views", "5"), 2, "site: is required\nSites: other.example, there.example.\n"),
    (("stats", "there.example", "--period", "1y"), 2, "Invalid value"),
    (("import", "access-log", "x", "--site", "none.example"), 2, "is not known here"),
]


def test_wrong_input_is_a_sentence(tmp_path: Path) -> None:
    data = tmp_path / "data"
    assert pagetally("site", "add", "a.example", "--timezone", "Mars/B", data=data, check=False).returncode
    assert not data.exists()
    pagetally("site", "add", "there.example", "--alias", "alias.example", data=data)
    pagetally("site", "add", "other.example", data=data)
    for words, code, said in WRONG:
        failed = pagetally(*words, data=None if "--data" in words else data, check=False)
        assert (failed.returncode, said in failed.stderr) == (code, True), (words, failed.stderr)
        assert "Traceback" not in failed.stderr


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("counter", "undo", HUGE), f"there is none of the number {HUGE}"),
        (("token", "remove", HUGE), f"there is none of the number {HUGE}"),
        (("import", "undo", HUGE), f"there is none of the number {HUGE}"),
        (("site", "edit", "example.com", "--cooldown", HUGE), ""),
        (("site", "edit", "example.com", "--keep-days", HUGE), ""),
    ],
)
def test_a_number_beyond_those_of_the_database_is_a_sentence(
    data: Path, words: tuple[str, ...], said: str
) -> None:
    pagetally("site", "add", "example.com", data=data)
    failed = pagetally(*words, data=data, check=False)
    assert (failed.returncode, said in failed.stderr) == (2, True), failed.stderr
    assert "Traceback" not in failed.stderr


def test_a_question_without_standard_input_is_a_sentence(instance: Instance) -> None:
    words = ("erase", "example.com", "--path", "/a", "--data", str(instance.folder))
    failed = subprocess.run(
        ["sh", "-c", '"$@" <&-', "sh", sys.executable, "-m", "analytics", *words],
        capture_output=True,
        text=True,
    )
    assert (failed.returncode, "say so with --yes" in failed.stderr) == (1, True), failed.stderr


def test_an_interrupt_while_the_modules_load_is_quiet(monkeypatch: pytest.MonkeyPatch) -> None:
    class Loading(ModuleType):
        def __getattr__(self, name: str) -> object:
            raise KeyboardInterrupt

    monkeypatch.setitem(sys.modules, "analytics.cli", Loading("analytics.cli"))
    with pytest.raises(SystemExit) as ended:
        run()
    assert ended.value.code == 130


def test_a_password_comes_through_a_pipe_where_nobody_types(tmp_path: Path) -> None:
    words = ["password", "--data", str(tmp_path)]
    pagetally("site", "add", "example.com", data=tmp_path)
    for piped, code, said in (
        (b"long enough\n", 0, "is changed"),
        (b"short\n", 2, "password: is shorter"),
        (b"", 2, "password: is required"),
        (b"b\xfccherfreund\n", 2, "password: is not UTF-8"),
    ):
        done = CliRunner().invoke(main, words, input=piped)
        assert (done.exit_code, said in done.output) == (code, True), done.output
        assert "Warning" not in done.output


def test_an_empty_folder_is_named(tmp_path: Path) -> None:
    for words in (
        ("stats", "x"),
        ("site", "list"),
        ("doctor",),
        ("recount", "--check"),
        ("recount",),
        ("backup", str(tmp_path / "b")),
        ("import", "undo", "1"),
        ("counter", "undo", "1"),
        ("token", "remove", "1"),
        ("rule", "undo", "1"),
        ("password", "--password", "long enough"),
    ):
        failed = CliRunner().invoke(main, [*words, "--data", str(tmp_path / "none")])
        assert (failed.exit_code, "there is no Pagetally database in" in failed.output) == (1, True), words
    assert not (tmp_path / "none").exists()


def test_a_new_folder_is_told(tmp_path: Path) -> None:
    for domain, is_told in (("a.example", True), ("b.example", False)):
        done = CliRunner().invoke(main, ["site", "add", domain, "--data", str(tmp_path / "new")])
        assert (done.exit_code, f"new data folder is made: {tmp_path / 'new'}" in done.output) == (0, is_told)


def test_a_folder_belongs_to_one_server(tmp_path: Path, start_server: StartServer) -> None:
    server = start_server()
    second = pagetally("serve", "--port", "0", data=server.data, check=False)
    assert second.returncode == 1
    assert f"is in use by another process (pid {server.process.pid})" in second.stderr


def test_a_folder_belongs_to_one_server_whose_lock_file_was_deleted(start_server: StartServer) -> None:
    server = start_server()
    (server.data / "lock").unlink()
    second = pagetally("serve", "--port", "0", data=server.data, check=False)
    assert (second.returncode, "is in use by another process" in second.stderr) == (1, True)
    assert "held by process" in pagetally("doctor", data=server.data, check=False).stdout


def test_what_another_left_in_the_lock_file_is_not_taken_for_the_command(tmp_path: Path) -> None:
    """Whoever takes the folder writes over it first, and cuts it off then."""
    held = FolderLock(tmp_path).acquire()
    (tmp_path / "lock").write_text("7\n45 pagetally import access-log\n")
    assert find_owner(tmp_path) == ("7", "")
    held.release()
    assert find_owner(tmp_path) is None


def test_a_server_waits_again_where_the_next_command_was_quicker(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    held: list[FolderLock] = []

    def await_command(folder: Path, say: object) -> None:
        if held:
            held[0].release()
        else:
            held.append(FolderLock(folder, "pagetally import access-log").acquire())

    monkeypatch.setattr(server, "await_command", await_command)
    config = read_config({"data": str(tmp_path / "data"), "port": "0", "host": "127.0.0.1"}, {})
    instance, listener = server.take_place(config, print)
    try:
        # Another server does not wait for this one.
        with pytest.raises(DataFolderInUse):
            server.take_place(config, print)
    finally:
        instance.close()
        listener.close()


def test_a_server_waits_for_a_command_that_ends(tmp_path: Path) -> None:
    pagetally("site", "add", "example.com", data=(data := tmp_path / "data"))
    words = ["import", "access-log", "-", "--site", "example.com", "--data", str(data)]
    command = [sys.executable, "-m", "analytics", *words]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL) as importing:
        assert importing.stdin is not None
        importing.stdin.write(b'1.2.3.4 - - [17/May/2015:10:05:03 +0000] "GET /a HTTP/1.1" 200 1\n')
        importing.stdin.flush()
        deadline = time.monotonic() + 60
        # At first the file may still name whoever had the folder before.
        while not ((owner := find_owner(data)) and owner.process == str(importing.pid)):
            assert time.monotonic() < deadline
        known = f"in use by `pagetally import access-log` (pid {importing.pid})"
        assert str(owner) == known.removeprefix("in use by ")
        other = pagetally("site", "add", "other.example", data=data, check=False)
        assert (other.returncode, known in other.stderr) == (1, True)
        assert "Wait until it is done" in other.stderr
        looked = " ".join(pagetally("doctor", data=data, check=False).stdout.split())
        held = f"ok lock held by process {importing.pid}, pagetally import access-log ok server not running"
        assert held in looked
        serve = [sys.executable, "-m", "analytics", "serve", "--port", "0", "--data", str(data)]
        server = subprocess.Popen(serve, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        try:
            assert server.stdout is not None
            said = server.stdout.readline()
            assert f"{known}: the server starts when that is done." in said
            importing.stdin.close()
            assert server.stdout.readline().startswith("Pagetally listens on ")
        finally:
            server.terminate()
            server.communicate(timeout=30)
    assert importing.returncode == 0


def test_a_taken_port_is_a_sentence(tmp_path: Path, start_server: StartServer) -> None:
    server = start_server()
    second = pagetally("serve", "--port", server.port, data=tmp_path / "other", check=False)
    assert (second.returncode, f"cannot listen on 127.0.0.1:{server.port}" in second.stderr) == (1, True)


@pytest.mark.parametrize(
    "words",
    [
        ("stats",),
        ("top", "--once"),
        ("popular",),
        ("goal", "list"),
        ("segment", "list"),
        ("rule", "list"),
        ("export", "counters"),
        ("counter", "add", "/a", "--views", "1", "--yes"),
    ],
)
def test_the_only_site_need_not_be_named(instance: Instance, words: tuple[str, ...]) -> None:
    instance.close()
    done = CliRunner().invoke(main, [*words, "--data", str(instance.folder)])
    assert done.exit_code == 0, done.output


def test_stats_show_what_the_counters_say(data: Path) -> None:
    pagetally("site", "add", "example.com", data=data)
    log = data.parent / "log"
    now = time.strftime("%d/%b/%Y:%H:%M:%S +0000", time.gmtime())
    rows = (("/a", "-"), ("/a", "https://news.example/x"), ("/b[bold]", "-"))
    log.write_text(
        "".join(
            f'192.0.2.{n} - - [{now}] "GET {path} HTTP/1.1" 200 1 "{ref}" "{FIREFOX}"\n'
            for n, (path, ref) in enumerate(rows)
        )
    )
    pagetally("import", "access-log", log, "--site", "example.com", data=data)
    for period in ("today", "7d", "30d", "90d", "12mo", "all"):
        shown = " ".join(pagetally("stats", "example.com", "--period", period, data=data).stdout.split())
        assert "3 3 3 100% 0s" in shown, period
        assert "/a 2 2 /b[bold] 1 1" in shown
        assert "direct or unknown 2 2 news.example 1 1" in shown


def test_stats_compare_with_the_period_before_where_it_was_counted(data: Path) -> None:
    pagetally("site", "add", "example.com", data=data)
    log, now = data.parent / "log", time.time()
    # Yesterday one visitor stays for a page and one for two; today there is one who stays for a page.
    rows = ((86_400, 1, "/a"), (86_400, 2, "/a"), (86_400, 2, "/b"), (0, 1, "/a"))
    stamps = [time.strftime("%d/%b/%Y:%H:%M:%S +0000", time.gmtime(now - ago)) for ago, _, _ in rows]
    log.write_text(
        "".join(
            f'192.0.2.{n} - - [{stamp}] "GET {path} HTTP/1.1" 200 1 "-" "{FIREFOX}"\n'
            for stamp, (_, n, path) in zip(stamps, rows, strict=True)
        )
    )
    pagetally("import", "access-log", log, "--site", "example.com", data=data)
    today = pagetally("stats", "example.com", "--period", "today", data=data).stdout
    assert "−67% −50% −50% +50 points" in " ".join(today.split())
    assert "Counted since" not in today
    assert f"Compared with {wording.weekday(int(now) // 86_400 - 1)} until " in today
    month = pagetally("stats", "example.com", data=data).stdout
    yesterday = wording.date(int(now) // 86_400 - 1)
    assert f"Counted since {yesterday}\n" in month
    assert "points" not in month
    assert "Compared with" not in month


def test_stats_of_a_site_without_views_say_how_to_begin(data: Path) -> None:
    pagetally("site", "add", "example.com", data=data)
    shown = pagetally("stats", "example.com", data=data).stdout
    assert shown.startswith("No views yet")
    assert "/pt.js" in shown
    assert "top pages" not in shown


def test_stats_of_a_site_without_views_say_why_those_that_came_did_not_count(
    instance: Instance, clock: Clock
) -> None:
    clock.now = time.time()
    add_site(instance, "localhost")
    client = TestClient(create_app(instance), headers={"user-agent": GOOGLEBOT})
    for _ in range(2):
        client.post("/api/event", json={"u": "http://localhost/"})
    instance.flush_tallies()
    instance.close()
    shown = CliRunner().invoke(main, ["stats", "localhost", "--data", str(instance.folder)]).output
    assert shown.endswith("What came and did not count: bot (2 views).\n")
    assert "data-everywhere" in shown


def test_help_is_not_cut_off() -> None:
    for words in ((), ("site",), ("import",)):
        assert "..." not in pagetally(*words, "--help").stdout.replace("[ARGS]...", "")


BROKEN = (
    ("doctor",),
    ("stats", "example.com"),
    ("site", "list"),
    ("site", "add", "b.example"),
    ("recount",),
    ("recount", "--check"),
    ("backup", "copy.db"),
)


def break_text(file: Path) -> None:
    file.write_text("no database, but a text that is long enough to be looked at")


def break_pages(file: Path) -> None:
    file.write_bytes(file.read_bytes()[:4096] + b"Z" * 200_000)


def break_kind(file: Path) -> None:
    file.unlink()
    file.mkdir()


@pytest.mark.parametrize("harm", [break_text, break_pages, break_kind])
def test_a_file_that_is_no_database_is_a_sentence(
    instance: Instance, monkeypatch: pytest.MonkeyPatch, harm: Callable[[Path], None]
) -> None:
    instance.close()
    monkeypatch.chdir(instance.folder.parent)
    harm(instance.folder / FILE)
    for words in BROKEN:
        done = CliRunner().invoke(main, [*words, "--data", str(instance.folder)])
        assert isinstance(done.exception, SystemExit), (words, done.exception)
        assert done.exit_code == 1
        if words == ("doctor",):
            assert "look  database" in done.output
        else:
            assert done.output.startswith("Error: "), words
    assert not Path("copy.db").exists()


def test_a_server_on_a_file_that_is_no_database_is_a_sentence(tmp_path: Path) -> None:
    break_text(tmp_path / FILE)
    failed = pagetally("serve", "--port", "0", data=tmp_path, check=False)
    assert (failed.returncode, "the database is damaged" in failed.stderr) == (1, True)
    assert "Traceback" not in failed.stderr


def test_a_backup_that_cannot_be_written_is_a_sentence(instance: Instance, tmp_path: Path) -> None:
    folder = ["--data", str(instance.folder)]
    done = CliRunner().invoke(main, ["backup", "/proc/copy.db", *folder])
    assert done.output.startswith("Error: /proc/copy.db.part cannot be used: ")
    assert done.exit_code == 1
    with small_disk(tmp_path / "small", "64k") as disk:
        done = CliRunner().invoke(main, ["backup", str(disk / "copy.db"), *folder])
        assert done.output.startswith("Error: the disk is full\nFree some space")
        assert (done.exit_code, list(disk.iterdir())) == (1, [])


def test_doctor_knows_who_has_the_folder(tmp_path: Path, start_server: StartServer) -> None:
    server = start_server(tmp_path)
    pid = server.process.pid
    said = " ".join(pagetally("doctor", data=tmp_path).stdout.split())
    assert f"ok lock held by process {pid} ok server running" in said
    (tmp_path / "control").rename(tmp_path / "elsewhere")
    silent = pagetally("doctor", data=tmp_path, check=False)
    assert silent.returncode == 1
    assert f"look server process {pid} takes no commands" in " ".join(silent.stdout.split())
    (tmp_path / "elsewhere").rename(tmp_path / "control")
    server.stop()
    for left in (b"/nonexistent", b"\xff\0", b"/a\0b"):
        (tmp_path / "control").write_bytes(left)
        said = " ".join(pagetally("doctor", data=tmp_path).stdout.split())
        assert "ok lock free ok server not running" in said


def test_doctor(data: Path) -> None:
    pagetally("site", "add", "example.com", data=data)
    said = pagetally("doctor", data=data).stdout
    for words in (
        "SQLite",
        "journal mode",
        "wal",
        "synchronous",
        "full",
        "free disk",
        "readable by its owner only",
    ):
        assert words in said


def test_a_backup_is_whole_and_can_be_restored(data: Path, tmp_path: Path) -> None:
    pagetally("site", "add", "example.com", data=data)
    copy = tmp_path / "copy" / "pagetally.db"
    copy.parent.mkdir()
    assert "0 hits, checked" in pagetally("backup", copy, data=data).stdout
    assert copy.stat().st_mode & 0o777 == 0o600
    assert "is there already" in pagetally("backup", copy, data=data, check=False).stderr
    assert "example.com" in pagetally("site", "list", data=copy.parent).stdout
    assert "delete, until the next start" in pagetally("doctor", data=copy.parent).stdout


def test_recount_finds_what_is_wrong_and_mends_it(instance: Instance) -> None:
    hits = [
        Hit(1, 20_000, 1_728_000_000 + n, n % 3, 0, "", f"/{n % 5}", "", "", None, None) for n in range(50)
    ]
    instance.write(lambda store: store.write(hits))
    instance.fold()
    instance.rollup()
    run = instance.write(lambda store: store._connection)
    before = {
        table: run.execute(f"SELECT * FROM {table}").fetchall() for table in ("visit", "page_day", "site_day")
    }
    run.execute("UPDATE page_day SET views = views + 1 WHERE path = 1")
    run.execute("UPDATE visit SET views = views + 1")
    run.execute("DELETE FROM page_total")
    folder = instance.folder
    instance.close()
    wrong = pagetally("recount", "--check", data=folder, check=False)
    assert wrong.returncode == 1
    for what in ("visits", "pages", "page totals"):
        assert what in wrong.stdout
    pagetally("recount", data=folder)
    assert "no difference" in pagetally("recount", "--check", data=folder).stdout
    again = sqlite3.connect(folder / "pagetally.db")
    after = {table: again.execute(f"SELECT * FROM {table}").fetchall() for table in before}
    again.close()
    assert after == before


def test_a_new_password_ends_sessions(tmp_path: Path, start_server: StartServer) -> None:
    server = start_server()
    home = {"origin": server.url}
    with httpx2.Client(base_url=server.url, headers=home) as client:
        done = client.post(server.setup_url, data={"password": "first password"})
        assert done.status_code == 303
        assert client.get("/").status_code == 200
        pagetally("password", "--password", "second password", data=server.data)
        assert client.get("/").status_code == 303
        assert client.post("/login", data={"password": "first password"}).status_code == 401
        assert client.post("/login", data={"password": "second password"}).status_code == 303
        assert client.get("/").status_code == 200


def test_removing_a_site_removes_its_rows(instance: Instance) -> None:
    add_site(instance, "stays.example")
    for site in (1, 2):
        hit = Hit(site, 20_000, 1_728_000_000, 5, 0, "", "/x", "", "", None, None)
        instance.write(lambda store, hit=hit: store.write([hit]))
    instance.fold()
    instance.write(lambda store: store.remove_site(1))
    instance.reload_sites()
    assert [site.domain for site in instance.registry.sites] == ["stays.example"]
    assert instance.reader.site_count(1).views == 0
    assert instance.reader.site_count(2).views == 1
    assert [text for text in instance.reader.differences() if text] == []


def test_a_database_of_an_earlier_version_is_told(tmp_path: Path) -> None:
    data = tmp_path / "data"
    pagetally("site", "add", "example.com", data=data)
    with contextlib.closing(sqlite3.connect(data / "pagetally.db")) as connection, connection:
        connection.execute("DELETE FROM _sqlite_migrations WHERE name = 'm008_released'")
    done = pagetally("site", "list", data=data, check=False)
    assert done.returncode == 1
    assert "is of an earlier version" in done.stderr
    assert "pagetally serve" in done.stderr


@pytest.mark.parametrize(
    "words", [("site", "list"), ("recount", "--check"), ("doctor",), ("serve", "--port", "0")]
)
def test_a_database_of_a_newer_version_is_refused(tmp_path: Path, words: tuple[str, ...]) -> None:
    data = tmp_path / "data"
    pagetally("site", "add", "example.com", data=data)
    with contextlib.closing(sqlite3.connect(data / "pagetally.db")) as connection, connection:
        connection.execute(
            "INSERT INTO _sqlite_migrations (migration_set, name) VALUES ('pagetally', 'm999_later')"
        )
    done = pagetally(*words, data=data, check=False)
    assert done.returncode == 1
    assert "was written by a newer Pagetally (m999_later)\nInstall that version" in done.stderr


def test_a_server_loads_by_itself_what_first_comers_would_wait_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    loaded, found = threading.Event(), []
    monkeypatch.setattr(server, "prepare", loaded.set)
    monkeypatch.setattr(server, "_run", lambda *_: found.append(loaded.wait(10)))
    # What it sets for its whole process, which is the tests' here.
    for name in ("signal", "gc"):
        monkeypatch.setattr(server, name, MagicMock())
    monkeypatch.setattr("sys.setswitchinterval", lambda _: None)
    server.serve(Config(data=tmp_path, port=0), say=lambda _: None)
    assert found == [True]
