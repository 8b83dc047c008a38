"""Who may see and change what: nobody but the owner, and nobody from another site."""

from __future__ import annotations

import asyncio
import re
import socket
import stat
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import httpx2
import pytest
from starlette.testclient import TestClient

from analytics.errors import PagetallyError
from analytics.instance import SECRET_BYTES, Instance
from analytics.passwords import hash_password
from analytics.web.app import create_app
from analytics.web.auth import read_next

from .conftest import FIREFOX, Clock, StartServer, pagetally
from .load import Answer, Headers, ask, ask_async

PASSWORD = "long enough for us"
OURS: Headers = [("origin", "http://localhost"), ("host", "localhost")]


FORM = ("content-type", "application/x-www-form-urlencoded")


def post_password(
    app: Any, target: str, password: str = PASSWORD, headers: Headers = OURS, client: str = "192.0.2.1"
) -> Answer:
    """A form with a password, from a page of ours unless `headers` say otherwise."""
    body = "password=" + password.replace(" ", "+")
    return ask(app, "POST", target, headers=[FORM, *headers], body=body.encode(), client=client)


def cookie_of(answer: Answer) -> Headers:
    """The cookie that an answer sets, as the next request's header."""
    return [("cookie", answer.headers["set-cookie"].partition(";")[0])]


def is_signed_in(app: Any, cookie: Headers) -> bool:
    return ask(app, "GET", "/", headers=cookie).status == 200


@pytest.fixture
def app(instance: Instance) -> Any:
    """An app that has no password yet."""
    return create_app(instance)


@pytest.fixture
def owned(app: Any) -> Any:
    """An app whose owner has set a password."""
    assert post_password(app, f"/setup/{app.state.owner.setup_token}").status == 303
    return app


# S8: a fresh install


def test_a_fresh_install_is_closed(tmp_path: Path, start_server: StartServer) -> None:
    server = start_server()
    folder = tmp_path / "data"
    modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in folder.iterdir()}
    assert modes["secret"] == modes["pagetally.db"] == modes["control"] == modes["lock"] == 0o600
    assert f"The data is in {folder}\n" in [server._read_until("The data"), *server.output]
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert len((folder / "secret").read_bytes()) == SECRET_BYTES
    with httpx2.Client(base_url=server.url, headers={"origin": server.url}) as client:
        assert client.get("/").headers["location"] == "/login"
        for password in ("", "admin", "password", "pagetally"):
            answer = client.post("/login", data={"username": "admin", "password": password})
            assert "set-cookie" not in answer.headers
        assert client.post("/setup/guess", data={"password": PASSWORD}).status_code == 404
        assert client.get("/").status_code == 303


def test_it_listens_on_this_machine_only(start_server: StartServer) -> None:
    server = start_server()
    rows = [line.split() for line in Path("/proc/net/tcp").read_text().splitlines()[1:]]
    listening = {row[1].partition(":")[0] for row in rows if row[3] == "0A" and _port(row) == server.port}
    loopback = f"{int.from_bytes(socket.inet_aton('127.0.0.1'), 'little'):08X}"
    assert listening == {loopback}


def _port(row: list[str]) -> int:
    return int(row[1].partition(":")[2], 16)


def test_each_install_has_a_secret_and_a_token_of_its_own(tmp_path: Path) -> None:
    instances = [Instance(tmp_path / name).open() for name in ("one", "two")]
    tokens = [create_app(instance).state.owner.setup_token for instance in instances]
    for instance in instances:
        instance.close()
    assert instances[0].secret != instances[1].secret
    assert tokens[0] != tokens[1]
    # 24 random bytes in base64 are 32 characters.
    assert min(map(len, tokens)) >= 32


@pytest.mark.parametrize("left", [b"", b"\0", b"x" * 31], ids=["nothing", "a byte", "one too few"])
def test_half_a_secret_is_never_used(tmp_path: Path, left: bytes) -> None:
    """What a crash or a full disk can leave of the first start."""
    folder = tmp_path / "data"
    folder.mkdir()
    (folder / "secret").write_bytes(left)
    instance = Instance(folder)
    try:
        secret = instance.open().secret
    except PagetallyError as error:
        # To refuse would do as well.
        assert "secret" in str(error)
        return
    instance.close()
    assert len(secret) == SECRET_BYTES
    assert secret != left


def test_the_secret_outlives_a_restart(tmp_path: Path) -> None:
    secrets = []
    for _ in range(2):
        instance = Instance(tmp_path / "data").open()
        secrets.append(instance.secret)
        instance.close()
    assert secrets[0] == secrets[1]


