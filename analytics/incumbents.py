"""The counters and trackers that people come from, as data: how each is known, and what replaces it.

A product's name alone is no sign of it: most are words of a language as well. In the texts `{base}` is the
address of this server, `{domain}` the site, `{id}` the foreign id that was found in the markup, and
`{page}` the page that such an id is.
"""

from __future__ import annotations

from dataclasses import dataclass

from .language import N_

PULL = "pagetally import pull %s --protocol %s --site {domain} {pages}"
"""`{pages}` says where the pages are named: in the site's sitemap, or a file."""
COUNTS = "pagetally import counts %s --site {domain}"
START = "pagetally counter set {page} --views NUMBER --site {domain}"
"""Where nothing can be taken over but a number that somebody reads off the old counter."""

LEANCLOUD = "LeanCloud counter (NexT, Fluid, Valine, LoveIt, FixIt)"

SPANS = (
    '<script defer src="{base}/pt.js"></script>\n'
    'Page View <span data-pagetally="page-views">–</span>'
    ' · Site View <span data-pagetally="site-views">–</span>'
)
VISITORS = (
    (r"(?<![a-z])site_uv\b", ' · Site Visitors <span data-pagetally="site-visitors">–</span>'),
    (r"(?<![a-z])page_uv\b", ' · Page Visitors <span data-pagetally="page-visitors">–</span>'),
)
"""What our own line shows besides where the markup shows visitors."""

COUNT_ONLY = '<script defer src="{base}/pt.js"></script>'

PLUGIN = N_(
    "The script goes into the theme's head, and each number into a block of custom HTML. It counts in the"
    " browser, so that a page cache does not stop it. The plugin can go once its numbers are imported."
)


def wordpress_table(table: str, post: str, views: str) -> str:
    """The command of WP-CLI that writes a plugin's own table of views as CSV, with each post's address."""
    query = f'"SELECT {post} AS post, {views} AS views FROM " . $wpdb->prefix . "{table}"'
    each = f"foreach ($wpdb->get_results({query}) as $row)"
    row = 'echo get_permalink($row->post), ",", $row->views, "\\n";'
    is_public = 'if (get_post_status($row->post) == "publish")'
    return f"""wp eval 'global $wpdb; echo "link,views\\n"; {each} {is_public} {row}' > views.csv"""


UUID = r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}"
ORIGIN = r"(?:https?:)?//[\w.:-]{1,90}"
"""Scheme and host of an address, the scheme left out or not."""

BUSUANZI = "/busuanzi/2.3/busuanzi.pure.mini.js"
"""Where the script for busuanzi's pages is."""

OWN_ASKS = ("POST /api/event", "GET /api/counters")
"""What our own line asks for, where the old one asked no counter's host."""

Rule = tuple[str, str]
"""A regular expression, and what stands in place of each match; `{base}` in it is this server's address."""


def named(name: str) -> str:
    """The sign of a name where it is written as settings and code are, and not as prose is."""
    start = r"""^[ \t#"'-]{0,20}"""
    sets = r"""["']?[ \t]{0,8}[:=][ \t]{0,8}"""
    key = rf"{start}{name}[\w-]{{0,30}}{sets}(?:[\[{{]|\S+[ \t]*$|\n[ \t]+\S)"
    value = rf"""{start}[\w.-]{{1,40}}{sets}["']?{name}["']?,?[ \t]*$"""
    table = rf"\[[\w.]{{0,60}}\b{name}[\w.]{{0,60}}\]"
    package = rf"""@{name}[\w-]*/\w|["']{name}-(?:analytics|client|tracker)\b"""
    file = rf"/{name}[\w.-]{{0,40}}\.js\b|//[\w.-]{{0,60}}\b{name}\b[\w.-]{{0,60}}/[\w./-]{{0,60}}\.js\b"
    call = rf"""\b{name}(?:\.\w+)?\(["'{{]|\bwindow\.{name}\b"""
    return "|".join((key, value, table, package, file, call))


