"""Goals, segments and notes: by the page's forms, by commands, by programs; all of them only text."""

from __future__ import annotations

import re
from typing import Any

import pytest
from msgspec.structs import replace
from starlette.testclient import TestClient

from analytics.commands import AddToken, Keep, perform
from analytics.errors import InputError
from analytics.filters import condition
from analytics.goals import Kept, check_annotation, check_goal, names_kept, resolve
from analytics.instance import Instance
from analytics.model import Annotation, Goal, Kind, Segment
from analytics.store import columns
from analytics.web.app import create_app

from .conftest import pagetally
from .test_migrate import HOST, owner  # noqa: F401
from .test_site_page import TODAY, figures, hit, page  # noqa: F401

SCRIPT = "<script>alert(1)</script>"
GOALS = [
    (Goal(0, 0, "Signed up", "event", "Signup"), (1, 1)),
    (Goal(0, 0, "Read b", "page", "/b"), (1, 1)),
    (Goal(0, 0, "Read any letter", "page", "/?"), (0, 0)),
    (Goal(0, 0, "Read all", "page", "/*"), (4, 4)),
    (Goal(0, 0, "Read b, with a slash", "page", "/b/"), (1, 1)),
    (Goal(0, 0, "Read b or below", "page", "/b//*"), (1, 1)),
    (Goal(0, 0, "Half of a", "scroll", "/a", 50), (1, 1)),
    (Goal(0, 0, "Half of anything", "scroll", "", 50), (2, 2)),
    (Goal(0, 0, "A minute", "engaged", "", 60), (1, 1)),
    (Goal(0, 0, "Two minutes", "engaged", "", 120), (0, 0)),
    # Longer as an expression, or in escapes, than what a filter may name.
    (Goal(0, 0, "A long path", "page", "/" + "." * 498 + "*"), (0, 0)),
    (Goal(0, 0, "A path of what is not seen", "page", "/" + "\u200b" * 499), (0, 0)),
]


@pytest.fixture
def client(page: TestClient, instance: Instance) -> TestClient:  # noqa: F811
    """The site page's visitors, two of whom told how they read."""
    stays = [
        replace(hit(1, "/b", 61), kind=Kind.ENGAGEMENT, detail='{"e":10,"sd":90}'),
        replace(hit(2, "/a", 70), kind=Kind.ENGAGEMENT, detail='{"e":65,"sd":50}'),
        replace(hit(3, "/a", 7_310), kind=Kind.ENGAGEMENT, detail='{"e":2}'),
    ]
    instance.write(lambda store: store.write(stays))
    page.headers["origin"] = HOST
    return page


def keep(client: TestClient, **form: str) -> Any:
    return client.post("/sites/example.com/keep", data=form, follow_redirects=False)


@pytest.mark.parametrize(("goal", "expected"), GOALS)
def test_goals_of_every_kind(
    client: TestClient, instance: Instance, goal: Goal, expected: tuple[int, int]
) -> None:
    perform(instance, Keep("example.com", goal=goal))
    for step in (lambda: None, instance.fold):
        step()
        text = client.get("/sites/example.com").text
        card = text.partition('id="card-goals"')[2].partition("</table>")[0]
        found = re.search(r'part">([^<]+)</td><td class="n">(\d+)</td><td class="n">(\d+)</td>', card)
        assert found is not None
        assert (int(found[3]), int(found[2])) == expected
        assert found[1] == f"{expected[0] / 4:.0%}"
        # A click on it shows those visitors alone.
        (link,) = re.findall(r'<a class="pick" href="([^"]+goal[^"]+)"', card)
        assert figures(client, link.replace("&amp;", "&").partition("?")[2])[1] == str(expected[0])


def test_a_goal_is_added_and_forgotten_by_the_page(client: TestClient) -> None:
    answer = keep(
        client, keep="goal", name="Signed up", kind="event", target="Signup", view="f=country:is:DE"
    )
    assert (answer.status_code, answer.headers["location"]) == (303, "/sites/example.com?f=country:is:DE")
    text = client.get("/sites/example.com").text
    assert "Signed up" in text
    (number,) = re.findall(
        r'name="forget" value="goal"><input type="hidden" name="number" value="(\d+)"', text
    )
    assert keep(client, forget="goal", number=number).status_code == 303
    assert "Signed up" not in client.get("/sites/example.com").text
    assert keep(client, forget="goal", number=number).status_code == 400


