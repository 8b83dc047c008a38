"""The posts of the demo blog, read from text files."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

FOLDER = Path(__file__).parent / "posts"
BLOG = "/blog"


@dataclass(frozen=True)
class Post:
    """One post: how many days ago it came out, and its paragraphs."""

    slug: str
    title: str
    lead: str
    age: int
    paragraphs: tuple[str, ...]

    @property
    def path(self) -> str:
        return f"{BLOG}/{self.slug}"


def read_posts() -> list[Post]:
    """Every post, newest first. A file holds title, lead and age in days, a line each, then the text."""
    return sorted((_read_post(file) for file in FOLDER.glob("*.txt")), key=lambda post: post.age)


def _read_post(file: Path) -> Post:
    head, *paragraphs = file.read_text(encoding="utf-8").strip().split("\n\n")
    title, lead, age = head.split("\n")
    return Post(file.stem, title, lead, int(age), tuple(paragraphs))


NOUNS = ["harbour", "lamp", "orchard", "bridge", "ferry", "school", "bakery", "quarry", "choir", "allotment"]
TURNS = ("opens early", "gets a new roof", "is for sale", "wins a prize", "closes for a day", "asks for help")
SEASONS = ("spring", "summer", "autumn", "winter")


def archive() -> list[tuple[str, str]]:
    """Older stories of the blog, of which only path and title are known."""
    return [
        (
            f"{BLOG}/archive/{noun}-{turn.replace(' ', '-')}-in-{season}",
            f"The {noun} {turn} in {season}",
        )
        for season in SEASONS
        for turn in TURNS
        for noun in NOUNS
    ]
