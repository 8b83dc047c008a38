"""Install the built wheel alone in an empty environment, start it, and count a view."""

import json
import subprocess
import sys
import tempfile
import urllib.request
import venv
from pathlib import Path

AGENT = "Mozilla/5.0 (X11; Linux x86_64; rv:130.0) Gecko/20100101 Firefox/130.0"


def main() -> None:
    """Fail unless one view is counted."""
    wheel = max(sys.argv[1:], key=lambda name: Path(name).stat().st_mtime)
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        venv.create(place / "venv", with_pip=True)
        python = place / "venv/bin/python"
        subprocess.run([python, "-m", "pip", "install", "--quiet", wheel], check=True)
        count_a_view(place / "venv/bin/pagetally", place / "data", place)
    print(f"{Path(wheel).name}: installed alone, it starts and counts a view.")


def count_a_view(command: Path, data: Path, elsewhere: Path) -> None:
    """Start the server away from the checkout, send it a view, and read the counters."""
    subprocess.run([command, "site", "add", "example.com", "--data", data], check=True, cwd=elsewhere)
    words = [command, "serve", "--data", data, "--port", "0"]
    server = subprocess.Popen(words, stdout=subprocess.PIPE, text=True, cwd=elsewhere)
    try:
        assert server.stdout is not None
        url = server.stdout.readline().rpartition(" ")[2].strip()
        body = json.dumps({"n": "pageview", "u": "https://example.com/"}).encode()
        request = urllib.request.Request(f"{url}/api/event?counters=1", body, {"User-Agent": AGENT})  # noqa: S310
        with urllib.request.urlopen(request, timeout=10) as answer:  # noqa: S310
            counters = json.load(answer)
        assert counters["pages"] == {"/": {"views": 1, "visitors": 1}}, counters
        with urllib.request.urlopen(f"{url}/pt.js", timeout=10) as answer:  # noqa: S310
            assert b"pagetally" in answer.read()
    finally:
        server.terminate()
        assert server.wait(10) == 0


main()