def test_a_segment_is_filters_under_a_name(client: TestClient) -> None:
    view = "f=city:is:Berlin&f=browser:is:Firefox&any=1"
    expected = figures(client, view)
    assert keep(client, keep="segment", name="Berliners", view=view).status_code == 303
    text = client.get("/sites/example.com").text
    (link,) = re.findall(r'<a class="chip" href="([^"]*segment=\d+)">Berliners', text)
    assert figures(client, link.partition("?")[2]) == expected
    assert figures(client, link.partition("?")[2] + "&f=browser:is:Firefox")[1] == "1"
    # The same name again replaces it.
    keep(client, keep="segment", name="Berliners", view="f=city:is:Paris")
    assert figures(client, link.partition("?")[2])[1] == "2"
    assert client.get("/sites/example.com?segment=99").status_code == 400
    assert keep(client, keep="segment", name="Nothing", view="").status_code == 400


def test_a_segment_and_further_filters_hold_together(client: TestClient) -> None:
    view = "f=city:is:Berlin&f=city:is:Paris&any=1"
    answer = keep(client, keep="segment", name="Both", view=view)
    # What was kept is what is shown then.
    assert answer.headers["location"] == "/sites/example.com?segment=1"
    text = client.get("/sites/example.com?f=browser:is:Firefox").text
    (link,) = re.findall(r'<a class="chip" href="([^"]*segment=\d+)">Both', text)
    asked = link.partition("?")[2].replace("&amp;", "&")
    assert asked == "f=browser:is:Firefox&segment=1"
    assert figures(client, asked)[1] == "1"
    chosen = client.get(f"/sites/example.com?{asked}").text.partition('class="kept"')[2]
    (away,) = re.findall(r'<a class="chip" href="([^"]*)" aria-current="true"', chosen)
    assert away.endswith("?f=browser:is:Firefox")


@pytest.mark.parametrize(
    ("view", "more", "many"),
    [
        ("f=page:is:/a", "", 8),
        ("f=page:is:/a", "&f=browser:is:Safari", 8),
        ("f=hour:is:2025-11-25 00:00", "&f=page:is:/a", 6),
        ("f=goal:is:Read b", "", 6),
    ],
)
def test_a_segment_shows_what_its_filters_show(
    client: TestClient, instance: Instance, view: str, more: str, many: int
) -> None:
    perform(instance, Keep("example.com", goal=GOALS[1][0]))
    keep(client, keep="segment", name="These", view=view)
    expected = figures(client, view + more)
    assert len(expected) == many
    assert figures(client, f"segment=1{more}") == expected
    csv = [client.get(f"/sites/example.com/list.csv?list=page&{one}{more}") for one in (view, "segment=1")]
    assert csv[0].text == csv[1].text
    assert csv[0].status_code == csv[1].status_code == 200


def test_a_segment_is_changed_by_its_filters_in_the_form(client: TestClient) -> None:
    keep(client, keep="segment", name="Berliners", view="f=city:is:Berlin")
    keep(client, keep="segment", name="Parisians", view="f=city:is:Paris")
    text = client.get("/sites/example.com?segment=1&period=today").text
    (link,) = re.findall(r'href="([^"]*)">Change this segment<', text)
    address = link.replace("&amp;", "&")
    assert address == "/sites/example.com?period=today&f=city:is:Berlin&edit=1"
    # Whatever filter is added there, it stays the one that is changed.
    (view,) = re.findall(
        r'keep" value="segment"><input type="hidden" name="view" value="([^"]*)"',
        client.get(f"{address}&f=browser:is:Firefox").text,
    )
    form = {"keep": "segment", "number": "1", "over": "1", "view": view.replace("&amp;", "&")}
    assert keep(client, **form, name="Parisians").status_code == 400
    assert keep(client, **form, name="With Firefox").headers["location"].endswith("?period=today&segment=1")
    assert figures(client, "segment=1")[1] == "1"
    text = client.get("/sites/example.com").text
    assert ("With Firefox" in text, "Berliners" in text) == (True, False)
    # Under a name, the one that was begun with stays as it was.
    form |= {"over": "", "view": "f=city:is:Paris&edit=1"}
    assert keep(client, **form, name="Third").headers["location"].endswith("segment=3")
    assert figures(client, "segment=1")[1] == "1"
    assert keep(client, **form | {"number": "9", "over": "1"}, name="x").status_code == 400
    assert client.get("/sites/example.com?edit=99&f=city:is:Paris").status_code == 200
    assert client.get("/sites/example.com?edit=x").status_code == 400


