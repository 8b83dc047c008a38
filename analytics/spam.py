"""Referrers that nobody comes from: sites that make up visits so that their name is seen in statistics."""

from __future__ import annotations

SPAMMERS = frozenset(
    """
    semalt.com buttons-for-website.com buttons-for-your-website.com darodar.com econom.co ilovevitaly.com
    ilovevitaly.co priceg.com blackhatworth.com hulfingtonpost.com bestwebsitesawards.com o-o-6-o-o.com
    cenoval.ru make-money-online.com humanorightswatch.org social-buttons.com simple-share-buttons.com
    free-share-buttons.com free-social-buttons.com get-free-traffic-now.com best-seo-offer.com
    best-seo-solution.com buy-cheap-online.info googlsucks.com theguardlan.com event-tracking.com
    trafficmonetize.org webmonetizer.net success-seo.com videos-for-your-business.com
    floating-share-buttons.com
    traffic2money.com sexyali.com site-auditor.online 4webmasters.org offers.bycontext.com savetubevideo.com
    share-buttons.xyz seo-platform.com monetizationking.net traffic-cash.xyz website-errors-scanner.com
    webmaster-traffic.com copyrightclaims.org law-enforcement-bot-ff.xyz eu-cookie-law-enforcement.xyz
    cookie-law-enforcement-aa.xyz pornhub-forum.ga depositfiles-porn.ga youporn-forum.ga torrentgamer.net
    slow-website.xyz free-video-tool.com bot-traffic.icu bot-traffic.xyz bottraffic.live bottraffic.site
    """.split()
)
"""Compiled by hand from what is widely reported; not complete, see docs/metrics.md."""


def is_spam(host: str) -> bool:
    """Whether a referring host, or one above it, is a known spammer."""
    while host:
        if host in SPAMMERS:
            return True
        host = host.partition(".")[2]
    return False
