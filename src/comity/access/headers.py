"""Give every answer of the web application its security headers, errors included."""

from typing import Any, Final

from litestar.datastructures import MutableScopeHeaders
from litestar.types import Message, Scope

STRICT_CSP: Final = "default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'; sandbox"
"""For everything that is no page: JSON and downloads render nothing, run nothing, load nothing."""

PAGE_CSP: Final = (
    "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
)
"""For pages: one stylesheet and images of our own. No script at all, so none can be smuggled in."""

LIVE_CSP: Final = f"{PAGE_CSP}; script-src 'self'; connect-src 'self'"
"""For pages that follow a running job: one script file of ours, which asks this host alone."""
PASSKEY_CSP: Final = f"{PAGE_CSP}; script-src 'self'"
"""For the few pages that ask for a passkey: one script file of ours, nothing inside the page, nothing fetched."""

IS_HTTPS: Final = "comity_is_https"
"""Where the application's state says that the public address is one of https."""

ALWAYS: Final = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
}
UNLESS_SET: Final = {"Content-Security-Policy": STRICT_CSP, "Cache-Control": "no-store"}


class SecurityHeaders:
    """A hook for every message that goes out. `is_https`: the public address is one, so browsers may insist on it."""

    def __init__(self, *, is_https: bool) -> None:
        self.is_https = is_https

    async def __call__(self, message: Message, scope: Scope) -> None:  # noqa: ARG002  the framework's signature
        """Add what is missing when an answer starts."""
        if message["type"] != "http.response.start":
            return
        headers: Any = MutableScopeHeaders.from_message(message)
        for name, value in ALWAYS.items():
            headers[name] = value
        for name, value in UNLESS_SET.items():
            headers.setdefault(name, value)
        if self.is_https:
            headers["Strict-Transport-Security"] = "max-age=31536000"
