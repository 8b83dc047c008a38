"""What kind of place a reader came from."""

from __future__ import annotations

from .model import Campaign, Origin


def classify(host: str, campaign: Campaign) -> Origin:
    """The origin of a referring host and a campaign."""
    return Origin(campaign.source or host, campaign.medium, "Referral")