def test_a_goal_is_changed_after_a_look_at_what_that_does(client: TestClient) -> None:
    keep(client, keep="goal", name="Signed up", kind="event", target="Signup")
    text = client.get("/sites/example.com?period=today").text
    (link,) = re.findall(r'href="([^"]*/goal\?[^"]*)"', text)
    address = link.replace("&amp;", "&")
    assert address == "/sites/example.com/goal?period=today&number=1"
    assert 'value="Signed up"' in client.get(address).text
    text = client.get(f"{address}&name=Read+a&kind=page&target=/a").text
    rows = re.findall(
        r'name">([^<]*)</bdi><bdi class="path">([^<]*)</bdi></th><td class="n">([^<]*)</td>'
        r'<td class="n">(\d+)</td><td class="n">(\d+)',
        text,
    )
    assert rows == [("Now", "Event Signup", "33%", "1", "1"), ("Then", "Page /a", "100%", "3", "3")]
    fields = dict(
        re.findall(r'type="hidden" name="([^"]*)" value="([^"]*)"', text.partition('method="post"')[2])
    )
    fields["view"] = "f=goal:is:Signed+up"
    # What was filtered by its name is by the new one.
    assert keep(client, **fields).headers["location"] == "/sites/example.com?f=goal:is:Read+a"
    text = client.get("/sites/example.com").text
    assert ("Page /a" in text, "Signed up" in text) == (True, False)
    assert keep(client, **fields | {"number": "7"}).status_code == 400
    for wrong in "number=7", "number=x", "kind=page&target=&name=a", "kind=scroll&amount=900&name=a":
        assert client.get(f"/sites/example.com/goal?{wrong}").status_code == 400
    new = client.get("/sites/example.com/goal?kind=event&target=Signup&name=%3Cb%3E&amount=").text
    assert "&lt;b&gt;" in new
    assert "<b>" not in new


def test_a_note_stands_with_the_chart(client: TestClient) -> None:
    answer = keep(
        client, keep="annotation", date="2025-11-24", text="Version 2", link="https://example.com/v2"
    )
    assert answer.status_code == 303
    text = client.get("/sites/example.com").text
    assert '<a href="https://example.com/v2" rel="noreferrer noopener">Version 2</a>' in text
    assert "<title>24 Nov 2025: Version 2</title>" in text
    assert "Version 2" not in client.get("/sites/example.com?period=today").text
    (number,) = re.findall(r'value="annotation"><input type="hidden" name="number" value="(\d+)"', text)
    keep(client, forget="annotation", number=number)
    assert "Version 2" not in client.get("/sites/example.com").text


@pytest.mark.parametrize(
    "form",
    [
        {"keep": "goal", "name": SCRIPT, "kind": "page", "target": f"/{SCRIPT}*"},
        {"keep": "segment", "name": SCRIPT, "view": "f=page:contains:%3Cscript%3E"},
        {"keep": "annotation", "date": "2025-11-25", "text": SCRIPT},
    ],
)
def test_what_is_kept_is_only_text(client: TestClient, form: dict[str, str]) -> None:
    assert keep(client, **form).status_code == 303
    assert SCRIPT not in client.get("/sites/example.com").text