def attribute(name: str, value: str) -> Rule:
    """The rule that gives an attribute, or a setting of that name, another value."""
    return (rf"""((?<![\w-]){name}["']?\s{{0,8}}[:=]\s{{0,8}}["']?)[^"'\s>,;}}]+""", rf"\g<1>{value}")


def setting(name: str, value: str) -> tuple[Rule, ...]:
    """The rules that give a setting another value, in YAML, TOML or code, also where it is empty."""
    start = rf"""((?<![\w-]){name}["']?[ \t]{{0,8}}[:=])"""
    return (
        (rf"{start}[ \t]{{0,8}}(?=#)", rf"\g<1> {value} "),
        (rf"{start}[ \t]{{0,8}}$", rf"\g<1> {value}"),
        (rf"""{start}([ \t]{{0,8}}["'`]?)[^"'`\s>,;}}#]*""", rf"\g<1>\g<2>{value}"),
    )


def missing(name: str, key: str, value: str) -> tuple[Rule, ...]:
    """The rules that put a setting beside that of `key`, where there is none yet: in a call, or in lines."""
    absent, before = rf"(?![\s\S]*?{name})", r"([\s\S]*?)"
    row = rf"(^[ \t]*)((?-i:{key})([ \t]*[:=][ \t]*)[^\n]*)"
    return (
        (rf"\A{absent}(?=[\s\S]*?\(\s*\{{){before}(?-i:\b{key}\b)", rf'\g<1>{name}: "{value}", {key}'),
        (rf"\A{absent}{before}{row}", rf'\g<1>\g<2>\g<3>\n\g<2>{name}\g<4>"{value}"'),
    )


@dataclass(frozen=True)
class Incumbent:
    """A system that people come from."""

    name: str
    signs: str
    """A regular expression, of which any match in the markup speaks for the system."""
    line: str
    """The new line, where nothing in the markup can be rewritten to make it."""
    asks: tuple[str, ...]
    """What its pages ask a server for: `METHOD /path`. The first must answer for the line to work."""
    differs: str
    rules: tuple[Rule, ...] = ()
    """What makes new lines of the old: they keep whatever the rules do not speak of."""
    has_settings: bool = False
    """Whether what is rewritten are settings: blocks of a theme's file, calls with their arguments."""
    ids: tuple[Rule, ...] = ()
    """The kinds of its foreign ids (`umami` in `umami:UUID`), and what has such an id as its first group."""
    needs_id: bool = False
    """Whether it counts for nobody without a foreign id."""
    importer: str = ""
    """What takes the old numbers over: a command, once for each `{page}`."""
    exporter: str = ""
    """What makes the file for it: a command of the other system, where that runs."""
    own: str = SPANS
    """What our own script needs instead: the better way where the pages can be edited."""


PLAUSIBLE = r"/js/(?:script|plausible|pa-)[\w.-]{0,80}\.js"
BADGE_HOSTS = (
    r"hits\.seeyoufarm\.com|hits\.dwyl\.(?:com|io)|(?:www\.)?hitscounter\.dev|komarev\.com"
    r"|visitor-badge\.(?:laobi\.icu|glitch\.me)|(?:api\.)?visitorbadge\.io"
)
BADGE_END = r"""(?:[?#"'\s)&]|%3F|$)"""
ADDRESS = r"""([^&"'\s)<>\]]{1,300})"""


def wordpress_plugin(
    name: str, signs: str, exporter: str = "", file: str = "views.csv", differs: str = PLUGIN
) -> Incumbent:
    """A view counter of WordPress, which asks its own host alone: our line, and how its numbers come here."""
    return Incumbent(
        name=f"{name} (WordPress)",
        signs=signs,
        line=SPANS,
        asks=OWN_ASKS,
        exporter=exporter,
        importer=COUNTS % file,
        differs=differs,
    )


