"""Bring pip into this environment from the package index, with the standard library alone."""

import hashlib
import json
import os
import re
import subprocess
import sys
import tempfile
import urllib.parse
import urllib.request

INDEX = os.environ.get("PIP_INDEX_URL", "https://pypi.org/simple").rstrip("/")
WHEEL = re.compile(r"pip-(\d+)\.(\d+)(?:\.(\d+))?-py3-none-any\.whl$")


def fetch(url: str, accept: str = "*/*") -> bytes:
    request = urllib.request.Request(url, headers={"Accept": accept, "User-Agent": "pagetally-setup"})  # noqa: S310
    with urllib.request.urlopen(request, timeout=60) as answer:  # noqa: S310
        return bytes(answer.read())


def main() -> None:
    """Find the newest wheel of pip, check its hash, and have it install itself."""
    listing = json.loads(fetch(f"{INDEX}/pip/", "application/vnd.pypi.simple.v1+json"))
    wheels = [
        (tuple(int(part or 0) for part in found.groups()), file)
        for file in listing["files"]
        if (found := WHEEL.search(file["filename"])) and not file.get("yanked")
    ]
    _, newest = max(wheels, key=lambda item: item[0])
    content = fetch(urllib.parse.urljoin(f"{INDEX}/pip/", newest["url"]))
    if hashlib.sha256(content).hexdigest() != newest["hashes"]["sha256"]:
        sys.exit("The wheel of pip is not the one that the index names.")
    with tempfile.TemporaryDirectory() as folder:
        wheel = os.path.join(folder, newest["filename"])
        with open(wheel, "wb") as file:
            file.write(content)
        subprocess.run(
            [sys.executable, f"{wheel}/pip", "install", "--quiet", "--no-index", wheel], check=True
        )


main()