@pytest.mark.parametrize(
    "form",
    [
        {},
        {"keep": "wish"},
        {"keep": "goal"},
        {"keep": "goal", "name": "x", "kind": "luck", "target": "x"},
        {"keep": "goal", "name": "x", "kind": "scroll", "amount": "101"},
        {"keep": "goal", "name": "x", "kind": "scroll", "amount": "-1"},
        {"keep": "goal", "name": "x" * 81, "kind": "event", "target": "x"},
        {"keep": "annotation", "date": "soon", "text": "x"},
        {"keep": "annotation", "date": "2025-11-25", "text": ""},
        {"keep": "annotation", "date": "2025-11-25", "text": "x", "link": "javascript:alert(1)"},
        {"keep": "goal", "name": "x", "kind": "event", "target": "x", "view": "f=nonsense"},
        {"forget": "site", "number": "1"},
        {"forget": "goal", "number": "1e3"},
    ],
)
def test_what_cannot_be_kept_is_told(client: TestClient, form: dict[str, str]) -> None:
    assert keep(client, **form).status_code == 400


def test_only_the_owner_keeps_and_only_from_our_own_page(client: TestClient) -> None:
    form = {"keep": "goal", "name": "x", "kind": "event", "target": "x"}
    client.headers["origin"] = "https://evil.example"
    assert keep(client, **form).status_code == 403
    client.headers["origin"] = HOST
    client.cookies.clear()
    assert keep(client, **form).headers["location"] == "/login"


def test_a_segment_that_names_a_segment_is_empty() -> None:
    kept = Kept(segments=[Segment(1, 1, "a", "f=segment:is:1")])
    tree = resolve(condition("segment", "is", ["a"]), kept)
    assert not names_kept(tree)


def test_a_segment_may_name_a_goal_whatever_that_is_called_later(client: TestClient) -> None:
    goal = {"keep": "goal", "kind": "event", "target": "Signup"}
    keep(client, **goal, name="Signed up")
    keep(client, keep="segment", name="Members", view="f=goal:is:Signed+up&f=city:is:Berlin")
    assert figures(client, "segment=1")[1] == "1"
    assert keep(client, **goal, name="Joined", number="1").status_code == 303
    assert figures(client, "segment=1")[1] == "1"
    assert "goal:is:Joined" in client.get("/sites/example.com?segment=1").text
    keep(client, forget="goal", number="1")
    assert figures(client, "segment=1")[1] == "0"
    assert "Forget this segment" in client.get("/sites/example.com?segment=1").text


def test_no_name_stands_for_the_number_of_another(client: TestClient) -> None:
    keep(client, keep="segment", name="Berliners", view="f=city:is:Berlin")
    keep(client, keep="segment", name="1", view="f=city:is:Nowhere")
    assert figures(client, "segment=1")[1] == "2"
    keep(client, keep="goal", name="2", kind="event", target="Signup")
    keep(client, keep="goal", name="Else", kind="event", target="None")
    assert figures(client, "f=goal:is:2")[1] == "1"


def test_programs_ask_by_goal_and_segment(client: TestClient, instance: Instance) -> None:
    perform(instance, Keep("example.com", goal=GOALS[0][0]))
    perform(instance, Keep("example.com", goal=GOALS[3][0]))
    perform(instance, Keep("example.com", segment=Segment(0, 0, "Germans", "f=country:is:DE")))
    key = perform(instance, AddToken("example.com", "read", ""))
    api = TestClient(create_app(instance), headers={"authorization": f"Bearer {key}"})

    def ask(**more: Any) -> Any:
        body = {"site_id": "example.com", "metrics": ["visitors", "conversion_rate"], "date_range": "7d"}
        answer = api.post("/api/v2/query", json=body | more)
        assert answer.status_code == 200, answer.text
        return [[*one["dimensions"], *one["metrics"]] for one in answer.json()["results"]]

    assert ask(dimensions=["event:goal"]) == [["Read all", 4, 100.0], ["Signed up", 1, 25.0]]
    # How often each was reached, not what else happened in those visits.
    metrics = ["visits", "pageviews", "events"]
    assert ask(dimensions=["event:goal"], metrics=metrics) == [["Read all", 4, 5, 5], ["Signed up", 1, 0, 1]]
    german = ["is", "segment", [1]]
    assert ask(dimensions=["event:goal"], filters=[german]) == [
        ["Read all", 2, 100.0],
        ["Signed up", 1, 50.0],
    ]
    assert ask(filters=[["is", "event:goal", ["Signed up"]], german]) == [[1, 50.0]]
    assert ask(metrics=["visitors"], filters=[["is_not", "event:goal", ["Signed up"]]]) == [[3]]
    for wrong in (
        {"metrics": ["conversion_rate"]},
        {"dimensions": ["event:goal", "visit:city"]},
        {"filters": [["is", "event:goal", ["Nothing"]]]},
        {"filters": [["contains", "event:goal", ["Sign"]]]},
    ):
        body = {"site_id": "example.com", "metrics": ["visitors"], "date_range": "7d"} | wrong
        assert api.post("/api/v2/query", json=body).status_code == 400


