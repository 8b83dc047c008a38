"""docs/recipes.md in a browser: what each generator makes of a recipe counts once and shows the number."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from ..test_recipes import PAGE
from .conftest import FILES, Blog

HOST = "https://stats.example.com"
SPAN = '<b data-pagetally="page-views">–</b>'
SHOWN = "[data-pagetally=page-views]"
FILE = "busuanzi.pure.mini.js"
CLASSIC = "#busuanzi_value_page_pv"


def block(start: str, kind: str, place: int = 0) -> str:
    """A code block of the page, of those of a kind after a text."""
    _, found, rest = PAGE.partition(start)
    assert found, start
    return str(re.findall(rf"^```{kind}\n(.*?)^```$", rest, re.MULTILINE | re.DOTALL)[place])


def quoted(start: str, kind: str) -> str:
    """The tag that stands in quotes in a block of another language."""
    (tag,) = re.findall(r"'(<script.*?</script>)'", block(start, kind))
    return str(tag)


def tag_of(start: str) -> str:
    """A script's tag of the attributes that a configuration in JavaScript gives it."""
    (attributes,) = re.findall(r"\{([^{}]*src:[^{}]*)\}", block(start, "js"))
    pairs = re.findall(r"(\w+): (?:'([^']*)'|true)", attributes)
    written = " ".join(f'{name}="{value}"' for name, value in pairs)
    return f"<script {written}></script>"


def theme(name: str, address: str) -> str:
    """The page of a theme (site/themes), with the address that is set as its script."""
    text = (FILES / "themes" / f"{name}.html").read_text()
    made, count = re.subn(r'src="\{pagetally\}/[^"]*"\{script\}', f'src="{address}"', text)
    assert count == 1
    return made


def address_in(start: str, kind: str, key: str, place: int = 0) -> str:
    """The address that a setting of a theme has in a block."""
    (found,) = re.findall(rf"\b{key}\s*[:=]\s*\"?(https://[^\s\"]+)", block(start, kind, place))
    return str(found)


def written_by_stack(head: str, details: str) -> str:
    """A post as Stack for Hugo writes it, with what its owner adds to the head and to the details."""
    page = (FILES / "themes" / "stack.html").read_text()
    return page.replace("{custom}", head).replace("{details}", details)


HEXO = quoted("## Hexo", "js")
LINE = block("## Hugo", "html")
LIST = block("In a template, a number for a list", "html").replace("{{ .RelPermalink }}", "/p/a/")
MKDOCS = re.sub(r"\{%.*?%\}", "", block("## MkDocs", "html"))

RECIPES = {
    "Hexo": (HEXO + SPAN, SHOWN),
    "NexT": (HEXO + SPAN + block("**NexT**", "html"), SHOWN),
    "NexT by host": (theme("next", address_in("**NexT**", "yaml", "busuanzi")), CLASSIC),
    "Butterfly": (block("**Butterfly**", "yaml").partition("- ")[2] + SPAN, SHOWN),
    "Butterfly by host": (theme("butterfly", address_in("**Butterfly**", "yaml", "busuanzi", 1)), CLASSIC),
    # The theme adds the name of the file to the folder that is set.
    "Fluid": (theme("fluid", address_in("**Fluid**", "yaml", "busuanzi") + FILE), "#busuanzi_value_site_pv"),
    "PaperMod": (LINE + SPAN, SHOWN),
    "Stack": (written_by_stack(LINE, LIST), "[data-path='/p/a/']"),
    "a list in Hugo": (LINE + LIST, "[data-path='/p/a/']"),
    "FixIt": (theme("fixit", address_in("**FixIt**", "toml", "source")), CLASSIC),
    "LoveIt": ('<span id="page-views"></span>' + block("**LoveIt** fills", "html"), "#page-views"),
    "Chirpy": (LINE + '<em id="pageviews"></em>' + block("**Chirpy**", "html"), "#pageviews"),
    "VitePress": (tag_of("## VitePress") + SPAN, SHOWN),
    "Docusaurus": (tag_of("## Docusaurus") + SPAN, SHOWN),
    "MkDocs": (MKDOCS + SPAN, SHOWN),
    "WordPress": (quoted("## WordPress", "php") + block("## WordPress", "html"), SHOWN),
    "plain HTML": (block("## Plain HTML", "html"), "#views"),
}


@pytest.mark.parametrize("name", RECIPES)
def test_a_recipe_counts_once_and_shows_the_number(blog: Blog, page: Page, tmp_path: Path, name: str) -> None:
    markup, shown = RECIPES[name]
    if "<html" not in markup:
        markup = (FILES / "theme.html").read_text().replace("{markup}", markup)
    file = tmp_path / "page.html"
    file.write_text(markup.replace(HOST, blog.stats.url))
    blog.files["/p/a/"] = str(file)
    for views in ("1", "2"):
        page.goto(blog.url("/p/a/"))
        expect(page.locator(shown)).to_have_text(views)
    assert (blog.views("/p/a"), blog.site_views) == ([2], 2)


def test_every_recipe_is_tried() -> None:
    named = set(re.findall(r"\*\*([A-Z]\w+)\*\*", PAGE)) | set(re.findall(r"^## (\w+)$", PAGE, re.MULTILINE))
    # Of a folder of generators.
    assert named - {"Hugo", "Jekyll"} <= {name.partition(" by")[0] for name in RECIPES}


def test_the_image_counts_where_nothing_runs(blog: Blog, page: Page) -> None:
    image = block("Without JavaScript", "html").replace(HOST, blog.stats.url)
    blog.files["/"] = "theme.html"
    blog.words = {"markup": image.replace("https://example.com", blog.url("").rstrip("/"))}
    with page.expect_response(lambda answer: "pixel.gif" in answer.url):
        page.goto(blog.url("/"))
    assert blog.views("/hello") == [1]
