"""Who the made-up readers are: what they read with, where, in which language. Told from the visitor alone,
so that one of them stays the same all day.
"""

from __future__ import annotations

from analytics.model import NO_CAMPAIGN, Campaign, Client, Place

_WINDOWS, _MAC, _LINUX, _ANDROID, _IPHONE, _IPAD = (
    ("Windows", "11", "desktop", "1440+"),
    ("macOS", "", "desktop", "1440+"),
    ("GNU/Linux", "", "desktop", "1440+"),
    ("Android", "15", "mobile", "<576"),
    ("iOS", "18.6", "mobile", "<576"),
    ("iOS", "18.6", "tablet", "768-1023"),
)
_CLIENTS = (
    (("Chrome", "142"), _ANDROID, 20),
    (("Chrome", "141"), _ANDROID, 7),
    (("Chrome", "142"), _WINDOWS, 16),
    (("Chrome", "142"), _MAC, 5),
    (("Chrome", "142"), ("Windows", "10", "desktop", "1024-1439"), 3),
    (("Safari", "18.6"), _IPHONE, 17),
    (("Safari", "18.6"), _IPAD, 3),
    (("Safari", "18.5"), _MAC, 6),
    (("Firefox", "145"), _LINUX, 5),
    (("Firefox", "145"), _WINDOWS, 6),
    (("Firefox", "144"), _ANDROID, 3),
    (("Edge", "142"), _WINDOWS, 5),
    (("Samsung Internet", "28"), _ANDROID, 3),
    (("Opera", "123"), _WINDOWS, 1),
)
_PLACES = (
    (("GB", "en"), 34),
    (("IE", "en"), 9),
    (("US", "en"), 15),
    (("CA", "en"), 5),
    (("DE", "de"), 9),
    (("FR", "fr"), 5),
    (("NL", "nl"), 4),
    (("NO", "nb"), 4),
    (("SE", "sv"), 3),
    (("DK", "da"), 2),
    (("ES", "es"), 2),
    (("IT", "it"), 2),
    (("PL", "pl"), 1),
    (("JP", "ja"), 1),
    (("IN", "en"), 2),
    (("AU", "en"), 1),
    (("NZ", "en"), 1),
)
CLIENTS = [Client(*browser, *system) for browser, system, share in _CLIENTS for _ in range(share)]
_CITIES = {
    "GB": (("GB-ENG", "London"), ("GB-ENG", "Whitby"), ("GB-SCT", "Oban"), ("GB-WLS", "Fishguard")),
    "IE": (("IE-L", "Dublin"), ("IE-M", "Cobh"), ("IE-C", "Galway")),
    "US": (("US-ME", "Portland"), ("US-NY", "New York"), ("US-CA", "Oakland")),
    "CA": (("CA-NS", "Halifax"), ("CA-BC", "Victoria")),
    "DE": (("DE-HH", "Hamburg"), ("DE-SH", "Husum"), ("DE-BE", "Berlin")),
    "FR": (("FR-BRE", "Brest"), ("FR-IDF", "Paris")),
    "NL": (("NL-ZE", "Vlissingen"), ("NL-NH", "Den Helder")),
    "NO": (("NO-46", "Bergen"), ("NO-03", "Oslo")),
}
"""Of the rest only the country is known."""
PLACES = [
    Place(country, *cities[place % len(cities)], language=language)
    for (country, language), share in _PLACES
    for cities in (_CITIES.get(country, (("", ""),)),)
    for place in range(share)
]
_LETTERS = tuple(Campaign("harbour-letter", "email", f"letter-{number}") for number in range(1, 9))


def client_of(visitor: int) -> Client:
    """What a visitor reads with."""
    return CLIENTS[(visitor >> 8) % len(CLIENTS)]


def place_of(visitor: int) -> Place:
    """Where a visitor reads, and in which language."""
    return PLACES[(visitor >> 20) % len(PLACES)]


def campaign_of(visitor: int, source: str) -> Campaign:
    """Of those who came from nowhere, some followed a link in the letter."""
    if source or (visitor >> 32) % 9:
        return NO_CAMPAIGN
    return _LETTERS[(visitor >> 36) % len(_LETTERS)]
