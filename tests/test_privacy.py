"""Who a visitor is never reaches the disk, and what could tell is destroyed in time."""

from __future__ import annotations

import contextlib
import hashlib
import ipaddress
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import httpx2
import pytest

from analytics.errors import SiteRemoved
from analytics.instance import Instance
from analytics.model import Totals
from analytics.store import backup
from analytics.store.connect import FILE, open_reader
from analytics.web.app import create_app

from .conftest import CHROME, FIREFOX, Clock, StartServer, add_site, pagetally
from .load import converse, send_view

HOUR = 3_600
DAY = 24 * HOUR
LONGEST_LIFE = 48 * HOUR


def read_all(*folders: Path) -> Iterator[tuple[Path, bytes]]:
    """Every file below the folders, with its bytes."""
    for folder in folders:
        for path in folder.rglob("*"):
            if path.is_file():
                yield path, path.read_bytes()


def find_bytes(needles: list[bytes], *folders: Path) -> list[str]:
    """Which of the needles stand in which files."""
    found = []
    for path, content in read_all(*folders):
        found += [f"{path.name}: {needle!r}" for needle in needles if needle in content]
    return found


# P1: addresses and user agents

VIEWS = 1_000
MARK = "MarkedBrowser"


def address_of(number: int) -> str:
    """Every other visitor has an IPv6 address."""
    if number % 2:
        return f"2001:db8:aa55:{number:x}:dead:beef:{number:x}:77"
    return f"203.0.{113 + number // 250}.{number % 250 + 1}"


def agent_of(number: int) -> str:
    return f"{FIREFOX} {MARK}/{number}.0 (device SM-{number:05d})"


def spellings(address: str) -> list[bytes]:
    """The ways in which an address could be written down, hashed without a key included."""
    value = ipaddress.ip_address(address)
    texts = {str(value), value.exploded, value.packed.hex(), value.packed.hex().upper(), str(int(value))}
    found = [text.encode() for text in texts if len(text) > 7]
    if value.version == 6:
        # Four bytes would be found by chance.
        found.append(value.packed)
    for name in ("md5", "sha1", "sha256", "blake2b"):
        digest = hashlib.new(name, address.encode())
        found += [digest.digest()[:8], digest.hexdigest()[:16].encode()]
    return found


# What all of them begin with, and a sample of them in every spelling.
NEEDLES = [
    b"2001:db8:aa55",
    b"2001:0db8:aa55",
    b"20010db8aa55",
    b"20010DB8AA55",
    bytes.fromhex("20010db8aa55"),
]
NEEDLES += [f"203.0.{113 + number}.".encode() for number in range(4)]
NEEDLES += [needle for number in range(0, VIEWS, 31) for needle in spellings(address_of(number))]
NEEDLES += [MARK.encode(), b"(device SM-", b"Gecko/20100101", b"SM-00001", b"SM-00999"]
NEEDLES += [b"secret-referrer-path", b"ref-token", b"query-mark", b"fragment-mark", b"user-mark", b"id-mark"]


def send_marked(url: str, number: int, client: httpx2.Client) -> None:
    """A view, and now and then junk, of a marked visitor behind a proxy."""
    headers = {"x-forwarded-for": f"6.6.6.6, {address_of(number)}", "user-agent": agent_of(number)}
    event = {
        "u": f"https://user-mark@example.com/page/{number % 7}?query-mark={number}#fragment-mark",
        "r": f"https://news.example/secret-referrer-path?ref-token={number}",
        "id": f"id-mark-{number}",
    }
    assert client.post(f"{url}/api/event", json=event, headers=headers).status_code == 202
    if number % 50 == 0:
        client.post(f"{url}/api/event", content=b"{junk", headers=headers)
        client.get(f"{url}/no/such/page", headers=headers)
        client.get(f"{url}/api/pixel.gif?u=http://[", headers=headers)
        client.post(f"{url}/login", data={"password": "guess"}, headers=headers | {"origin": url})


def test_no_address_and_no_user_agent_reaches_the_disk(tmp_path: Path, start_server: StartServer) -> None:
    folder, aside = tmp_path / "data", tmp_path / "aside"
    aside.mkdir()
    pagetally("site", "add", "example.com", data=folder)
    options = ("--trusted-proxies", "127.0.0.1", "--log-level", "debug")
    server = start_server(folder, *options)
    with httpx2.Client() as client:
        client.post(server.setup_url, data={"password": "long enough for us"}, headers={"origin": server.url})
        for number in range(VIEWS):
            send_marked(server.url, number, client)
        converse(server.port, [f"junk {address_of(1)} {agent_of(1)}\r\n\r\n".encode()])
    pagetally("backup", aside / "backup.db", data=folder)
    exported = aside / "counts.csv"
    pagetally("export", "counters", "--site", "example.com", "--output", exported, data=folder)
    shutil.copytree(folder, aside / "running")
    server.kill()
    assert find_bytes(NEEDLES, folder, aside) == []
    again = start_server(folder, *options)
    assert again.stop() == 0
    assert find_bytes(NEEDLES, folder, aside) == []
    killed_log = server.process.stdout.read() if server.process.stdout else ""
    log = "".join([*server.output, *again.output, killed_log]).encode()
    assert [needle for needle in NEEDLES if needle in log] == []
    # The search finds what is there.
    assert find_bytes([b"news.example"], folder) != []
    assert find_bytes([b"/page/6"], aside) != []
    assert "/page/6" in exported.read_text()