def test_the_days_are_read_once_for_all_goals(
    client: TestClient, instance: Instance, monkeypatch: pytest.MonkeyPatch
) -> None:
    key = perform(instance, AddToken("example.com", "read", ""))
    api = TestClient(create_app(instance), headers={"authorization": f"Bearer {key}"})
    asked = []
    read = columns.read_columns
    monkeypatch.setattr(columns, "read_columns", lambda *words: asked.append(words) or read(*words))
    counts = []
    for goal, _ in GOALS[:5]:
        perform(instance, Keep("example.com", goal=goal))
        asked.clear()
        for days in "7d", ["2025-11-24T00:00:00Z", "2025-11-25T00:00:30Z"]:
            body = {"site_id": "example.com", "metrics": ["visitors"], "date_range": days}
            assert api.post("/api/v2/query", json=body | {"dimensions": ["event:goal"]}).status_code == 200
        counts.append(len(asked))
    assert counts == counts[:1] * 5


def test_programs_leave_notes_with_a_key_for_that(client: TestClient, instance: Instance) -> None:
    reading = perform(instance, AddToken("example.com", "read", ""))
    noting = perform(instance, AddToken("example.com", "annotate", ""))
    api = TestClient(create_app(instance))
    body = {"site_id": "example.com", "text": "Deployed 2.0", "link": "https://example.com/"}
    for key, status in (("", 401), (reading, 401), (noting, 200)):
        answer = api.post("/api/v1/annotations", json=body, headers={"authorization": f"Bearer {key}"})
        assert answer.status_code == status
        # The holder of a key for something else is told which one it takes.
        assert answer.is_success or answer.json()["hint"].endswith("--scope annotate")
    assert answer.json() == {"id": 1, "site_id": "example.com", "date": "2025-11-25", "text": "Deployed 2.0"}
    headers = {"authorization": f"Bearer {noting}"}
    for wrong in ({"text": ""}, {"date": "soon"}, {"link": "x"}, {"text": 3}):
        assert api.post("/api/v1/annotations", json=body | wrong, headers=headers).status_code == 400
    assert "Deployed 2.0" in client.get("/sites/example.com").text


def test_the_commands(tmp_path: Any) -> None:
    data = tmp_path / "data"
    pagetally("site", "add", "example.com", data=data)
    pagetally("goal", "add", "example.com", "Signup", data=data)
    pagetally("goal", "add", "example.com", "Reader", "--kind", "engaged", "--amount", "30", data=data)
    assert pagetally("goal", "list", "example.com", data=data).stdout.splitlines() == [
        "2  Reader  30 s on any page",
        "1  Signup  Event Signup",
    ]
    pagetally("goal", "remove", "example.com", "1", data=data)
    pagetally("segment", "add", "example.com", "Germans", "--filter", "country:is:DE|AT", data=data)
    listed = pagetally("segment", "list", "example.com", data=data).stdout
    assert listed == "1  Germans  f=country:is:DE%7CAT\n"
    pagetally("annotate", "example.com", "Version 2", "--day", "2026-05-01", data=data)
    assert pagetally("annotate", "example.com", data=data).stdout == "1  2026-05-01  Version 2\n"
    pagetally("annotate", "example.com", "--remove", "1", data=data)
    assert pagetally("annotate", "example.com", data=data).stdout == ""
    assert pagetally("goal", "remove", "example.com", "9", data=data, check=False).returncode == 2


def test_checks() -> None:
    assert check_goal(GOALS[0][0]) == GOALS[0][0]
    with pytest.raises(InputError, match="link"):
        check_annotation(Annotation(0, 0, 1, "x", "data:text/html,x"))
