"""Whoever asks for less motion sees none: neither animations of a style sheet nor numbers that count up."""

from __future__ import annotations

from typing import Any

import pytest
from playwright.sync_api import Frame, Page, Route, expect

from .conftest import Blog, OpenContext
from .test_dashboard import PLAIN, UNSEEN, Office, badge, office, open_owner  # noqa: F401

STILL: dict[str, Any] = {"reduced_motion": "reduce"}

# What moves now, and what would move if something changed: of every element, in shadows, too.
MOVING = """() => {
  const long = (times) => times.split(',').some((time) => parseFloat(time) > 0);
  const found = document.getAnimations()
    .filter((one) => one.effect.getComputedTiming().duration > 0)
    .map((one) => 'runs: ' + (one.animationName || one.transitionProperty));
  const look = (root) => {
    for (const element of root.querySelectorAll('*')) {
      for (const part of [null, '::before', '::after']) {
        const style = getComputedStyle(element, part);
        if (style.animationName != 'none') found.push(element.tagName + ' ' + style.animationName);
        if (long(style.transitionDuration)) found.push(element.tagName + ' ' + style.transitionProperty);
        if (style.scrollBehavior == 'smooth') found.push(element.tagName + ' scrolls');
      }
      if (element.shadowRoot) look(element.shadowRoot);
    }
  };
  look(document);
  return found;
}"""

# Every text that any element is seen with, once a frame, and whatever begins to move by a script.
WATCH = """
window.seen = {};
window.begun = [];
const animate = Element.prototype.animate;
Element.prototype.animate = function (...given) {
  begun.push(this.tagName);
  return animate.apply(this, given);
};
const look = (root) => {
  for (const element of root.querySelectorAll('[id], span')) {
    const name = element.id || (root.host || element).tagName + root.host?.id;
    const texts = seen[name] ||= [], text = element.textContent.trim();
    if (text && texts.at(-1) != text) texts.push(text);
  }
  for (const element of root.querySelectorAll('*')) if (element.shadowRoot) look(element.shadowRoot);
};
const turn = () => { look(document); requestAnimationFrame(turn); };
turn();
"""


def check_still(frame: Page | Frame) -> None:
    assert frame.evaluate(MOVING) == []


@pytest.fixture
def reader(open_context: OpenContext) -> Page:
    """A tab of somebody who asks for less motion."""
    page = open_context(**STILL).new_page()
    page.add_init_script(WATCH)
    assert page.evaluate("matchMedia('(prefers-reduced-motion: reduce)').matches")
    return page


def test_numbers_and_lists_stand_at_once(blog: Blog, reader: Page) -> None:
    blog.files["/"] = "components.html"
    blog.stats.count_views(blog.url("/lamp"), 3, title="The lamp")
    reader.goto(blog.url("/"))
    expect(reader.locator("#labelled span").nth(1)).to_have_text("3")
    expect(reader.locator("#popular a")).to_have_text(["The lamp"])
    check_still(reader)
    # A number that changes goes there in one step.
    blog.stats.count_views(blog.url("/lamp"), 40)
    reader.evaluate("document.querySelector('#labelled').setAttribute('label', '{n} times')")
    expect(reader.locator("#labelled span").nth(1)).to_have_text("43")
    check_still(reader)
    numbers = reader.evaluate("seen['PAGE-COUNTlabelled'].filter((text) => text > 0)")
    assert list(dict.fromkeys(numbers)) == ["3", "43"]
    assert reader.evaluate("begun") == []


def test_spans_are_written_once(blog: Blog, reader: Page) -> None:
    blog.files["/"] = "numbers.html"
    blog.stats.count_views(blog.url("/"), 41)
    reader.goto(blog.url("/"))
    span = reader.locator('[data-pagetally="page-views"]').first
    expect(span).to_have_text("42")
    check_still(reader)
    texts = reader.evaluate("Object.values(seen).flat().filter((text) => text > 1 && text < 42)")
    assert (texts, reader.evaluate("begun")) == ([], [])


def test_frames_and_pictures_are_still(blog: Blog, reader: Page) -> None:
    reader.goto(blog.url("/"))
    query = f"site={blog.domain}&path=/"
    frames = [f"/card/page-views?{query}", f"/popular.html?site={blog.domain}", "/counter/%2F.html"]
    pictures = [f"/{form}/page-views.svg?{query}" for form in ("badge", "digits", "chart")]
    for address in (*frames, *pictures, "/definitions"):
        answer = reader.goto(blog.stats.url + address)
        assert answer
        assert answer.status in (200, 404), address
        assert "<animate" not in answer.text()
        check_still(reader)


@pytest.mark.parametrize("path", ["/", f"/sites/{PLAIN}", f"/sites/{UNSEEN}", f"/sites/{PLAIN}/widgets"])
def test_the_owners_pages_are_still(office: Office, open_owner: OpenContext, path: str) -> None:  # noqa: F811
    page = open_owner(**STILL).new_page()
    page.goto(office.url(path))
    expect(page.locator("h1")).to_be_visible()
    check_still(page)


def test_while_a_summary_is_made_nothing_moves(office: Office, open_owner: OpenContext) -> None:  # noqa: F811
    page = open_owner(**STILL).new_page()
    page.goto(office.url(f"/sites/{PLAIN}"))
    held: list[Route] = []
    page.route("**/sites/*?period=7d", lambda route: held.append(route))
    page.get_by_role("link", name="7 days").click()
    expect(page.locator(".htmx-request")).to_have_count(1)
    expect(page.locator(".busy")).to_be_visible()
    check_still(page)
    held[0].continue_()
    expect(page.locator(".htmx-request")).to_have_count(0)


def test_the_look_finds_what_moves(office: Office, open_owner: OpenContext) -> None:  # noqa: F811
    page = open_owner().new_page()
    page.goto(office.url(f"/sites/{UNSEEN}"))
    expect(page.locator(".waiting")).to_be_visible()
    found = page.evaluate(MOVING)
    assert {"runs: wait", "P wait"} <= set(found)