# P2: salts


def salts_on_disk(folder: Path) -> list[bytes]:
    """The salts that are stored just now."""
    with contextlib.closing(open_reader(folder / FILE)) as connection:
        return [bytes(value) for (value,) in connection.execute("SELECT value FROM salt")]


def send_to_sites(instance: Instance, count: int) -> None:
    app = create_app(instance)
    for number in range(count):
        assert send_view(app, f"https://site-{number}.example/").status == 202


@pytest.fixture
def many(instance: Instance) -> Instance:
    """An instance with so many sites that the salts of a day take several pages of the file."""
    for number in range(150):
        add_site(instance, f"site-{number}.example")
    return instance


def test_an_old_salt_is_nowhere_after_48_hours(many: Instance, clock: Clock) -> None:
    send_to_sites(many, 150)
    old = salts_on_disk(many.folder)
    assert len(set(old)) == 150
    assert find_bytes(old, many.folder) != []
    clock.now += DAY
    send_to_sites(many, 40)
    many.purge()
    clock.now += DAY
    send_to_sites(many, 40)
    many.purge()
    assert find_bytes(old, many.folder) == []
    assert len(salts_on_disk(many.folder)) in (40, 80)


def test_an_old_salt_is_nowhere_after_a_start(many: Instance, clock: Clock, tmp_path: Path) -> None:
    """The server was killed, and down for two days."""
    send_to_sites(many, 150)
    old = salts_on_disk(many.folder)
    left = tmp_path / "left"
    shutil.copytree(many.folder, left)
    (left / "lock").unlink()
    clock.now += LONGEST_LIFE
    again = Instance(left, clock=clock).open()
    try:
        assert find_bytes(old, left) == []
    finally:
        again.close()


def test_a_reader_in_the_way_only_puts_it_off(many: Instance, clock: Clock) -> None:
    send_to_sites(many, 20)
    old = salts_on_disk(many.folder)
    clock.now += LONGEST_LIFE
    with many.borrow_reader() as reader:
        reader.sites()
        send_to_sites(many, 1)
        many.purge()
    many.purge()
    assert find_bytes(old, many.folder) == []


def test_memory_forgets_an_old_salt_too(instance: Instance, clock: Clock) -> None:
    send_view(create_app(instance), "https://example.com/")
    clock.now += LONGEST_LIFE
    instance.purge()
    assert instance.salts._salts == {}


def test_a_salt_lasts_as_long_as_its_day(instance: Instance, clock: Clock) -> None:
    """A day of 25 hours, looked after every ten minutes."""
    add_site(instance, "long.example", timezone="Europe/London")
    clock.now = 1_792_882_800  # 2026-10-25 00:00 in London: the clocks go back at two
    app = create_app(instance)
    for _ in range(25 * 6):
        send_view(app, "https://long.example/")
        clock.now += 600
        instance.purge()
    site = instance.registry.find("long.example")
    assert site is not None
    (totals,) = instance.reader.totals_by_day(site.id, 0, 100_000).values()
    assert (totals.views, totals.visitors, totals.visits) == (150, 1, 1)


def test_no_salt_is_in_a_backup(many: Instance, tmp_path: Path) -> None:
    send_to_sites(many, 150)
    salts = salts_on_disk(many.folder)
    (tmp_path / "backups").mkdir()
    backup.save(many.folder / FILE, tmp_path / "backups" / "copy.db")
    assert find_bytes(salts, tmp_path / "backups") == []
    assert [path.name for path in (tmp_path / "backups").iterdir()] == ["copy.db"]


def test_no_salt_is_in_a_backup_that_was_killed(many: Instance, tmp_path: Path) -> None:
    send_to_sites(many, 150)
    salts = salts_on_disk(many.folder)
    program = (
        "import os, sys; from pathlib import Path; from analytics.store import backup;"
        "backup._check = lambda *_: os.kill(os.getpid(), 9);"
        "backup.save(Path(sys.argv[1]), Path(sys.argv[2]))"
    )
    target = tmp_path / "backups" / "copy.db"
    target.parent.mkdir()
    words = [sys.executable, "-c", program, str(many.folder / FILE), str(target)]
    assert subprocess.run(words, check=False).returncode == -signal.SIGKILL
    assert find_bytes(salts, tmp_path / "backups") == []


@pytest.mark.parametrize("how", ["closed", "killed"])
def test_a_start_on_the_same_day_knows_its_visitors(tmp_path: Path, clock: Clock, how: str) -> None:
    first = Instance(tmp_path / "first", clock=clock).open()
    add_site(first, "example.com")
    send_view(create_app(first), "https://example.com/")
    if how == "closed":
        first.close()
    shutil.copytree(first.folder, tmp_path / "second")
    if how == "killed":
        first.close()
    clock.now += 60
    second = Instance(tmp_path / "second", clock=clock).open()
    try:
        send_view(create_app(second), "https://example.com/")
        (totals,) = second.reader.totals_by_day(1, 0, 100_000).values()
    finally:
        second.close()
    assert totals == Totals(views=2, visits=1, visitors=1, bounces=0, duration=60)


