"""Link previews, and what says that it is a machine, are no readers; people in the same apps are."""

from __future__ import annotations

import pytest

from analytics.agents import is_bot

from .conftest import CHROME, FIREFOX

PREVIEWS = """
facebookexternalhit/1.1 (+http://www.facebook.com/externalhit_uatext.php)
meta-externalagent/1.1 (+https://developers.facebook.com/docs/sharing/webmasters/crawler)
Twitterbot/1.0
Slackbot-LinkExpanding 1.0 (+https://api.slack.com/robots)
Slack-ImgProxy (+https://api.slack.com/robots)
Mozilla/5.0 (compatible; Discordbot/2.0; +https://discordapp.com)
WhatsApp/2.23.20.0
TelegramBot (like TwitterBot)
LinkedInBot/1.0 (compatible; Mozilla/5.0; Apache-HttpClient +http://www.linkedin.com)
Mastodon/4.3.0 (http.rb/5.2.0; +https://mastodon.social/)
http.rb/5.1.1 (Mastodon/4.2.1; +https://mastodon.social/)
Mozilla/5.0 (Macintosh; Intel Mac OS X 10_11_1) AppleWebKit/601.2.4 (KHTML, like Gecko) Version/9.0.1 \
Safari/601.2.4 facebookexternalhit/1.1 Facebot Twitterbot/1.0
Mozilla/5.0 (Windows NT 6.1; WOW64) SkypeUriPreview Preview/0.5 skype-url-preview@microsoft.com
Pinterestbot/1.0
Mozilla/5.0 (compatible; redditbot/1.0; +http://www.reddit.com/feedback)
Mozilla/5.0 (compatible; Bluesky Cardyb/1.1; +mailto:support@bsky.app)
Synapse (bot; +https://github.com/matrix-org/synapse)
Pleroma 2.5.0; https://social.example <admin@social.example>
Akkoma 3.10.4; https://social.example
Misskey/2023.11.0
GotoSocial/0.13
Nextcloud Server Crawler
Signal
line-poker/1.0
Mozilla/5.0 (Linux; Android 9) kakaotalk-scrap/1.0; +https://devtalk.kakao.com
Rocket.Chat Server (+https://rocket.chat)
mattermost-link-preview
ZulipURLPreview/8.0 (https://chat.example)
Mozilla/5.0 (X11; Linux) Gecko; Steam Chat URL Lookup
Wire LinkPreview Bot/1.0
Mozilla/5.0 Feishu OpenLinkPreview
Snap URL Preview Service; bot; snapchat; https://developers.snap.com/robots
vkShare; +http://vk.com/dev/Share
Iframely/1.3.1 (+https://iframely.com/docs/about)
"""

MACHINES = """
Googlebot
Mozilla/5.0 (compatible; NewOnTheWeb-Bot/1.0; +https://new.example/bot)
Mozilla/5.0 (X11; Linux x86_64) Chrome/120.0.0.0 Safari/537.36 (compatible; somebot; bot@new.example)
Mozilla/5.0 (compatible; new engine; +http://new.example/)
New Crawler 1.0
new-spider
"""

IPHONE = "Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) "
PEOPLE = (
    FIREFOX,
    CHROME,
    IPHONE + "Mobile/15E148 [FBAN/FBIOS;FBAV/470.0.0.35;FBBV/1]",
    IPHONE + "Mobile/15E148 Instagram 340.0 (iPhone; iOS 17_5)",
    IPHONE + "Mobile/15E148 Safari Line/14.9.0",
    IPHONE + "Mobile/15E148 MicroMessenger/8.0.49 NetType/WIFI Language/en",
    IPHONE + "Mobile/15E148 [Pinterest/iOS]",
    IPHONE + "Mobile/15E148 Snapchat/12.90 (like Safari/604.1)",
    IPHONE + "Mobile/15E148 KAKAOTALK 10.8.0 (INAPP)",
    IPHONE + "Mobile/15E148 LinkedInApp/9.29",
    IPHONE + "Mobile/15E148 Twitter for iPhone/10.43",
    # Telephones.
    "Mozilla/5.0 (Linux; U; Android 4.2.2; it-it; S222 Build/CUBOT) AppleWebKit/534.30 Mobile Safari/534.30",
    "Mozilla/5.0 (Linux; Android 9; CUBOT; X20) AppleWebKit/537.36 Chrome/101.0.4951.61 Mobile Safari/537.36",
    "Mozilla/5.0 (Linux; Android 6.0; VR BOT 552) AppleWebKit/537.36 Chrome/72.0 Mobile Safari/537.36",
    "Mozilla/5.0 (Linux; Android 13; Spider 8) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/124.0.0.0",
)


@pytest.mark.parametrize("agent", PREVIEWS.strip().splitlines())
def test_link_previews_are_machines(agent: str) -> None:
    assert is_bot(agent)


@pytest.mark.parametrize("agent", MACHINES.strip().splitlines())
def test_what_says_that_it_is_a_machine_is_one(agent: str) -> None:
    assert is_bot(agent)


@pytest.mark.parametrize("agent", PEOPLE)
def test_people_are_none(agent: str) -> None:
    assert not is_bot(agent)
