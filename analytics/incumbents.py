"""The counters and trackers that people come from, as data: how each is known, and what replaces it.

In the texts `{base}` is the address of this server, `{host}` its host, `{domain}` the site, `{id}` the
foreign id that was found in the markup.
"""

from __future__ import annotations

from dataclasses import dataclass

from .language import N_

PULL = "pagetally import pull %s --protocol %s --site {domain} --sitemap https://{domain}/sitemap.xml"
COUNTS = "pagetally import counts %s --site {domain}"
LEANCLOUD = "LeanCloud counter (NexT, Fluid, Valine, LoveIt, FixIt)"

SPANS = (
    '<script defer src="{base}/pt.js"></script>\n'
    'Page View <span data-pagetally="page-views">–</span>'
    ' · Site View <span data-pagetally="site-views">–</span>'
)
COUNT_ONLY = '<script defer src="{base}/pt.js"></script>'


@dataclass(frozen=True)
class Incumbent:
    """A system that people come from."""

    name: str
    signs: str
    """A regular expression, of which any match in the markup speaks for the system."""
    line: str
    """The new line, when only the host changes."""
    asks: tuple[str, ...]
    """What its pages ask a server for: `METHOD /path`. The first must answer for the line to work."""
    differs: str
    foreign: str = ""
    """The kind of its foreign ids (`umami` in `umami:UUID`); empty when it has none."""
    id_sign: str = ""
    """A regular expression whose first group is the foreign id."""
    importer: str = ""
    own: str = SPANS
    """What our own script needs instead: the better way where the pages can be edited."""


