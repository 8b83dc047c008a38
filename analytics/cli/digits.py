"""`pagetally digits`: sets of pictures of which a number is put together."""

from __future__ import annotations

from pathlib import Path

import click

from ..commands import RemoveDigits, SaveDigits
from ..errors import InputError
from ..forms.digitset import CHARS, DASH, MAX_BYTES
from .common import data_option, find_folder, performer, reader

ENDINGS = (".png", ".gif", ".webp", ".jpg", ".jpeg")


@click.group(short_help="Your own pictures of digits.")
def digits() -> None:
    """Your own pictures of digits, for /digits/...?style=NAME."""


@digits.command(short_help="Keep a set of pictures.")
@click.argument("name")
@click.argument("folder", type=click.Path(exists=True, file_okay=False, path_type=Path))
@data_option
def add(name: str, folder: Path, data: str | None) -> None:
    """Keep the pictures 0.png to 9.png of FOLDER (or gif, webp, jpg; -.png, if any) as the set NAME."""
    with performer(find_folder(data)) as desk:
        desk.perform(SaveDigits(name, read_files(folder)))
    click.echo(f"/digits/site-views.svg?style={name}")


@digits.command("list", short_help="List the sets.")
@data_option
def show(data: str | None) -> None:
    """List the sets: name, size of the 0 in pixels, bytes of all pictures."""
    with reader(find_folder(data)) as store:
        for one in store.list_digit_sets():
            zero = one.images[[image.char for image in one.images].index("0")]
            size = sum(len(image.data) for image in one.images)
            click.echo(f"{one.name}  {zero.width} x {zero.height}  {size:,} bytes")


@digits.command(short_help="Forget a set.")
@click.argument("name")
@data_option
def remove(name: str, data: str | None) -> None:
    """Forget the set NAME. Pages that ask for it get an error instead of a picture."""
    with performer(find_folder(data)) as desk:
        desk.perform(RemoveDigits(name))
    click.echo(f"The set {name} is forgotten.")


def read_files(folder: Path) -> dict[str, bytes]:
    """The pictures of a folder by the characters they show."""
    found: dict[str, bytes] = {}
    for char in (*CHARS, DASH):
        file = next((path for ending in ENDINGS if (path := folder / f"{char}{ending}").is_file()), None)
        if file is None:
            continue
        if file.stat().st_size > MAX_BYTES:
            raise InputError("files", f"{file.name} has more than {MAX_BYTES:,} bytes")
        found[char] = file.read_bytes()
    return found


COMMANDS = (digits,)
