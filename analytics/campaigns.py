"""What a page's address says of where its reader came from."""

from __future__ import annotations

from .model import NO_CAMPAIGN, Campaign


def read_campaign(url: str) -> Campaign:
    """The campaign that an address names; NO_CAMPAIGN for none."""
    return NO_CAMPAIGN
