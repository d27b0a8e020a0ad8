"""Outbound calls that act on somebody else's host: another Comity host, CVE Services, webhooks, models.

`host` speaks that host's API; `tokens` keeps the token that `comity login` was given. Start at `host`.
"""