# Setting the first password


def test_the_setup_address_works_once(app: Any) -> None:
    token = app.state.owner.setup_token
    assert ask(app, "GET", f"/setup/{token}").status == 200
    other = token[:-1] + ("A" if token.endswith("_") else "_")
    assert post_password(app, f"/setup/{other}").status == 404
    first = post_password(app, f"/setup/{token}")
    assert first.status == 303
    assert is_signed_in(app, cookie_of(first))
    assert ask(app, "GET", f"/setup/{token}").status == 404
    again = post_password(app, f"/setup/{token}", "the password of a thief")
    assert again.status == 404
    assert "set-cookie" not in again.headers
    assert app.state.owner.setup_token == ""
    assert post_password(app, "/login").status == 303


def test_the_setup_address_works_once_for_many_at_the_same_time(app: Any) -> None:
    target = f"/setup/{app.state.owner.setup_token}"

    async def post_together() -> list[Answer]:
        bodies = [f"password=the+password+of+{name}".encode() for name in ("Ada", "Bob", "Eve")]
        headers = [FORM, *OURS]
        posts = [ask_async(app, "POST", target, headers=headers, body=body) for body in bodies]
        return await asyncio.gather(*posts)

    answers = asyncio.run(post_together())
    assert sorted(answer.status for answer in answers) == [303, 404, 404]
    assert sum("set-cookie" in answer.headers for answer in answers) == 1


@pytest.mark.parametrize("password", ["", "short", "x" * 201])
def test_a_password_that_will_not_do_changes_nothing(app: Any, instance: Instance, password: str) -> None:
    answer = post_password(app, f"/setup/{app.state.owner.setup_token}", password)
    assert answer.status == 400
    assert instance.password == ""


def test_signing_out_ends_a_copied_session_and_a_stranger_cannot_do_it(
    owned: Any, instance: Instance
) -> None:
    copied, mine = (cookie_of(post_password(owned, "/login")) for _ in range(2))
    assert ask(owned, "POST", "/logout", headers=OURS).status == 303
    assert is_signed_in(owned, mine)
    assert ask(owned, "POST", "/logout", headers=[*OURS, *mine]).status == 303
    assert not is_signed_in(owned, mine)
    assert not is_signed_in(owned, copied)
    # Nor do they come back with a restart; the password stays.
    assert instance.write(lambda store: store.read_password()) == (instance.password, instance.password_epoch)
    assert is_signed_in(owned, cookie_of(post_password(owned, "/login")))


# S5: from other sites

EVIL = [
    [("origin", "https://evil.example")],
    [("origin", "null")],
    [],
    [("origin", "http://localhost.evil.example")],
    [("origin", "http://evil.example/localhost")],
    [("origin", "http://localhost:8080")],
    [("origin", "localhost")],
    [("origin", "://localhost"), ("sec-fetch-site", "cross-site")],
    [("origin", "http://localhost"), ("sec-fetch-site", "cross-site")],
    [("origin", "http://localhost"), ("sec-fetch-site", "same-site")],
    [("referer", "http://localhost/setup")],
    [("origin", "https://evil.example"), ("x-forwarded-host", "evil.example")],
]
KINDS = ["application/x-www-form-urlencoded", "text/plain", "multipart/form-data; boundary=x"]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("evil", EVIL)
def test_no_other_site_changes_anything(instance: Instance, evil: Headers, kind: str) -> None:
    app = create_app(instance)
    headers = [("host", "localhost"), ("content-type", kind), *evil]
    body = b"password=" + PASSWORD.replace(" ", "+").encode()
    token = app.state.owner.setup_token
    assert ask(app, "POST", f"/setup/{token}", headers=headers, body=body).status == 403
    assert instance.password == ""
    cookie = cookie_of(post_password(app, f"/setup/{token}"))
    for target in ("/login", "/logout"):
        answer = ask(app, "POST", target, headers=[*headers, *cookie], body=body)
        assert answer.status == 403
        assert "set-cookie" not in answer.headers
    assert is_signed_in(app, cookie)


@pytest.mark.parametrize("method", ["GET", "HEAD", "PUT", "PATCH", "DELETE", "OPTIONS"])
def test_only_post_changes_anything(owned: Any, instance: Instance, method: str) -> None:
    cookie = cookie_of(post_password(owned, "/login"))
    before = (instance.password, instance.password_epoch)
    for target in ("/logout", "/login", "/setup/x", "/", "/sites/example.com"):
        answer = ask(owned, method, target, headers=[*OURS, *cookie], body=b"password=another+long+one")
        assert answer.status < 500
        assert "set-cookie" not in answer.headers
    assert (instance.password, instance.password_epoch) == before


