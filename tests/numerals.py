"""Makes analytics/data/numerals.json: how languages write numbers, as the browsers' own Intl does.

`.venv/bin/python -m tests.numerals`. Numbers are asked of Node, which has the Intl of Chromium; the rules of
plurals, which Intl applies and does not tell, come from Babel. Both have them from the CLDR.
"""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

from babel import Locale, UnknownLocaleError, localedata

FILE = Path(__file__).parent.parent / "analytics" / "data" / "numerals.json"

ALIASES = ("no", "iw", "in", "tl", "sh", "mo", "zh-TW", "zh-HK", "zh-MO")
LEFT_OUT = ("blo", "tok", "vec", "root")
"""Languages whose units or groups are like no others', and what is none."""

ASK = r"""
const write = (parts) => parts.map((part) => part.value).join('');
function tell(tag) {
  const plain = new Intl.NumberFormat(tag), short = new Intl.NumberFormat(tag, { notation: 'compact' });
  const kind = (value, type) => plain.formatToParts(value).filter((part) => part.type == type);
  const whole = kind(1234567890, 'integer').map((part) => [...part.value].length);
  const digits = write(new Intl.NumberFormat(tag, { useGrouping: false }).formatToParts(9876543210));
  const plurals = new Intl.PluralRules(tag), units = [];
  for (let power = 3; power < 15; power++) {
    const split = (value) => {
      const parts = short.formatToParts(value);
      const kinds = parts.map((part) => 'integer group decimal fraction'.includes(part.type));
      const size = [...write(parts.filter((part) => part.type == 'integer'))].length;
      const [first, last] = [kinds.indexOf(true), kinds.lastIndexOf(true)];
      return { size, before: write(parts.slice(0, first)), after: write(parts.slice(last + 1)) };
    };
    const { size, before } = split(10 ** power);
    const zeros = power - size + 1, after = {};
    for (let value = 10; value < 100; value++) {
      const shown = (value / 10) * 10 ** (power - zeros);
      after[plurals.select(shown)] = split(shown * 10 ** zeros).after;
    }
    units.push({ power, zeros, before, after });
  }
  return {
    group: kind(1234567890, 'group')[0]?.value ?? '',
    second: whole.at(-2) ?? 3,
    least: [1234, 12345].findIndex((value) => kind(value, 'group').length) + 1 || 3,
    point: kind(1.5, 'decimal')[0].value,
    minus: write(plain.formatToParts(-1).slice(0, -1)),
    digits: [...digits].reverse().join(''),
    units,
    plurals: Array.from({ length: 200 }, (_, number) => plurals.select(number)),
  };
}
const tags = JSON.parse(require('node:fs').readFileSync(0)).filter((tag) => {
  try { return Intl.NumberFormat.supportedLocalesOf([tag]).length; } catch { return false; }
});
const told = Object.fromEntries(tags.map((tag) => [tag, tell(tag)]));
console.log(JSON.stringify({ icu: process.versions.icu, tags: told }));
"""


def ask_node(script: str, given: object) -> Any:
    """What a script for Node says to what it reads, both as JSON."""
    answer = subprocess.run(
        ["node", "-e", script], input=json.dumps(given), capture_output=True, text=True, check=True
    )
    return json.loads(answer.stdout)


def list_tags() -> list[str]:
    """Every language of the CLDR; with a region and a script also without the script."""
    tags = {name.replace("_", "-") for name in localedata.locale_identifiers()} | {*ALIASES}
    tags |= {f"{parts[0]}-{parts[2]}" for tag in tags if len(parts := tag.split("-")) == 3}
    return sorted(tag for tag in tags if tag.partition("-")[0] not in LEFT_OUT)


def join_units(units: list[dict[str, Any]]) -> list[list[Any]]:
    """Powers of ten that share a unit, once; of words that are the same for every plural, one."""
    joined: list[dict[str, Any]] = []
    for unit in units:
        last = joined[-1] if joined else None
        same = last and (last["zeros"], last["before"]) == (unit["zeros"], unit["before"])
        if (
            last
            and same
            and all(last["after"].get(name, word) == word for name, word in unit["after"].items())
        ):
            last["after"] |= unit["after"]
        else:
            joined.append(unit)
    for unit in joined:
        words = set(unit["after"].values())
        unit["after"] = {"other": words.pop()} if len(words) == 1 else unit["after"]
    return [[unit["power"], unit["zeros"], unit["before"], unit["after"]] for unit in joined if unit["zeros"]]


def leave_out(rows: dict[str, Any], root: Any) -> dict[str, Any]:
    """The rows that are not as those of the tag without its last part; `root` is who has no other."""

    def parent(tag: str) -> Any:
        head = tag.rpartition("-")[0]
        return root if not head else rows[head] if head in rows else parent(head)

    return {tag.lower(): row for tag, row in rows.items() if row != parent(tag)}


def read_plurals(tag: str, chosen: list[str]) -> dict[str, str] | None:
    """The rules of a language's plurals, as the CLDR writes them; without `other`, which is the rest.

    None where Babel does not choose what Intl chose for 0, 1, 2 and so on, as of some small languages.
    """
    try:
        rule = Locale.parse(tag, sep="-").plural_form
    except (UnknownLocaleError, ValueError):
        return None
    is_same = [rule(number) for number in range(len(chosen))] == chosen
    return dict(sorted(rule.rules.items())) if is_same else None


def make() -> str:
    """The file's text."""
    told = ask_node(ASK, list_tags())
    rows = told["tags"]
    plurals = {tag: read_plurals(tag, row.pop("plurals")) for tag, row in rows.items()}
    for row in rows.values():
        row["units"] = join_units(row["units"])
        row["digits"] = "" if row["digits"] == "0123456789" else row["digits"]
    rules = leave_out({tag: found for tag, found in plurals.items() if found is not None}, None)
    numbers = leave_out(rows, rows["en"]) | {"en": rows["en"]}

    def write(table: dict[str, Any]) -> str:
        lines = [
            f"{json.dumps(tag)}:{json.dumps(row, ensure_ascii=False, separators=(',', ':'))}"
            for tag, row in sorted(table.items())
        ]
        return "{\n" + ",\n".join(lines) + "\n}"

    return f'{{"icu":"{told["icu"]}","numbers":{write(numbers)},"plurals":{write(rules)}}}\n'


if __name__ == "__main__":
    FILE.write_text(make(), encoding="utf-8")
