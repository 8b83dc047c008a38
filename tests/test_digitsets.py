"""An owner's own pictures of digits: what is taken, what is shown, and what is refused."""

from __future__ import annotations

import base64
import io
import re
from pathlib import Path

import pytest
from PIL import Image
from starlette.testclient import TestClient

from analytics.commands import MOST_SETS, RemoveDigits, SaveDigits, perform
from analytics.errors import InputError, Refused
from analytics.forms.digitset import MAX_BYTES, make_digit_set
from analytics.instance import Instance
from analytics.web.app import create_app

from .conftest import add_site, pagetally
from .test_migrate import owner  # noqa: F401


def picture(number: int, kind: str = "PNG", size: tuple[int, int] = (12, 20)) -> bytes:
    """A digit of one colour of its own."""
    out = io.BytesIO()
    Image.new("RGB", size, (20 * number, 0, 255 - 20 * number)).save(out, kind)
    return out.getvalue()


FILES = {str(number): picture(number) for number in range(10)}


@pytest.fixture
def client(instance: Instance) -> TestClient:
    add_site(instance, "blog.example", foreign_ids=("moe:joe",))
    perform(instance, SaveDigits("mine", FILES))
    return TestClient(create_app(instance))


def test_a_number_is_put_together_of_them(client: TestClient) -> None:
    answer = client.get("/digits/site-views.svg?site=blog.example&style=mine&digits=3")
    assert answer.headers["content-type"].startswith("image/svg+xml")
    assert 'width="36" height="20"' in answer.text
    (data,) = re.findall(r'href="data:image/png;base64,([^"]+)"', answer.text)
    assert base64.b64decode(data) == FILES["0"]
    assert re.findall(r'<use href="#p0" x="([^"]+)"', answer.text) == ["0", "12", "24"]
    assert "<title>site views: 0</title>" in answer.text
    png = client.get("/digits/site-views.png?site=blog.example&style=mine&digits=3&scale=2")
    with Image.open(io.BytesIO(png.content)) as shown:
        assert shown.size == (72, 40)
        assert shown.convert("RGB").getpixel((36, 20)) == (0, 0, 255)


def test_a_change_is_seen_at_once(client: TestClient, instance: Instance) -> None:
    address = "/digits/site-views.svg?site=blog.example&style=mine"
    before = client.get(address).text
    perform(instance, SaveDigits("mine", FILES | {"0": picture(5)}))
    assert client.get(address).text != before
    perform(instance, RemoveDigits("mine"))
    answer = client.get(address)
    assert (answer.status_code, answer.json()["field"]) == (400, "style")
    with pytest.raises(InputError):
        perform(instance, RemoveDigits("mine"))


def test_moe_counter_shows_them_as_its_theme(client: TestClient) -> None:
    assert "data:image/png" in client.get("/@joe?theme=mine").text
    assert "data:image/png" not in client.get("/@joe?theme=moebooru").text


def test_the_page_that_makes_the_markup_offers_them(instance: Instance, owner: TestClient) -> None:  # noqa: F811
    perform(instance, SaveDigits("mine", FILES))
    page = owner.get("/sites/example.com/widgets?form=digits&style=mine").text
    assert '<option value="mine" selected>mine</option>' in page
    assert "style=mine" in page.partition('id="copy"')[2]
    assert '<option value="mine"' not in owner.get("/sites/example.com/widgets?form=badge").text


def test_they_are_there_after_a_restart(instance: Instance) -> None:
    files = FILES | {"-": picture(3, "GIF", (6, 10))}
    perform(instance, SaveDigits("mine", files))
    (kept,) = instance.write(lambda store: store.list_digit_sets())
    assert {one.char: one.data for one in kept.images} == files
    assert {one.char: one.mime for one in kept.images}["-"] == "image/gif"


@pytest.mark.parametrize(
    ("name", "files", "what"),
    [
        ("mine", {key: value for key, value in FILES.items() if key != "7"}, "lack the digit 7"),
        ("mine", FILES | {"3": b"<svg onload='alert(1)'/>"}, "3 is no picture"),
        ("mine", FILES | {"3": FILES["3"][:40]}, "3 is no picture"),
        ("mine", FILES | {"3": picture(3, size=(300, 20))}, "3 is larger"),
        ("mine", FILES | {"3": picture(3, "BMP")}, "3 is no picture"),
        ("mine", FILES | {"3": b"x" * (MAX_BYTES + 1)}, "3 has more than"),
        ("mine", {key: value + bytes(60_000) for key, value in FILES.items()}, "together"),
        ("odometer", FILES, "cannot be the name"),
        ("My Set", FILES, "cannot be the name"),
        ("a" * 33, FILES, "cannot be the name"),
    ],
)
def test_what_cannot_be_used_is_told(name: str, files: dict[str, bytes], what: str) -> None:
    with pytest.raises(InputError, match=what):
        make_digit_set(name, files)


def test_there_are_not_too_many(instance: Instance) -> None:
    for number in range(MOST_SETS):
        perform(instance, SaveDigits(f"set{number}", FILES))
    with pytest.raises(Refused):
        perform(instance, SaveDigits("more", FILES))
    perform(instance, SaveDigits("set0", FILES))


def test_by_the_terminal(tmp_path: Path) -> None:
    folder = tmp_path / "pictures"
    folder.mkdir()
    for char, data in FILES.items():
        (folder / f"{char}.png").write_bytes(data)
    data = tmp_path / "data"
    pagetally("site", "add", "example.com", data=data)
    assert "style=mine" in pagetally("digits", "add", "mine", str(folder), data=data).stdout
    assert "mine  12 x 20" in pagetally("digits", "list", data=data).stdout
    assert "forgotten" in pagetally("digits", "remove", "mine", data=data).stdout
    assert pagetally("digits", "list", data=data).stdout == ""