@pytest.mark.parametrize("target", ["/login", "/setup/TOKEN"])
def test_head_of_a_form_is_that_of_the_form(app: Any, target: str) -> None:
    target = target.replace("TOKEN", app.state.owner.setup_token)
    assert ask(app, "HEAD", target).status == ask(app, "GET", target).status == 200


# S9: guessing, and sessions


def test_guessing_gets_slower_and_slower(owned: Any, clock: Clock) -> None:
    waits = []
    for number in range(50):
        answer = post_password(owned, "/login", f"wrong guess {number}")
        assert "set-cookie" not in answer.headers
        if answer.status == 429:
            waits.append(int(answer.headers["retry-after"]))
            clock.now += waits[-1]
            answer = post_password(owned, "/login", f"wrong guess {number}")
        assert answer.status == 401
    assert len(waits) >= 40
    assert waits == sorted(waits)
    assert waits[-1] >= 600


def test_while_it_waits_the_right_password_does_not_help(owned: Any, clock: Clock) -> None:
    for _ in range(6):
        last = post_password(owned, "/login", "wrong")
    assert last.status == 429
    assert post_password(owned, "/login").status == 429
    assert post_password(owned, "/login", client="192.0.2.99").status == 303
    clock.now += int(last.headers["retry-after"])
    assert post_password(owned, "/login").status == 303
    assert post_password(owned, "/login", "wrong").status == 401


def test_addresses_of_one_network_guess_together(owned: Any) -> None:
    """Whoever has one IPv6 address has 18 quintillion of them."""
    statuses = [
        post_password(owned, "/login", "wrong", client=f"2001:db8:1:2::{number:x}").status
        for number in range(20)
    ]
    assert 429 in statuses


def test_many_guesses_at_once_take_little_memory(tmp_path: Path, start_server: StartServer) -> None:
    server = start_server(tmp_path / "data", "--trusted-proxies", "127.0.0.1")
    form = {"password": PASSWORD}
    httpx2.post(f"{server.setup_url}", data=form, headers={"origin": server.url})

    def peak() -> int:
        status = Path(f"/proc/{server.process.pid}/status").read_text()
        return int(re.findall(r"VmHWM:\s+(\d+)", status)[0]) * 1024

    async def guess(client: httpx2.AsyncClient, number: int) -> int:
        headers = {"origin": server.url, "x-forwarded-for": f"198.51.100.{number}"}
        return (
            await client.post(f"{server.url}/login", data={"password": "wrong"}, headers=headers)
        ).status_code

    async def guess_all() -> set[int]:
        async with httpx2.AsyncClient(timeout=60) as client:
            return set(await asyncio.gather(*(guess(client, number) for number in range(16))))

    before = peak()
    assert asyncio.run(guess_all()) <= {401, 429, 503}
    # One hash takes 64 MB; that there were one or two at a time already shows in `before`.
    assert peak() - before < 160 * 1024 * 1024


def test_a_clock_set_back_locks_nobody_out(owned: Any, clock: Clock) -> None:
    for _ in range(6):
        post_password(owned, "/login", "wrong")
    clock.now -= 3_600
    answer = post_password(owned, "/login")
    assert int(answer.headers.get("retry-after", "0")) <= 900


def test_right_and_wrong_take_as_long_to_refuse(owned: Any) -> None:
    """The answer to a wrong password says nothing about how wrong it is."""
    answers = {post_password(owned, "/login", word).body for word in ("", "x", PASSWORD[:-1], PASSWORD * 2)}
    assert len(answers) == 1


def test_a_new_password_ends_every_session(owned: Any, instance: Instance) -> None:
    cookie = cookie_of(post_password(owned, "/login"))
    assert is_signed_in(owned, cookie)
    instance.set_password(hash_password("another long password"))
    assert not is_signed_in(owned, cookie)
    assert post_password(owned, "/login").status == 401
    assert is_signed_in(owned, cookie_of(post_password(owned, "/login", "another long password")))


def test_a_new_password_by_command_ends_every_session(tmp_path: Path, start_server: StartServer) -> None:
    server = start_server()
    token = server.setup_url.rpartition("/")[2]
    with httpx2.Client(base_url=server.url, headers={"origin": server.url, "user-agent": FIREFOX}) as client:
        client.post(f"/setup/{token}", data={"password": PASSWORD})
        assert client.get("/").status_code == 200
        pagetally("password", "--password", "another long password", data=tmp_path / "data")
        assert client.get("/").status_code == 303
        answer = client.post("/login", data={"password": "another long password"})
        assert answer.headers["location"] == "/"
        assert client.get("/").status_code == 200


