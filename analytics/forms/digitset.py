"""Sets of digits that an owner brings: ten pictures, and one of a dash where he likes."""

from __future__ import annotations

import io
import re
from collections.abc import Mapping

from ..errors import InputError
from ..model import DigitImage, DigitSet
from .digits import SETS

CHARS = "0123456789"
DASH = "-"
MAX_BYTES = 64 * 1024
"""Of one picture; of all of a set four times as much."""
MAX_SIDE = 256
"""Pixels."""
KINDS = {"PNG": "image/png", "GIF": "image/gif", "WEBP": "image/webp", "JPEG": "image/jpeg"}
NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,31}\Z", re.ASCII)


def make_digit_set(name: str, files: Mapping[str, bytes]) -> DigitSet:
    """A set of pictures by the characters they show. InputError says what is wrong with it."""
    if not NAME.match(name) or name in SETS:
        hint = f"1 to 32 small letters, digits and hyphens, and none of {', '.join(SETS)}."
        raise InputError("name", f"{name[:40]!r} cannot be the name of a set", hint=hint)
    missing = [char for char in CHARS if char not in files]
    if missing:
        raise InputError("files", f"lack the digit {missing[0]}", hint="0.png to 9.png, or gif, webp, jpg.")
    images = tuple(_read_image(char, files[char]) for char in (*CHARS, DASH) if char in files)
    if sum(len(one.data) for one in images) > 4 * MAX_BYTES:
        raise InputError("files", f"have more than {4 * MAX_BYTES:,} bytes together")
    return DigitSet(name, images)


def _read_image(char: str, data: bytes) -> DigitImage:
    # Here, because to load it takes a while, and most never need it.
    from PIL import Image

    if len(data) > MAX_BYTES:
        raise InputError("files", f"{char} has more than {MAX_BYTES:,} bytes")
    try:
        with Image.open(io.BytesIO(data), formats=list(KINDS)) as image:
            width, height = image.size
            kind = KINDS[image.format or ""]
            if max(width, height) <= MAX_SIDE:
                image.convert("RGBA")
    except Exception as error:
        # Whatever a decoder stumbles over, the file is none of ours to show.
        hint = "Bring PNG, GIF, WebP or JPEG."
        raise InputError("files", f"{char} is no picture that can be read", hint=hint) from error
    if max(width, height) > MAX_SIDE:
        raise InputError("files", f"{char} is larger than {MAX_SIDE} by {MAX_SIDE} pixels")
    return DigitImage(char, kind, width, height, data)
