"""Referring hosts and campaigns to source, medium and channel."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from analytics.campaigns import read_campaign
from analytics.channels import CHANNELS, TABLE, classify, find_host, is_assistant
from analytics.model import NO_CAMPAIGN, Campaign
from analytics.spam import is_spam

from .test_docs import text_of

CASES = [
    ("", "", ("", "", "Direct")),
    ("google.com", "", ("Google", "organic", "Organic search")),
    ("google.de", "", ("Google", "organic", "Organic search")),
    ("google.co.uk", "", ("Google", "organic", "Organic search")),
    ("google.com.br", "", ("Google", "organic", "Organic search")),
    ("com.google.android.googlequicksearchbox", "", ("Google", "organic", "Organic search")),
    ("mail.google.com", "", ("Gmail", "email", "E-mail")),
    ("news.google.com", "", ("Google News", "referral", "Referral")),
    ("docs.google.com", "", ("Google Docs", "referral", "Referral")),
    ("gemini.google.com", "", ("Gemini", "assistant", "AI assistants")),
    ("google.com.evil.io", "", ("google.com.evil.io", "referral", "Referral")),
    ("notgoogle.com", "", ("notgoogle.com", "referral", "Referral")),
    ("google.evil", "", ("google.evil", "referral", "Referral")),
    ("duckduckgo.com", "", ("DuckDuckGo", "organic", "Organic search")),
    ("news.ycombinator.com", "", ("Hacker News", "social", "Organic social")),
    ("old.reddit.com", "", ("Reddit", "social", "Organic social")),
    ("t.co", "", ("X", "social", "Organic social")),
    ("youtube.com", "", ("YouTube", "video", "Organic video")),
    ("amazon.co.jp", "", ("Amazon", "shopping", "Organic shopping")),
    ("chatgpt.com", "", ("ChatGPT", "assistant", "AI assistants")),
    ("perplexity.ai", "", ("Perplexity", "assistant", "AI assistants")),
    ("blog.example", "", ("blog.example", "referral", "Referral")),
    ("(other)", "", ("(other)", "", "Referral")),
    ("", "utm_source=chatgpt.com", ("ChatGPT", "assistant", "AI assistants")),
    ("", "utm_source=newsletter&utm_medium=email", ("newsletter", "email", "E-mail")),
    ("", "utm_source=newsletter", ("newsletter", "referral", "E-mail")),
    ("mail.google.com", "utm_source=weekly", ("weekly", "referral", "Referral")),
    ("", "ref=producthunt", ("Product Hunt", "social", "Organic social")),
    ("", "utm_source=fb&utm_medium=paid_social", ("Facebook", "paid_social", "Paid social")),
    ("google.com", "gclid=x", ("Google", "cpc", "Paid search")),
    ("", "msclkid=x", ("Bing", "cpc", "Paid search")),
    ("facebook.com", "fbclid=x", ("Facebook", "social", "Organic social")),
    ("", "utm_source=google&utm_medium=cpc", ("Google", "cpc", "Paid search")),
    ("", "utm_source=google&utm_medium=cpc&utm_campaign=shopping-may", ("Google", "cpc", "Paid shopping")),
    ("", "utm_source=x.example&utm_medium=ppc", ("x.example", "ppc", "Paid other")),
    ("", "utm_source=a&utm_medium=banner", ("a", "banner", "Display")),
    ("", "utm_source=a&utm_medium=affiliate", ("a", "affiliate", "Affiliates")),
    ("", "utm_source=a&utm_medium=podcast", ("a", "podcast", "Audio")),
    ("", "utm_source=a&utm_medium=sms", ("a", "sms", "SMS")),
    ("", "utm_source=a&utm_medium=push", ("a", "push", "Mobile push")),
    ("", "utm_source=a&utm_medium=social", ("a", "social", "Organic social")),
    ("youtube.com", "utm_medium=cpc", ("YouTube", "cpc", "Paid video")),
]


@pytest.mark.parametrize(("host", "query", "expected"), CASES)
def test_channels(host: str, query: str, expected: tuple[str, str, str]) -> None:
    found = classify(host, read_campaign(f"https://example.com/?{query}"))
    assert (found.name, found.medium, found.channel) == expected
    assert is_assistant(found) == (expected[2] == "AI assistants")


def test_the_table_is_large_enough_and_says_each_host_once() -> None:
    hosts = [host for known in TABLE.values() for listed in known.values() for host in listed.split()]
    assert len(hosts) == len(set(hosts))
    sizes = {channel: len(known) for channel, known in TABLE.items()}
    assert sizes["Organic search"] >= 60
    assert sizes["Organic social"] >= 80
    assert sizes["AI assistants"] >= 20
    assert sizes["E-mail"] >= 30


def test_the_documentation_has_every_channel() -> None:
    section = text_of("metrics.md").partition("## Sources, media and channels")[2].partition("\n## ")[0]
    for channel in CHANNELS:
        assert f"| {channel} |" in section, channel


@given(st.text(), st.builds(Campaign, st.text(), st.text(), st.text(), st.text(), st.text(), st.text()))
def test_whatever_comes_in_has_one_of_the_channels(host: str, campaign: Campaign) -> None:
    assert classify(host, campaign).channel in CHANNELS
    find_host(host)


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("", NO_CAMPAIGN),
        ("q=1&utm_nothing=2", NO_CAMPAIGN),
        ("UTM_Source=Letter&utm_MEDIUM=E-Mail&utm_campaign=May", Campaign("letter", "e-mail", "May")),
        ("utm_content=a%20b&utm_term=%C3%BC", Campaign(content="a b", term="ü")),
        ("ref=a&utm_source=b", Campaign("b")),
        ("utm_source=b&ref=a", Campaign("b")),
        ("utm_source=&ref=a", Campaign("a")),
        ("gclid=secret123", Campaign(click="gclid")),
        ("utm_source=%00%1b[31mred%0a", Campaign("[31mred")),
        ("utm_source=" + "x" * 999, Campaign("x" * 200)),
        ("&".join(["a=1"] * 500), NO_CAMPAIGN),
        ("utm_source=%FF%FE", Campaign("\ufffd\ufffd")),
    ],
)
def test_campaigns(query: str, expected: Campaign) -> None:
    assert read_campaign(f"https://example.com/a?{query}#utm_source=no") == expected


@given(st.text())
def test_any_address_has_a_campaign_or_none(text: str) -> None:
    read_campaign(text)
    read_campaign(f"https://example.com/?{text}")


@pytest.mark.parametrize(
    ("host", "expected"),
    [("semalt.com", True), ("a.b.semalt.com", True), ("notsemalt.com", False), ("com", False), ("", False)],
)
def test_made_up_referrers(host: str, expected: bool) -> None:
    assert is_spam(host) is expected