def test_a_salt_is_stored_with_its_first_view(instance: Instance) -> None:
    assert salts_on_disk(instance.folder) == []
    send_view(create_app(instance), "https://example.com/")
    assert len(salts_on_disk(instance.folder)) == 1
    send_view(create_app(instance), "https://example.com/two", client="192.0.2.2")
    assert len(salts_on_disk(instance.folder)) == 1


# P3: no links


def visitors(instance: Instance) -> dict[tuple[int, int], set[int]]:
    """The visitors' numbers by site and day."""
    found: dict[tuple[int, int], set[int]] = {}
    for site, day, visitor in instance.reader._connection.execute("SELECT site, day, visitor FROM hit"):
        found.setdefault((site, day), set()).add(visitor)
    return found


def test_nothing_links_a_visitor_over_sites_and_days(instance: Instance, clock: Clock) -> None:
    add_site(instance, "other.example")
    app = create_app(instance)
    for _ in range(3):
        for host in ("example.com", "other.example"):
            for _ in range(2):
                send_view(app, f"https://{host}/", fields={"id": f"{host}-{clock.now}"})
                clock.now += 1
        clock.now += DAY
    found = list(visitors(instance).values())
    assert len(found) == 6
    assert all(len(numbers) == 1 for numbers in found)
    assert len(set.union(*found)) == 6


def test_what_makes_a_visitor(instance: Instance) -> None:
    app = create_app(instance)
    for client in ("192.0.2.1", "192.0.2.2", "2001:db8::1"):
        for agent in (FIREFOX, CHROME):
            for _ in range(2):
                send_view(app, "https://example.com/", client=client, agent=agent)
    (numbers,) = visitors(instance).values()
    assert len(numbers) == 6


def test_whoever_opts_out_leaves_nothing_where_that_is_honoured(instance: Instance) -> None:
    add_site(instance, "polite.example", honour_gpc=True)
    app = create_app(instance)
    for header in ("sec-gpc", "dnt"):
        answer = send_view(app, "https://polite.example/", headers=[(header, "1")])
        assert answer.headers["x-pagetally"] == "dropped; opt-out"
    assert visitors(instance) == {}
    assert salts_on_disk(instance.folder) == []


# A site that is removed leaves nothing to the next one


def remove_site(instance: Instance, domain: str) -> None:
    site = instance.registry.find(domain)
    assert site is not None
    instance.write(lambda store: store.remove_site(site.id))
    instance.reload_sites()


def test_a_new_site_takes_nothing_over_from_a_removed_one(instance: Instance, clock: Clock) -> None:
    add_site(instance, "old.example")
    app = create_app(instance)
    send_view(app, "https://old.example/page")
    old = set.union(*visitors(instance).values())
    remove_site(instance, "old.example")
    new = add_site(instance, "new.example")
    assert instance.presence.count(new.id, clock()) == 0
    send_view(app, "https://new.example/page")
    assert visitors(instance)[new.id, int(clock()) // DAY].isdisjoint(old)


def test_visitors_of_a_new_site_outlive_a_restart(instance: Instance, clock: Clock, tmp_path: Path) -> None:
    add_site(instance, "old.example")
    send_view(create_app(instance), "https://old.example/")
    remove_site(instance, "old.example")
    new = add_site(instance, "new.example")
    send_view(create_app(instance), "https://new.example/")
    shutil.copytree(instance.folder, tmp_path / "again")
    again = Instance(tmp_path / "again", clock=clock).open()
    try:
        send_view(create_app(again), "https://new.example/")
        assert again.reader.site_count(new.id).visitors == 1
    finally:
        again.close()


def test_a_removed_site_leaves_no_bytes(instance: Instance) -> None:
    add_site(instance, "old.example")
    app = create_app(instance)
    for number in range(200):
        send_view(app, f"https://old.example/secret-page-{number}", client=f"192.0.2.{number}")
    instance.fold()
    assert find_bytes([b"secret-page-"], instance.folder) != []
    remove_site(instance, "old.example")
    instance.purge()
    instance.write(lambda store: store.checkpoint(truncate=True))
    assert find_bytes([b"secret-page-"], instance.folder) == []
    assert os.path.exists(instance.folder / FILE)


def test_a_view_on_its_way_while_its_site_goes_is_not_left_over(instance: Instance, clock: Clock) -> None:
    """The view passed the allow-list before the site was removed, and comes to the writer after."""
    from .test_durability import make_hit

    old = add_site(instance, "old.example")
    late = make_hit(1, 1, at=int(clock()), site=old.id)
    remove_site(instance, "old.example")
    with pytest.raises(SiteRemoved):
        instance.write(lambda store: store.write([late]))
    new = add_site(instance, "new.example")
    assert new.id != old.id
    assert instance.reader.site_count(new.id).views == 0
