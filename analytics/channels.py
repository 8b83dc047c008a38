"""What kind of place a reader came from."""

from __future__ import annotations

from msgspec import Struct

from .model import Campaign


class Origin(Struct, frozen=True):
    """Where readers came from, as people call it."""

    name: str
    medium: str
    channel: str


def classify(host: str, campaign: Campaign) -> Origin:
    """The origin of a referring host and a campaign."""
    return Origin(campaign.source or host, campaign.medium, "Referral")
