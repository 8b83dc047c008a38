"""Which kind of place a reader came from: a referring host and a campaign to source, medium, channel.

The channels follow the default grouping that web analytics have in common
(https://support.google.com/analytics/answer/9756891), with one of their own for AI assistants.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import lru_cache

from .language import N_
from .model import NO_CAMPAIGN, OTHER, Campaign, Origin

DIRECT = N_("Direct")
SEARCH, PAID_SEARCH = N_("Organic search"), N_("Paid search")
SOCIAL, PAID_SOCIAL = N_("Organic social"), N_("Paid social")
VIDEO, PAID_VIDEO = N_("Organic video"), N_("Paid video")
SHOPPING, PAID_SHOPPING = N_("Organic shopping"), N_("Paid shopping")
ASSISTANTS = N_("AI assistants")
EMAIL = N_("E-mail")
DISPLAY, AFFILIATES, PAID_OTHER = N_("Display"), N_("Affiliates"), N_("Paid other")
AUDIO, SMS, PUSH = N_("Audio"), N_("SMS"), N_("Mobile push")
REFERRAL = N_("Referral")

CHANNELS = (
    DIRECT,
    SEARCH,
    PAID_SEARCH,
    SOCIAL,
    PAID_SOCIAL,
    ASSISTANTS,
    EMAIL,
    VIDEO,
    PAID_VIDEO,
    SHOPPING,
    PAID_SHOPPING,
    DISPLAY,
    AFFILIATES,
    AUDIO,
    SMS,
    PUSH,
    PAID_OTHER,
    REFERRAL,
)

PAID_OF = {SEARCH: PAID_SEARCH, SOCIAL: PAID_SOCIAL, VIDEO: PAID_VIDEO, SHOPPING: PAID_SHOPPING}
MEDIUM_OF = {
    SEARCH: "organic",
    SOCIAL: "social",
    VIDEO: "video",
    SHOPPING: "shopping",
    ASSISTANTS: "assistant",
    EMAIL: "email",
}

# Name, and the hosts (with all below them) under which it is known. "google.*" is Google in any country.
TABLE: dict[str, dict[str, str]] = {
    SEARCH: {
        "Google": "google.* com.google.android.googlequicksearchbox",
        "Bing": "bing.com cn.bing.com",
        "DuckDuckGo": "duckduckgo.com com.duckduckgo.mobile.android",
        "Yahoo": "search.yahoo.com search.yahoo.co.jp yahoo.com yahoo.co.jp",
        "Yandex": "yandex.* ya.ru",
        "Baidu": "baidu.com",
        "Ecosia": "ecosia.org",
        "Brave Search": "search.brave.com",
        "Startpage": "startpage.com",
        "Qwant": "qwant.com",
        "Naver": "naver.com",
        "Daum": "daum.net",
        "Seznam": "seznam.cz",
        "Sogou": "sogou.com",
        "360 Search": "so.com 360.cn",
        "Shenma": "sm.cn",
        "Kagi": "kagi.com",
        "Mojeek": "mojeek.com",
        "Swisscows": "swisscows.com",
        "MetaGer": "metager.de metager.org",
        "Presearch": "presearch.com presearch.org",
        "Marginalia": "marginalia.nu marginalia-search.com",
        "Ask": "ask.com",
        "AOL": "search.aol.com aol.com",
        "Dogpile": "dogpile.com",
        "Lycos": "lycos.com",
        "Lilo": "lilo.org",
        "Karma Search": "karmasearch.org",
        "Ekoru": "ekoru.org",
        "You.com search": "search.you.com",
        "Virgilio": "virgilio.it",
        "Rambler": "rambler.ru",
        "Mail.ru search": "go.mail.ru",
        "Onet": "szukaj.onet.pl",
        "WP search": "szukaj.wp.pl",
        "T-Online": "suche.t-online.de",
        "Web.de search": "suche.web.de",
        "GMX search": "suche.gmx.net suche.gmx.de",
        "Ixquick": "ixquick.com",
        "Searx": "searx.be searx.me searxng.org",
        "Gigablast": "gigablast.com",
        "Yep": "yep.com",
        "Neeva": "neeva.com",
        "Petal Search": "petalsearch.com",
        "Coc Coc": "coccoc.com",
        "Goo": "goo.ne.jp",
        "Biglobe": "search.biglobe.ne.jp",
        "Nate": "nate.com",
        "Eniro": "eniro.se",
        "Sapo": "pesquisa.sapo.pt",
        "Walla": "search.walla.co.il",
        "Excite": "excite.com",
        "WebCrawler": "webcrawler.com",
        "Info.com": "info.com",
        "Zapmeta": "zapmeta.com",
        "Oceanhero": "oceanhero.today",
        "Gibiru": "gibiru.com",
        "Search Encrypt": "searchencrypt.com",
        "Disconnect": "search.disconnect.me",
        "Stract": "stract.com",
        "Wiby": "wiby.me",
        "Freespoke": "freespoke.com",
    },
    ASSISTANTS: {
        "ChatGPT": "chatgpt.com chat.openai.com openai.com com.openai.chatgpt",
        "Claude": "claude.ai anthropic.com",
        "Perplexity": "perplexity.ai ai.perplexity.app.android",
        "Gemini": "gemini.google.com bard.google.com",
        "Microsoft Copilot": "copilot.microsoft.com copilot.cloud.microsoft edgeservices.bing.com",
        "Meta AI": "meta.ai",
        "Grok": "grok.com x.ai",
        "DeepSeek": "chat.deepseek.com deepseek.com",
        "Mistral Le Chat": "chat.mistral.ai mistral.ai",
        "You.com": "you.com",
        "Poe": "poe.com",
        "Phind": "phind.com",
        "Kimi": "kimi.moonshot.cn kimi.com",
        "Doubao": "doubao.com",
        "Qwen": "chat.qwen.ai tongyi.aliyun.com",
        "Ernie": "yiyan.baidu.com",
        "Character.AI": "character.ai",
        "HuggingChat": "huggingface.co/chat",
        "Andi": "andisearch.com",
        "iAsk": "iask.ai",
        "NotebookLM": "notebooklm.google.com",
        "Duck.ai": "duck.ai",
        "Z.ai": "z.ai chatglm.cn",
        "Pi": "pi.ai",
        "Lumo": "lumo.proton.me",
        "Felo": "felo.ai",
        "Genspark": "genspark.ai",
        "Consensus": "consensus.app",
        "Elicit": "elicit.com",
    },
    SOCIAL: {
        "Facebook": "facebook.com fb.com fb.me m.me messenger.com com.facebook.katana",
        "Instagram": "instagram.com com.instagram.android",
        "Threads": "threads.net threads.com",
        "X": "twitter.com t.co x.com com.twitter.android",
        "LinkedIn": "linkedin.com lnkd.in com.linkedin.android",
        "Reddit": "reddit.com redd.it com.reddit.frontpage",
        "Hacker News": "news.ycombinator.com hckrnews.com hn.algolia.com",
        "Lobsters": "lobste.rs",
        "Mastodon": "mastodon.social mastodon.online mstdn.social fosstodon.org hachyderm.io mas.to mstdn.jp"
        " infosec.exchange chaos.social social.tchncs.de techhub.social",
        "Bluesky": "bsky.app go.bsky.app",
        "Pinterest": "pinterest.* pin.it com.pinterest",
        "Tumblr": "tumblr.com",
        "Quora": "quora.com",
        "VK": "vk.com vk.ru away.vk.com",
        "OK": "ok.ru",
        "Weibo": "weibo.com weibo.cn t.cn",
        "WeChat": "weixin.qq.com mp.weixin.qq.com",
        "QQ": "qzone.qq.com",
        "Zhihu": "zhihu.com",
        "Xiaohongshu": "xiaohongshu.com",
        "Douban": "douban.com",
        "Tieba": "tieba.baidu.com",
        "V2EX": "v2ex.com",
        "Telegram": "t.me telegram.org telegram.me web.telegram.org org.telegram.messenger",
        "WhatsApp": "whatsapp.com wa.me web.whatsapp.com com.whatsapp",
        "Discord": "discord.com discord.gg discordapp.com",
        "Slack": "slack.com com.slack",
        "Snapchat": "snapchat.com",
        "TikTok": "tiktok.com com.zhiliaoapp.musically",
        "Stack Overflow": "stackoverflow.com",
        "Stack Exchange": "stackexchange.com superuser.com serverfault.com askubuntu.com",
        "GitHub": "github.com",
        "GitLab": "gitlab.com",
        "DEV": "dev.to",
        "Medium": "medium.com",
        "Hashnode": "hashnode.com hashnode.dev",
        "Product Hunt": "producthunt.com",
        "Indie Hackers": "indiehackers.com",
        "Lemmy": "lemmy.world lemmy.ml feddit.org feddit.de programming.dev",
        "Tildes": "tildes.net",
        "Digg": "digg.com",
        "Slashdot": "slashdot.org",
        "Flipboard": "flipboard.com flip.it",
        "Pocket": "getpocket.com",
        "Instapaper": "instapaper.com",
        "Feedly": "feedly.com",
        "Inoreader": "inoreader.com",
        "NewsBlur": "newsblur.com",
        "Substack": "substack.com",
        "Goodreads": "goodreads.com",
        "Nextdoor": "nextdoor.com",
        "Meetup": "meetup.com",
        "Xing": "xing.com",
        "LiveJournal": "livejournal.com",
        "Habr": "habr.com",
        "Disqus": "disqus.com",
        "LINE": "line.me",
        "KakaoTalk": "kakao.com",
        "Hatena": "hatena.ne.jp hatenablog.com",
        "Qiita": "qiita.com",
        "Zenn": "zenn.dev",
        "note": "note.com",
        "Mixi": "mixi.jp",
        "Naver Cafe": "cafe.naver.com",
        "Viber": "viber.com",
        "Signal": "signal.org",
        "Plurk": "plurk.com",
        "Gab": "gab.com",
        "Truth Social": "truthsocial.com",
        "Raindrop": "raindrop.io",
        "Pinboard": "pinboard.in",
        "Are.na": "are.na",
        "Wykop": "wykop.pl",
        "Meneame": "meneame.net",
        "ResearchGate": "researchgate.net",
        "Academia": "academia.edu",
        "Patreon": "patreon.com",
        "Linktree": "linktr.ee",
        "Pixelfed": "pixelfed.social",
        "Nostr": "primal.net snort.social",
        "daily.dev": "daily.dev app.daily.dev",
    },
    VIDEO: {
        "YouTube": "youtube.com youtu.be com.google.android.youtube",
        "Vimeo": "vimeo.com",
        "Twitch": "twitch.tv",
        "Dailymotion": "dailymotion.com",
        "Bilibili": "bilibili.com b23.tv",
        "Rumble": "rumble.com",
        "Odysee": "odysee.com",
        "PeerTube": "peertube.tv framatube.org joinpeertube.org",
        "Niconico": "nicovideo.jp",
        "RuTube": "rutube.ru",
        "Youku": "youku.com",
        "iQiyi": "iqiyi.com",
        "Nebula": "nebula.tv",
        "TED": "ted.com",
        "Wistia": "wistia.com",
        "Netflix": "netflix.com",
    },
    SHOPPING: {
        "Amazon": "amazon.*",
        "eBay": "ebay.*",
        "Etsy": "etsy.com",
        "AliExpress": "aliexpress.com",
        "Alibaba": "alibaba.com",
        "Walmart": "walmart.com",
        "Shopify": "shopify.com shop.app",
        "Google Shopping": "shopping.google.com",
        "Idealo": "idealo.de",
        "Taobao": "taobao.com",
        "Tmall": "tmall.com",
        "JD": "jd.com",
        "Mercado Libre": "mercadolibre.com mercadolivre.com.br",
        "Rakuten": "rakuten.co.jp",
        "Otto": "otto.de",
        "Allegro": "allegro.pl",
        "Flipkart": "flipkart.com",
        "Kleinanzeigen": "kleinanzeigen.de",
    },
    EMAIL: {
        "Gmail": "mail.google.com com.google.android.gm",
        "Outlook": "outlook.live.com outlook.office.com outlook.office365.com mail.live.com hotmail.com",
        "Yahoo Mail": "mail.yahoo.com mail.yahoo.co.jp",
        "Proton Mail": "mail.proton.me mail.protonmail.com",
        "Fastmail": "fastmail.com",
        "Zoho Mail": "mail.zoho.com mail.zoho.eu",
        "iCloud Mail": "icloud.com",
        "AOL Mail": "mail.aol.com",
        "GMX": "gmx.net gmx.de gmx.com navigator.gmx.net",
        "Web.de": "web.de",
        "T-Online mail": "email.t-online.de",
        "Mail.ru": "e.mail.ru mail.ru",
        "Yandex Mail": "mail.yandex.ru mail.yandex.com",
        "QQ Mail": "mail.qq.com",
        "163 Mail": "mail.163.com mail.126.com",
        "Naver Mail": "mail.naver.com",
        "Orange mail": "messagerie.orange.fr mail.orange.fr",
        "Free mail": "webmail.free.fr",
        "Libero mail": "mail.libero.it",
        "Seznam mail": "email.seznam.cz",
        "Tuta": "app.tuta.com mail.tutanota.com",
        "Hey": "app.hey.com",
        "Superhuman": "mail.superhuman.com",
        "Mailchimp": "mailchi.mp list-manage.com campaign-archive.com",
        "Buttondown": "buttondown.com buttondown.email",
        "Comcast mail": "connect.xfinity.com",
        "Bell mail": "webmail.bell.net",
        "Posteo": "posteo.de",
        "mailbox.org": "mailbox.org",
        "Roundcube": "webmail.ovh.net",
        "Mail.com": "mail.com",
    },
    REFERRAL: {
        "Google Docs": "docs.google.com",
        "Google News": "news.google.com",
        "Google Translate": "translate.google.com translate.goog",
        "Google Classroom": "classroom.google.com",
        "Google Sites": "sites.google.com",
        "Google Groups": "groups.google.com",
        "Wikipedia": "wikipedia.org",
        "Hugging Face": "huggingface.co",
        "Microsoft Teams": "teams.microsoft.com statics.teams.cdn.office.net",
        "Notion": "notion.so notion.site",
    },
}
"""What is known of hosts; the longest host that fits is the one that counts."""

ALIASES = {
    "fb": "Facebook",
    "ig": "Instagram",
    "twitter": "X",
    "x": "X",
    "hn": "Hacker News",
    "hackernews": "Hacker News",
    "yt": "YouTube",
    "adwords": "Google",
    "google-ads": "Google",
    "googleads": "Google",
    "copilot": "Microsoft Copilot",
    "openai": "ChatGPT",
    "duckduckgo": "DuckDuckGo",
    "linkedin": "LinkedIn",
}
"""What people write into utm_source besides names and hosts."""

CLICK_OF = {
    "gclid": ("Google", SEARCH),
    "gbraid": ("Google", SEARCH),
    "wbraid": ("Google", SEARCH),
    "dclid": ("Google", DISPLAY),
    "msclkid": ("Bing", SEARCH),
    "yclid": ("Yandex", SEARCH),
    "ttclid": ("TikTok", SOCIAL),
    "twclid": ("X", SOCIAL),
    "li_fat_id": ("LinkedIn", SOCIAL),
    "rdt_cid": ("Reddit", SOCIAL),
    "epik": ("Pinterest", SOCIAL),
    "sccid": ("Snapchat", SOCIAL),
}
"""Click ids that only advertisements have: whose, and in which channel. `fbclid` is on every link."""

PAID = re.compile(r"^(?:.*cp.*|ppc|retargeting|paid.*|sem|.*ads?)$")

MEDIA: dict[str, str] = {
    **dict.fromkeys(("display", "banner", "expandable", "interstitial", "cpm"), DISPLAY),
    **dict.fromkeys(("affiliate", "affiliates"), AFFILIATES),
    **dict.fromkeys(("email", "e-mail", "e_mail", "e mail", "newsletter", "mail"), EMAIL),
    **dict.fromkeys(
        ("social", "social-network", "social-media", "sm", "social network", "social media"), SOCIAL
    ),
    **dict.fromkeys(("organic", "search"), SEARCH),
    **dict.fromkeys(("audio", "podcast"), AUDIO),
    **dict.fromkeys(("sms", "text-message"), SMS),
    **dict.fromkeys(("push", "mobile", "notification", "web-push"), PUSH),
    **dict.fromkeys(("referral", "app", "link"), REFERRAL),
    **dict.fromkeys(("video",), VIDEO),
    **dict.fromkeys(("ai", "assistant", "llm", "chatbot"), ASSISTANTS),
}
"""Channels by utm_medium, where it names one."""


Known = dict[str, tuple[str, str]]


def _index() -> tuple[Known, Known, Known]:
    """(by host, by the label before a country's ending, by name in lower case): name and channel of each."""
    hosts: Known = {}
    brands: Known = {}
    names: Known = {}
    for channel, known in TABLE.items():
        for name, listed in known.items():
            for spelt in (name.lower(), re.sub(r"\W", "", name.lower())):
                names.setdefault(spelt, (name, channel))
            for host in listed.split():
                (brands if host.endswith(".*") else hosts)[host.removesuffix(".*")] = (name, channel)
    return hosts, brands, names


HOSTS, BRANDS, NAMES = _index()
NAMES |= {alias: NAMES[name.lower()] for alias, name in ALIASES.items()}

SECOND_LEVELS = ("co", "com", "net", "org", "gov", "ac", "or", "ne")


def _ends(host: str) -> Iterable[str]:
    """A host and all above it, the longest first."""
    labels = host.split(".")
    return (".".join(labels[start:]) for start in range(len(labels)))


@lru_cache(maxsize=8_192)
def find_host(host: str) -> tuple[str, str] | None:
    """Name and channel of a known host, or of one below it; None for all others."""
    for end in _ends(host):
        found = HOSTS.get(end)
        if found:
            return found
        brand, _, ending = end.partition(".")
        parts = ending.split(".")
        is_country = len(parts) == 1 or (len(parts) == 2 and parts[0] in SECOND_LEVELS and len(parts[1]) == 2)
        if (
            ending
            and is_country
            and brand in BRANDS
            and (len(parts[-1]) == 2 or ending in ("com", "org", "net"))
        ):
            return BRANDS[brand]
    return None


@lru_cache(maxsize=8_192)
def classify(host: str, campaign: Campaign) -> Origin:
    """The origin of a referring host (as `referrers.find_source` gives it) and a campaign."""
    if host == OTHER:
        return Origin(OTHER, "", REFERRAL)
    known = find_host(host) if host else None
    name, channel = known or (host, REFERRAL if host else DIRECT)
    if campaign == NO_CAMPAIGN:
        return Origin(name, MEDIUM_OF.get(channel, "referral" if host else ""), channel)
    if campaign.source:
        told = NAMES.get(campaign.source) or find_host(campaign.source)
        name, channel = told or (campaign.source, REFERRAL)
    ad = CLICK_OF.get(campaign.click)
    if ad and not campaign.source and not host:
        name = ad[0]
    return Origin(
        name, _medium(campaign, channel, name, ad is not None), _channel(campaign, channel, name, ad)
    )


def _medium(campaign: Campaign, channel: str, name: str, is_ad: bool) -> str:
    if campaign.medium:
        return campaign.medium
    if is_ad:
        return "cpc"
    return MEDIUM_OF.get(channel, "referral" if name else "")


def _channel(campaign: Campaign, channel: str, name: str, ad: tuple[str, str] | None) -> str:
    medium = campaign.medium
    if channel in (EMAIL, ASSISTANTS) and not medium:
        return channel
    if "cross-network" in campaign.name:
        return PAID_OTHER
    stated = MEDIA.get(medium)
    if stated in (DISPLAY, AFFILIATES, EMAIL, AUDIO, SMS, PUSH, ASSISTANTS):
        return stated
    if campaign.source in ("email", "e-mail", "newsletter", "sms", "push"):
        return {"sms": SMS, "push": PUSH}.get(campaign.source, EMAIL)
    if PAID.match(medium) if medium else ad is not None:
        if re.search(r"shop", campaign.name) or channel == SHOPPING:
            return PAID_SHOPPING
        known = ad[1] if ad and channel not in PAID_OF else channel
        return PAID_OF.get(known, known if known == DISPLAY else PAID_OTHER)
    if channel in PAID_OF or channel == ASSISTANTS:
        return channel
    if stated:
        return stated
    return channel if channel != DIRECT or not name else REFERRAL


def is_assistant(origin: Origin) -> bool:
    """Whether a reader followed a link of an AI assistant."""
    return origin.channel == ASSISTANTS