INCUMBENTS: tuple[Incumbent, ...] = (
    Incumbent(
        name="busuanzi",
        signs=(
            r"busuanzi\.ibruce\.info|\bbusuanzi(_count)?:|busuanzi\.pure|bszCaller|busuanzi_(value|container)_"
            r"|provider[\"']?: ?[\"']busuanzi\b|\beo_count_(site|page)_|//[\w.:-]{1,90}/busuanzi(\.js|/api\b)"
            r"|<script\b(?![^<>]{0,400}(?:goatcounter|gc\.zgo))[^<>]{0,400}/count\.js[\"'\s>]"
        ),
        line=f'<script async src="{{base}}{BUSUANZI}"></script>',
        asks=(f"GET {BUSUANZI}", "GET /busuanzi?jsonpCallback=f"),
        rules=(
            (rf"{ORIGIN}[^\s\"'<>]{{0,200}}/busuanzi(?:\.pure)?(?:\.min|\.mini)?\.js", "{base}" + BUSUANZI),
            (rf"{ORIGIN}(?=/(?:busuanzi\?jsonpCallback|busuanzi/api\b))", "{base}"),
            (rf"(^\s*busuanzi:\s*[\"']?){ORIGIN}[^\s\"'#]*/(?=[\"']?\s*$)", r"\g<1>{base}/busuanzi/2.3/"),
            (rf"{ORIGIN}/count\.js", "{base}/count.js"),
        ),
        importer=PULL % ("https://busuanzi.ibruce.info", "busuanzi"),
        differs=N_(
            "The page is sent by its address and not by the Referer header, so that each page has its own"
            " number. Every element of an id is filled, not only the first. The old counter takes each"
            " question of the import for a view, with --dry-run as well."
        ),
    ),
    Incumbent(
        name="soxft/busuanzi",
        signs=(
            r"x-bsz-referer|<script\b[^<>]{0,400}\bdata-prefix=|busuanzi\.9420\.ltd"
            r"|\bbusuanzi_(site|page)_(pv|uv)\b"
        ),
        line='<script defer src="{base}/js"></script>',
        asks=("GET /js", "POST /api"),
        rules=(
            (r"(<script\b[^<>]{0,400}?\bsrc=[\"']?)[^\"'\s>]+", r"\g<1>{base}/js"),
            attribute("data-api", "{base}/api"),
            (rf"{ORIGIN}/api(?=[\"'])", "{base}/api"),
        ),
        importer=START,
        differs=N_("No identity is kept in the browser: who is new is decided here, once a day."),
    ),
    Incumbent(
        name="Vercount",
        signs=r"vercount(?:\.one|_value_|_container_)|events\.vercount|provider[\"\']?: ?[\"\']vercount\b",
        line='<script defer src="{base}/js"></script>',
        asks=("GET /js", "POST /api/v2/log"),
        rules=(
            (r"(?:https?:)?//(?:\w+\.)?vercount\.one/js", "{base}/js"),
            (r"(?:https?:)?//(?:\w+\.)?vercount\.one(?=/(?:api|log))", "{base}"),
        ),
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
        rules=(
            (rf"(?:https?:)?//gc\.zgo\.at/count[\w.]*\.js|{ORIGIN}/count(?:\.v\d+)?\.js", "{base}/count.js"),
            (r"(?:https?:)?//[\w-]+\.goatcounter\.com(?=/)", "{base}"),
            attribute("data-goatcounter", "{base}/count"),
        ),
        importer=COUNTS % "goatcounter-export.csv.gz",
        differs=N_(
            "The numbers of /counter are views; GoatCounter's are visits. Add ?metric=uv for visitors."
        ),
    ),
    Incumbent(
        name=LEANCLOUD,
        signs=(
            r"leancloud[._:-]|lean-analytics|av-min\.js|new Valine\b|\bvaline[:.]|\[[\w.]{0,60}\bvaline\]"
            r"|lncldapi|avoscloud"
        ),
        line="server_url: {base}    # NexT, Fluid; for Valine: serverURLs: {base}",
        asks=("GET /1.1/classes/Counter", "PUT /1.1/classes/Counter/0", "POST /1.1/batch"),
        rules=(
            *missing("server_url", "app_id", "{base}"),
            *missing("serverURLs", "appId", "{base}"),
            *setting("server_?urls?", "{base}"),
        ),
        has_settings=True,
        needs_id=True,
        ids=(("leancloud", r"app_?id[\"']?\s*[:=]\s*[\"']?([\w-]{16,64})"),),
        importer=COUNTS % "Counter.jsonl",
        differs=N_(
            "A PUT counts one view, whatever amount it asks for, and nobody can set a number with the"
            " public key."
        ),
    ),
    Incumbent(
        name="Waline",
        signs=named("waline") + r"|waline-pageview|\bwaline\.\w|^[ \t]*init\(\{[^{}]{0,400}\bserverURL\b",
        line='pageviewCount({{ serverURL: "{base}" }})',
        asks=("GET /api/article?path=/&type=time", "POST /api/article"),
        rules=(
            (r"\bWaline\.init\(", "Waline.pageviewCount("),
            (r"(?<![.\w])init\(", "pageviewCount("),
            (r"(\bimport\s*\{\s*)init\b", r"\g<1>pageviewCount"),
            (r"""\bpageview(["']?\s{0,8}:\s{0,8}["'`])""", r"selector\g<1>"),
            *setting("serverURL", "{base}"),
        ),
        has_settings=True,
        importer=COUNTS % "waline.json",
        differs=N_(
            "Only the page views move here: the line stands beside the call that shows the comments, which"
            " gets pageview: false. Where a theme has one address for both, our own line is simpler. /a and"
            " /a/ are one page."
        ),
    ),
    Incumbent(
        name="Artalk",
        signs=named("artalk") + r"|ArtalkPV|artalk-(pv|visitor)|\bartalk\.\w",
        line='Artalk.init({{ el: "#views-only", server: "{base}" }})',
        asks=("POST /api/v2/pages/pv", "GET /api/v2/stats/page_pv"),
        rules=setting("server", "{base}"),
        has_settings=True,
        importer=COUNTS % "artalk.json",
        differs=N_(
            "Only the page views move here. In Artalk nothing but init counts, which takes a second, hidden"
            " one, and pvAdd: false in the first: our own line is simpler."
        ),
    ),
    Incumbent(
        name="Twikoo",
        signs=named("twikoo") + r"|twikoo_visitors|\btwikoo\.\w",
        line='envId: "{base}/twikoo"',
        asks=("POST /twikoo",),
        rules=setting("envId", "{base}/twikoo"),
        has_settings=True,
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
        importer=START,
        differs=N_("A number cannot be set from the browser."),
    ),
    Incumbent(
        name="finicounter",
        signs=r"finicount",
        line='<script async src="{base}/finicounter.js"></script>',
        asks=("GET /finicounter.js", "GET /counter?host=example.com"),
        rules=(
            (rf"{ORIGIN}[^\s\"'<>]{{0,200}}/finicounter\.js", "{base}/finicounter.js"),
            (r"(?:https?:)?//finicounter\.eu\.org(?=/counter)", "{base}"),
        ),
        importer="pagetally counter set --views NUMBER --site {domain}",
        differs=N_("A site keeps its number, however long nobody visits it."),
    ),
    Incumbent(
        name="CountAPI or abacus",
        signs=r"countapi\.|abacus\.jasoncameron",
        line="{base}/hit/{domain}/KEY",
        asks=("GET /hit/a/b", "GET /get/a/b"),
        ids=(("countapi", r"(?:countapi\.xyz|jasoncameron\.dev)/(?:hit|get|info)/([\w.-]{3,64})/"),),
        rules=((r"(?:https?:)?//(?:api\.countapi\.xyz|abacus\.jasoncameron\.dev)(?=/)", "{base}"),),
        importer="pagetally counter set /KEY --views NUMBER --site {domain}",
        differs=N_(
            "set, update and create want a token: pagetally token add --scope numbers."
            " Nobody else changes a number."
        ),
    ),
    Incumbent(
        name="Hits badge (seeyoufarm, dwyl, hits.sh, hitscounter.dev, komarev, visitor-badge)",
        signs=rf"(?://|%2F%2F)(?:{BADGE_HOSTS}|hits\.sh)",
        line="![views]({base}/api/count/incr/badge.svg?url=https://{domain}/)",
        asks=("GET /api/count/incr/badge.svg?url=https://example.com/",),
        ids=(
            ("komarev", rf"komarev\.com/ghpvc/?\?[^\s\"')]{{0,300}}?\busername={ADDRESS}"),
            ("hits", rf"//hits\.sh/([^\s\"'?#)]{{1,300}}?)\.svg{BADGE_END}"),
            ("hits", rf"hits\.dwyl\.(?:com|io)(?:/|%2F)([^\s\"'?#)]{{1,300}}?)\.(?:svg|json){BADGE_END}"),
            ("hits", rf"(?:seeyoufarm|hitscounter)\.\w+/[^\s\"')]{{0,300}}?[?;&]url={ADDRESS}"),
            ("hits", rf"visitor-?badge\.[\w.]+/[^\s\"')]{{0,300}}?[?;&](?:page_id|path)={ADDRESS}"),
        ),
        rules=(
            (rf"https?://(?:{BADGE_HOSTS})", "{base}"),
            (rf"https?%3A%2F%2F(?:{BADGE_HOSTS})", "{quoted}"),
            (r"https?://hits\.sh(?=/[^\s\"'?#)])", "{base}"),
        ),
        own='<img src="{base}/api/pixel.gif?u=https://{domain}/" alt="" width="1" height="1">',
        importer=START,
        differs=N_("Whoever reads it through GitHub's image proxy is one visitor, as everywhere."),
    ),
    Incumbent(
        name="HitWebCounter",
        signs=r"hitwebcounter",
        line='<img src="{base}/counter/counter.php?page={id}&amp;style=0001&amp;nbdigits=6" alt="">',
        asks=("GET /counter/counter.php?page=1",),
        needs_id=True,
        ids=(("hitwebcounter", r"counter\.php\?[^\s\"'>]{0,200}?\bpage=([\w-]{1,64})"),),
        rules=((r"(?:https?:)?//(?:www\.)?hitwebcounter\.com(?=/counter/)", "{base}"),),
        importer=START,
        differs=N_("The digits are our own. An id is the page /ID of the site, wherever the image is shown."),
    ),
    Incumbent(
        name="Moe-Counter",
        signs=r"//[\w.-]{0,60}moe-?counter|count\.getloli",
        line='<img src="{base}/@{id}" alt="">',
        asks=("GET /@name",),
        needs_id=True,
        ids=(
            ("moe", r"(?:getloli\.com|moe-?counter[\w.:-]{0,60})/(?:get/|record/)?@([^\s\"'?#/)<>]{1,96})"),
        ),
        rules=((rf"{ORIGIN}(?=/(?:get/|record/)?@[\w.:%-]{{1,96}})", "{base}"),),
        importer=START,
        differs=N_("/record/@name only reads. The digits are our own."),
    ),
    Incumbent(
        name="Umami",
        signs=named("umami") + r"|data-website-id|//[\w.-]{0,60}\bumami\.is/\w",
        line='<script defer src="{base}/script.js" data-website-id="{id}"></script>',
        asks=("GET /script.js", "POST /api/send"),
        needs_id=True,
        ids=(("umami", rf"website[-_]?id[\"']?\s*[:=]\s*[\"']?({UUID})"),),
        rules=(
            (r"(<script\b[^<>]{0,400}?\bsrc=[\"']?)[^\"'\s>]+", r"\g<1>{base}/script.js"),
            attribute("data-host-url", "{base}"),
        ),
        own=COUNT_ONLY,
        differs=N_(
            "A visitor is one browser on one day. Client-chosen addresses and times are not believed."
        ),
    ),
    Incumbent(
        name="Plausible",
        signs=(
            named("plausible")
            + r"|(?:https?:)?//plausible\.io/js/|/js/(?:plausible|pa-)[\w.-]{0,80}\.js"
            + r"|<script\b[^<>]{0,400}\bdata-domain="
        ),
        line='<script defer data-domain="{domain}" src="{base}/js/script.js"></script>',
        asks=("GET /js/script.js", "POST /api/event"),
        rules=(
            (
                rf"(<script\b[^<>]{{0,400}}?\bsrc=[\"']?)[^\"'\s>]*?({PLAUSIBLE})(?=[\"'\s>])",
                r"\g<1>{base}\g<2>",
            ),
            (
                r"(<script\b(?=[^<>]{0,400}\bdata-domain=)[^<>]{0,400}?\bsrc=[\"']?)"
                rf"(?![^\"'\s>]*{PLAUSIBLE}[\"'\s>])[^\"'\s>]+",
                r"\g<1>{base}/js/script.js",
            ),
            (rf"https?://plausible\.io(?={PLAUSIBLE})", "{base}"),
            attribute("data-api", "{base}/api/event"),
            attribute("endpoint", "{base}/api/event"),
        ),
        own=COUNT_ONLY,
        importer=COUNTS % "imported_pages.csv",
        differs=N_("Bounces end with the second view or an event."),
    ),
    Incumbent(
        name="Matomo",
        signs=named("matomo") + r"|\b_paq\b|//[\w./-]{0,90}\b(?:matomo|piwik)\.(?:js|php)|\bpiwik\.php",
        line='_paq.push(["setTrackerUrl", "{base}/matomo.php"]); _paq.push(["setSiteId", "{id}"]);',
        asks=("POST /matomo.php", "GET /matomo.php?idsite=1&rec=1"),
        needs_id=True,
        ids=(("matomo", r"(?:setSiteId[\"'],\s*[\"']?|idsite=)(\d{1,9})"),),
        rules=(
            (r"\bvar u\s*=[^;]{1,200};", 'var u="{base}/";'),
            (r"(?:https?:)?//[\w.:/-]{1,200}?/(matomo|piwik)\.(js|php)", r"{base}/\g<1>.\g<2>"),
        ),
        own=COUNT_ONLY,
        differs=N_("No cookie and no visitor id of the client's; cip and cdt are not believed."),
    ),
    Incumbent(
        name="Google Analytics 4",
        signs=r"googletagmanager\.com/gtag|\bgtag\(|google-analytics\.com/|\b(?-i:G-[A-Z0-9]{8,12})\b",
        line='gtag("config", "{id}", {{ transport_url: "{base}" }});',
        asks=("POST /g/collect", "POST /mp/collect"),
        needs_id=True,
        ids=(("ga4", r"\b((?-i:G-[A-Z0-9]{6,12}))\b"),),
        rules=(
            (
                r"\bgtag\(\s*[\"']config[\"']\s*,\s*[\"']((?-i:G-[A-Z0-9]{6,12}))[\"']\s*,\s*\{",
                'gtag("config", "\\g<1>", {transport_url: "{base}", ',
            ),
            (
                r"\bgtag\(\s*[\"']config[\"']\s*,\s*[\"']((?-i:G-[A-Z0-9]{6,12}))[\"']\s*\)",
                'gtag("config", "\\g<1>", {transport_url: "{base}"})',
            ),
            (r"https://(?:www|region1)\.google-analytics\.com(?=/(?:mp|g)/collect)", "{base}"),
        ),
        own=COUNT_ONLY,
        differs=N_(
            "Only views and events are kept. gtag.js itself still comes from Google; our own line does not."
        ),
    ),
    Incumbent(
        name="Fathom",
        signs=named("fathom") + r"|usefathom\.com/|fathom-script",
        line='<script src="{base}/tracker.js" id="fathom-script" data-site="{id}" defer></script>',
        asks=("GET /tracker.js", "GET /collect?p=/"),
        needs_id=True,
        ids=(("fathom", r"(?:data-site=[\"']|siteId[\"'],\s*[\"']|\bload\([\"'])((?-i:[A-Z0-9]{4,16}))"),),
        rules=(
            (r"https?://cdn\.usefathom\.com/script\.js", "{base}/tracker.js"),
            (rf"{ORIGIN}[^\s\"'<>]{{0,200}}/tracker\.js", "{base}/tracker.js"),
            (r"(trackerUrl[\"'],\s*[\"'])[^\"']+", r"\g<1>{base}/collect"),
        ),
        own=COUNT_ONLY,
        differs=N_("Fathom Lite's protocol, without its cookie."),
    ),
    Incumbent(
        name="Ackee",
        signs=named("ackee") + r"|data-ackee-|\backee-tracker\b",
        line='<script async src="TRACKER" data-ackee-server="{base}" data-ackee-domain-id="{id}"></script>',
        asks=("POST /api",),
        rules=(attribute("data-ackee-server", "{base}"),),
        ids=(("ackee", rf"(?:domain-?id[\"']?\s*[:=]\s*|record\()[\"']?({UUID})"),),
        needs_id=True,
        own=COUNT_ONLY,
        differs=N_(
            "The address of Ackee's own tracker.js stays as it is: keep a copy of that file with your pages."
            " How long somebody stayed is not kept."
        ),
    ),
    wordpress_plugin(
        "Post Views Counter",
        r"post-views-counter|\bpvcArgsFrontend\b|\bpost-views-(?:count|label|icon)\b",
        exporter=wordpress_table("post_views WHERE type = 4", "id", "count"),
    ),
    wordpress_plugin(
        "WP-PostViews",
        r"wp-postviews|\bviewsCacheL10n\b|\bpostviews_lscwp\b",
        exporter="wp export --stdout > wordpress.xml",
        file="wordpress.xml",
    ),
    wordpress_plugin(
        "Page View Count",
        r"/page-views-count/|\bpvc_(?:stats|clear)\b",
        exporter=wordpress_table("pvc_total", "postnum", "postcount"),
    ),
    wordpress_plugin(
        "Top 10",
        r"\btptn_counter|/plugins/top-10/|\btop-10-tracker\b",
        exporter=wordpress_table("top_ten", "postnumber", "cntaccess"),
    ),
    wordpress_plugin(
        "WP Statistics",
        r"/wp-statistics/|wp-statistics-tracker|\bWP_Statistics_Tracker_Object\b|\[wpstatistics\b",
        exporter=(
            'wp db query "SELECT uri AS path, SUM(count) AS views FROM $(wp db prefix)statistics_pages'
            ' GROUP BY uri" > views.csv'
        ),
    ),
    wordpress_plugin(
        "Jetpack Stats",
        r"//stats\.wp\.com/|//pixel\.wp\.com/|\bjetpack-blog-stats\b|\b_stq\b",
        differs=N_(
            "The script goes into the theme's head, and each number into a block of custom HTML. The views of"
            " all time can be had from WordPress.com as CSV: put a first line above them that names the"
            " columns, such as title,views,link."
        ),
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
    (r"post-views-count", "Post Views Counter (WordPress)", N_("views of the page")),
    (r"postviews_lscwp", "WP-PostViews (WordPress)", N_("views of the page")),
    (r"pvc_stats\w*", "Page View Count (WordPress)", N_("views of the page")),
    (r"tptn_counter\w*", "Top 10 (WordPress)", N_("views of the page")),
    (r"jetpack-blog-stats", "Jetpack Stats (WordPress)", N_("the number")),
)
