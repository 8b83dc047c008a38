"""How far the reading of user agents, bots and referring hosts agrees with public test sets.

`python -m tests.accuracy PATH ...`: each a folder of Device Detector's fixtures (YAML) or the file
`referers.json` of referer-parser. Prints tables; what came of them is in docs/accuracy.md.
"""

from __future__ import annotations

import json
import sys
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import yaml

from analytics.agents import is_bot
from analytics.channels import find_host
from analytics.clients import read_client

SHOWN = 12
"""Disagreements that are listed of each kind, the most frequent first."""

BROWSERS = {
    "Mobile Safari": "Safari",
    "Chrome Mobile": "Chrome",
    "Chrome Mobile iOS": "Chrome",
    "Chrome Webview": "Android WebView",
    "Firefox Mobile": "Firefox",
    "Firefox Mobile iOS": "Firefox",
    "Microsoft Edge": "Edge",
    "Opera Mobile": "Opera",
    "Internet Explorer": "Internet Explorer",
    "IE Mobile": "Internet Explorer",
    "Samsung Browser": "Samsung Internet",
    "Yandex Browser": "Yandex",
    "Mobile Silk": "Silk",
    "MIUI Browser": "Miui Browser",
    "DuckDuckGo Privacy Browser": "DuckDuckGo",
    "Android Browser": "Android",
    "Mi Browser": "Miui Browser",
    "Huawei Browser Mobile": "Huawei Browser",
    "vivo Browser": "VivoBrowser",
}
"""Their name of a browser to ours, where they differ in the word only."""

SYSTEMS = {
    "Mac": "macOS",
    "iPadOS": "iOS",
    "Ubuntu": "GNU/Linux",
    "Debian": "GNU/Linux",
    "Fedora": "GNU/Linux",
}

DEVICES = {
    **dict.fromkeys(("smartphone", "feature phone", "phablet"), "mobile"),
    **dict.fromkeys(("desktop", "tablet", "tv", "console"), ""),
}
"""Their kinds of device that we tell apart as well; empty: of the same name."""

MEDIA = {
    "search": {"Organic search"},
    "social": {"Organic social", "Organic video"},
    "email": {"E-mail"},
}
"""Their kind of host to our channels."""


class Tally:
    """How often one question was answered alike, and what was not."""

    def __init__(self) -> None:
        self.same = 0
        self.apart: Counter[tuple[str, str]] = Counter()

    def note(self, theirs: str, ours: str, *, is_same: bool | None = None) -> None:
        """Take one pair of answers down; `is_same` where comparing the words does not tell."""
        if is_same or (is_same is None and theirs == ours):
            self.same += 1
        else:
            self.apart[theirs, ours] += 1


def read_agents(folder: Path) -> Iterator[dict[str, Any]]:
    """The entries of every YAML file in a folder that have a user agent."""
    for file in sorted(folder.glob("*.yml")):
        for document in yaml.load_all(file.read_text(), getattr(yaml, "CSafeLoader", yaml.SafeLoader)):
            yield from (one for one in document or [] if isinstance(one, dict) and "user_agent" in one)


def compare_agents(entries: Iterable[dict[str, Any]]) -> dict[str, Tally]:
    """Bots, people, browsers of people's agents, systems, devices."""
    found = {name: Tally() for name in ("bots", "people", "browsers", "systems", "devices")}
    for entry in entries:
        agent = str(entry["user_agent"])
        if "bot" in entry:
            is_seen = is_bot(agent)
            found["bots"].note(str(entry["bot"]["name"]), "a bot" if is_seen else "no bot", is_same=is_seen)
            continue
        client, system, device = (entry.get(name) or {} for name in ("client", "os", "device"))
        if client.get("type") != "browser":
            continue
        is_seen = is_bot(agent)
        found["people"].note(str(client["name"]), "a bot" if is_seen else "no bot", is_same=not is_seen)
        hints = {str(name).lower(): str(value) for name, value in (entry.get("headers") or {}).items()}
        ours = read_client(agent, hints, None)
        browser = str(client["name"])
        found["browsers"].note(BROWSERS.get(browser, browser), ours.browser)
        if system.get("name"):
            found["systems"].note(SYSTEMS.get(system["name"], system["name"]), ours.os)
        kind = device.get("type") or ""
        if kind in DEVICES:
            found["devices"].note(DEVICES[kind] or kind, ours.device)
    return found


def compare_hosts(file: Path) -> dict[str, Tally]:
    """Channels of hosts, by what referer-parser's list says they are."""
    found = {name: Tally() for name in MEDIA}
    for medium, sources in json.loads(file.read_text()).items():
        if medium not in MEDIA:
            continue
        for source in sources.values():
            for address in source["domains"]:
                host = address.partition("/")[0].removeprefix("www.")
                known = find_host(host)
                channel = known[1] if known else "Referral"
                found[medium].note(host, channel, is_same=channel in MEDIA[medium])
    return found


def show(title: str, found: dict[str, Tally]) -> None:
    """Print a table, and the most frequent disagreements."""
    print(f"\n{title}\n\n| what | n | agree | disagree |\n|---|---|---|---|")
    for name, tally in found.items():
        apart = tally.apart.total()
        count = tally.same + apart
        print(f"| {name} | {count:,} | {tally.same:,} ({tally.same / max(count, 1):.1%}) | {apart:,} |")
    for name, tally in found.items():
        for (theirs, ours), times in tally.apart.most_common(SHOWN):
            print(f"  {name}: {times:,} × theirs {theirs!r}, ours {ours!r}")


def main(paths: list[str]) -> None:
    """Compare with each set that was given."""
    for path in map(Path, paths):
        if path.is_dir():
            show(f"User agents of {path.name}", compare_agents(read_agents(path)))
        else:
            show(f"Hosts of {path.name}", compare_hosts(path))


if __name__ == "__main__":
    main(sys.argv[1:])