INCUMBENTS: tuple[Incumbent, ...] = (
    Incumbent(
        name="busuanzi",
        signs=r"busuanzi\.ibruce\.info|\bbusuanzi(_count)?:|busuanzi\.pure|bszCaller|busuanzi_(value|container)_",
        line='<script async src="{base}/busuanzi/2.3/busuanzi.pure.mini.js"></script>',
        asks=("GET /busuanzi/2.3/busuanzi.pure.mini.js", "GET /busuanzi?jsonpCallback=f"),
        importer=PULL % ("https://busuanzi.ibruce.info", "busuanzi"),
        differs=N_(
            "The page is sent by its address and not by the Referer header, so that each page has its own"
            " number. Every element of an id is filled, not only the first."
        ),
    ),
    Incumbent(
        name="soxft/busuanzi",
        signs=r"x-bsz-referer|data-prefix=|busuanzi\.9420\.ltd|\bbusuanzi_(site|page)_(pv|uv)\b",
        line='<script defer src="{base}/js"></script>',
        asks=("GET /js", "POST /api"),
        differs=N_("No identity is kept in the browser: who is new is decided here, once a day."),
    ),
    Incumbent(
        name="Vercount",
        signs=r"vercount(?:\.one|_value_|_container_)|events\.vercount",
        line='<script defer src="{base}/js"></script>',
        asks=("GET /js", "POST /api/v2/log"),
        importer=PULL % ("https://events.vercount.one", "vercount"),
        differs=N_(
            "isNewUv is not believed, no cookie is set, and a page that nobody reads keeps its number."
        ),
    ),
    Incumbent(
        name="GoatCounter",
        signs=r"goatcounter|gc\.zgo\.at",
        line='<script data-goatcounter="{base}/count" async src="{base}/count.js"></script>',
        asks=("GET /count.js", "GET /count?p=/", "GET /counter/TOTAL.json"),
        importer=COUNTS % "goatcounter-export.csv.gz",
        differs=N_(
            "The numbers of /counter are views; GoatCounter's are visits. Add ?metric=uv for visitors."
        ),
    ),
    Incumbent(
        name=LEANCLOUD,
        signs=r"leancloud|lean-analytics|av-min\.js|\bvaline\b|lncldapi|avoscloud",
        line="server_url: {base}    # NexT, Fluid; for Valine: serverURLs: {base}",
        asks=("GET /1.1/classes/Counter", "PUT /1.1/classes/Counter/0", "POST /1.1/batch"),
        foreign="leancloud",
        id_sign=r"app_?id[\"']?\s*[:=]\s*[\"']?([\w-]{16,64})",
        importer=COUNTS % "Counter.jsonl",
        differs=N_(
            "A PUT counts one view, whatever amount it asks for, and nobody can set a number with the"
            " public key."
        ),
    ),
    Incumbent(
        name="Waline",
        signs=r"waline",
        line='pageviewCount({{ serverURL: "{base}" }})',
        asks=("GET /api/article?path=/&type=time", "POST /api/article"),
        importer=COUNTS % "waline.json",
        differs=N_(
            "Only the page views move here, the comments stay where they are. /a and /a/ are one page."
        ),
    ),
    Incumbent(
        name="Artalk",
        signs=r"artalk",
        line='Artalk.loadCountWidget({{ server: "{base}" }})',
        asks=("POST /api/v2/pages/pv", "GET /api/v2/stats/page_pv"),
        importer=COUNTS % "artalk.json",
        differs=N_("Only the page views move here, the comments stay where they are."),
    ),
    Incumbent(
        name="Twikoo",
        signs=r"twikoo",
        line='envId: "{base}/twikoo"',
        asks=("POST /twikoo",),
        importer=COUNTS % "twikoo.json",
        differs=N_(
            "The number includes the present visit, so that the first reader sees 1. Comments stay"
            " where they are, which takes a second, hidden Twikoo: our own line is simpler."
        ),
    ),
    Incumbent(
        name="OpenKounter",
        signs=r"openkounter",
        line="server_url: {base}    # in Fluid's web_analytics.openkounter",
        asks=("GET /api/counter?target=site-pv", "POST /api/counter"),
        differs=N_("A number cannot be set from the browser."),
    ),
    Incumbent(
        name="finicounter",
        signs=r"finicount",
        line='<script async src="{base}/finicounter.js"></script>',
        asks=("GET /finicounter.js", "GET /counter?host=example.com"),
        differs=N_("A site keeps its number, however long nobody visits it."),
    ),
    Incumbent(
        name="CountAPI or abacus",
        signs=r"countapi|abacus\.jasoncameron",
        line="{base}/hit/{domain}/KEY",
        asks=("GET /hit/a/b", "GET /get/a/b"),
        differs=N_(
            "set, update and create want a token: pagetally token add --scope numbers."
            " Nobody else changes a number."
        ),
    ),
    Incumbent(
        name="Hits badge (seeyoufarm, dwyl, hits.sh, hitscounter.dev, komarev, visitor-badge)",
        signs=r"hits\.seeyoufarm|hits\.dwyl|//hits\.sh|hitscounter\.dev|komarev\.com|visitor-?badge",
        line="![views]({base}/api/count/incr/badge.svg?url=https://{domain}/)",
        asks=("GET /api/count/incr/badge.svg?url=https://example.com/",),
        own='<img src="{base}/api/pixel.gif?u=https://{domain}/" alt="" width="1" height="1">',
        differs=N_("Whoever reads it through GitHub's image proxy is one visitor, as everywhere."),
    ),
    Incumbent(
        name="HitWebCounter",
        signs=r"hitwebcounter",
        line='<img src="{base}/counter/counter.php?page=1&amp;style=0001&amp;nbdigits=6" alt="">',
        asks=("GET /counter/counter.php?page=1",),
        differs=N_("The digits are our own; the page is the one that shows the image."),
    ),
    Incumbent(
        name="Moe-Counter",
        signs=r"moe-?counter|count\.getloli",
        line='<img src="{base}/@{domain}" alt="">',
        asks=("GET /@name",),
        own=SPANS,
        differs=N_("/record/@name only reads. The digits are our own."),
    ),
    Incumbent(
        name="Umami",
        signs=r"data-website-id|umami",
        line='<script defer src="{base}/script.js" data-website-id="{id}"></script>',
        asks=("GET /script.js", "POST /api/send"),
        foreign="umami",
        id_sign=r"([0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})",
        own=COUNT_ONLY,
        differs=N_(
            "A visitor is one browser on one day. Client-chosen addresses and times are not believed."
        ),
    ),
    Incumbent(
        name="Plausible",
        signs=r"plausible",
        line='<script defer data-domain="{domain}" src="{base}/js/script.js"></script>',
        asks=("GET /js/script.js", "POST /api/event"),
        own=COUNT_ONLY,
        differs=N_("Bounces end with the second view or an event."),
    ),
    Incumbent(
        name="Matomo",
        signs=r"\b_paq\b|matomo|piwik",
        line='_paq.push(["setTrackerUrl", "{base}/matomo.php"]); _paq.push(["setSiteId", "{id}"]);',
        asks=("POST /matomo.php", "GET /matomo.php?idsite=1&rec=1"),
        foreign="matomo",
        id_sign=r"(?:setSiteId[\"'],\s*[\"']?|idsite=)(\d{1,9})",
        own=COUNT_ONLY,
        differs=N_("No cookie and no visitor id of the client's; cip and cdt are not believed."),
    ),
    Incumbent(
        name="Google Analytics 4",
        signs=r"googletagmanager\.com/gtag|\bgtag\(|google-analytics\.com|\bG-[A-Z0-9]{8,12}\b",
        line='gtag("config", "{id}", {{ transport_url: "{base}" }});',
        asks=("POST /g/collect", "POST /mp/collect"),
        foreign="ga4",
        id_sign=r"\b(G-[A-Z0-9]{6,12})\b",
        own=COUNT_ONLY,
        differs=N_(
            "Only views and events are kept. gtag.js itself still comes from Google; our own line does not."
        ),
    ),
    Incumbent(
        name="Fathom",
        signs=r"usefathom|fathom",
        line='<script src="{base}/tracker.js" id="fathom-script" data-site="{id}" defer></script>',
        asks=("GET /tracker.js", "GET /collect?p=/"),
        foreign="fathom",
        id_sign=r"(?:data-site=[\"']|siteId[\"'],\s*[\"'])([A-Z0-9]{4,16})",
        own=COUNT_ONLY,
        differs=N_("Fathom Lite's protocol, without its cookie."),
    ),
)