def test_every_sign_in_is_a_session_of_its_own(owned: Any) -> None:
    fixed: Headers = [*OURS, ("cookie", "pagetally_session=chosen-by-somebody-else")]
    found = {post_password(owned, "/login", headers=fixed).headers["set-cookie"] for _ in range(3)}
    assert len(found) == 3
    assert not any("chosen" in cookie for cookie in found)
    for cookie in found:
        assert {"HttpOnly", "SameSite=lax", "Path=/"} <= {part.strip() for part in cookie.split(";")}


@pytest.mark.parametrize("forge", [lambda text: text[:-1], lambda text: "0" + text, lambda _: "", str.upper])
def test_a_forged_session_is_none(owned: Any, forge: Any) -> None:
    name, _, value = cookie_of(post_password(owned, "/login"))[0][1].partition("=")
    assert is_signed_in(owned, [("cookie", f"{name}={value}")])
    assert not is_signed_in(owned, [("cookie", f"{name}={forge(value)}")])


def test_a_session_of_another_install_is_none(owned: Any, tmp_path: Path, clock: Clock) -> None:
    other = Instance(tmp_path / "other", clock=clock).open()
    try:
        app = create_app(other)
        cookie = cookie_of(post_password(app, f"/setup/{app.state.owner.setup_token}"))
        assert is_signed_in(app, cookie)
        assert not is_signed_in(owned, cookie)
    finally:
        other.close()


@pytest.mark.parametrize(
    ("target", "back"),
    [
        ("/", ""),
        ("/sites/example.com", "?next=/sites/example.com"),
        ("/sites/other.example", "?next=/sites/other.example"),
        (
            "/sites/example.com?period=7d&f=a:is:b%26c",
            "?next=/sites/example.com%3Fperiod%3D7d%26f%3Da%3Ais%3Ab%2526c",
        ),
    ],
)
def test_without_a_session_there_is_nothing_to_see(owned: Any, target: str, back: str) -> None:
    answer = ask(owned, "GET", target)
    assert (answer.status, answer.headers["location"]) == (303, f"/login{back}")
    assert b"example.com" not in answer.body
    # Signing in leads back to it, whatever word was tried before.
    wrong = post_password(owned, f"/login{back}", "wrong")
    assert (wrong.status, b"<code>pagetally password</code> sets another" in wrong.body) == (401, True)
    assert post_password(owned, f"/login{back}").headers["location"] == target


@pytest.mark.parametrize(
    "text",
    [
        "",
        "https://evil.example/",
        "//evil.example/",
        "/\\evil.example/",
        "\\\\evil.example",
        "/%5Cevil.example",
        "/%2F%2Fevil.example",
        "/sites//evil.example",
        "javascript:alert(1)",
        "evil.example",
        "/\tevil.example",
        "/a\r\nset-cookie: a=b",
        "/sites/../../other",
        "/sites/%2e%2e/other",
        "/.",
        "/sites/é",
        "/" + "a" * 2_000,
        "?period=7d",
    ],
)
def test_signing_in_leads_to_no_other_place(owned: Any, text: str) -> None:
    assert read_next(text) == "/"
    answer = post_password(owned, "/login?" + urlencode({"next": text}))
    assert (answer.status, answer.headers["location"]) == (303, "/")


def test_below_a_base_path_signing_in_leads_back_below_it(instance: Instance) -> None:
    client = TestClient(create_app(instance), base_url=OURS[0][1], root_path="/stats", follow_redirects=False)
    client.headers["origin"] = OURS[0][1]
    token = client.app.state.owner.setup_token  # type: ignore[attr-defined]
    client.post(f"/stats/setup/{token}", data={"password": PASSWORD})
    client.cookies.clear()
    assert client.get("/stats/dropped").headers["location"] == "/stats/login?next=/dropped"
    answer = client.post("/stats/login?next=/dropped", data={"password": PASSWORD})
    assert answer.headers["location"] == "/stats/dropped"


def test_a_full_disk_or_a_lock_is_said_at_set_up(app: Any, instance: Instance) -> None:
    from .load import foreign_write_lock

    with foreign_write_lock(instance.folder):
        answer = post_password(app, f"/setup/{app.state.owner.setup_token}")
    assert answer.status == 503
    assert "retry-after" in answer.headers
    assert instance.password == ""
