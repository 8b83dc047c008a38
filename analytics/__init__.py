"""Pagetally: page-view counters and traffic analytics that you own.

`pagetally serve` runs it; `analytics.web.app.create_app` gives the ASGI app to mount in your own.
"""

__version__ = "0.1.0"