# What fills an element by its id or class: (pattern of the whole name, incumbent, what it shows).
ELEMENTS: tuple[tuple[str, str, str], ...] = (
    (r"busuanzi_value_(site|page)_(pv|uv)", "busuanzi", N_("the number")),
    (r"busuanzi_container_(site|page)_(pv|uv)", "busuanzi", N_("shown with its number")),
    (r"busuanzi_(site|page)_(pv|uv)", "soxft/busuanzi", N_("the number")),
    (r"vercount_(value|container)_(site|page)_(pv|uv)", "Vercount", N_("the number")),
    (r"(leancloud[-_](visitors|site|page).*|leancloud_visitors)", LEANCLOUD, N_("the number")),
    (r"waline-pageview-count", "Waline", N_("views of the page")),
    (r"(ArtalkPV|artalk-(pv|visitor)-count)", "Artalk", N_("views of the page")),
    (r"twikoo_visitors", "Twikoo", N_("views of the page")),
    (r"openkounter-(site|page)-.*", "OpenKounter", N_("the number")),
    (r"umami-(site|page)-.*", "Umami", N_("the number")),
    (r"finicount_views", "finicounter", N_("views of the site")),
    (r"(pageviews|page-views)", "GoatCounter", N_("views of the page")),
    (r"eo_count_(site|page)_(pv|uv)(_container)?", "busuanzi", N_("the number")),
)
