"""Where the benchmarks run: data folders on the project's disk, and a server of their own."""

from __future__ import annotations

import contextlib
import shutil
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from analytics.instance import Instance
from analytics.model import Site
from analytics.registry import check_site
from seeds.fill import FOLD_LIMIT, store_days
from seeds.traffic import DAYS, make_traffic

from ..conftest import Server, pagetally

ROOT = Path(__file__).parent.parent.parent
QUICK = "--quick" in sys.argv
MILLIONS = next(
    (int(word.partition("=")[2]) for word in sys.argv if word.startswith("--millions=")), 1 if QUICK else 10
)
PAGES = 10_000
"""Of the large site."""

Row = tuple[str, str, str, bool]
"""What was measured, the figure, the bar, whether it is met."""


@contextlib.contextmanager
def serving(folder: Path, *words: str) -> Iterator[Server]:
    """The server under test on a data folder, with words for `serve`."""
    server = Server(folder, command=[sys.executable, "-m", "tests.bench.serve", *words])
    try:
        yield server
    finally:
        server.stop()


def resident(pid: int) -> float:
    """Resident memory of a process, in MB."""
    text = Path(f"/proc/{pid}/status").read_text()
    return int(text.split("VmRSS:")[1].split()[0]) / 1024


@contextlib.contextmanager
def scratch() -> Iterator[Path]:
    """A data folder with one site, on the same disk as the project."""
    with tempfile.TemporaryDirectory(dir=ROOT, prefix=".bench-") as name:
        pagetally("site", "add", "example.com", data=Path(name) / "data")
        yield Path(name) / "data"


@contextlib.contextmanager
def large(millions: int) -> Iterator[Path]:
    """A data folder with so many million views in 400 days on PAGES paths."""
    folder = Path(tempfile.mkdtemp(dir=ROOT, prefix=".bench-")) / "data"
    try:
        instance = Instance(folder, fold_limit=FOLD_LIMIT).open()
        instance.write(lambda store: store.save_site(check_site(Site(id=0, domain="example.com")), 0))
        instance.reload_sites()
        site, now = instance.registry.sites[0], time.time()
        older = [(f"/page/{number}", f"Page {number}") for number in range(PAGES)]
        traffic = make_traffic(site, int(now // 86_400), now, views=millions * 1_000_000, older=older)
        store_days(instance, site, range(DAYS), traffic)
        instance.fold()
        instance.rollup()
        instance.relate()
        instance.close()
        yield folder
    finally:
        shutil.rmtree(folder.parent)
