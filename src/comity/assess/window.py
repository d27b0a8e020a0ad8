"""How long the model may be reached: from the first call that the key answers, for at most the days agreed.

Order 14409 section 3(b)(ii), as reported: access "up to 30 days before" the model goes to other partners. So the cap is
min(t0 + days, the developer's own planned date), in calendar days UTC, one window for one model version. It ends by
itself; sooner by either side; later only inside the cap and with the developer's signature.
"""

from datetime import datetime, timedelta
from typing import Final

from comity.errors import Conflict, Invalid, Problem
from comity.model.dossier import Window

MOST_DAYS: Final = 30
"""The order's own figure; terms may agree fewer days, never more."""


def opened(start: datetime, *, days: int, planned: datetime | None) -> Window:
    """The window that begins now. Conflict when the developer's planned date has come already."""
    if not 1 <= days <= MOST_DAYS:
        raise Invalid("no such window", [Problem("/window_days", "out_of_range", f"1 to {MOST_DAYS} days")])
    cap = start + timedelta(days=days)
    if planned is not None:
        cap = min(cap, planned)
    if cap <= start:
        raise Conflict("the developer's planned date has come: there is no window left to open")
    return Window(start=start, end=cap, cap=cap)


def is_open(window: Window | None, now: datetime) -> bool:
    """Whether a call may be made now. The end itself is outside."""
    return window is not None and window.start <= now < window.end


def moved(window: Window, end: datetime, *, now: datetime, developer_signed: bool) -> Window:
    """The window with another end: sooner, or later inside the cap with the developer's signature."""
    if end > window.cap:
        raise Conflict("no window goes past its cap, whoever signs")
    if end > window.end and not developer_signed:
        raise Conflict("a later end takes the developer's signature")
    if now >= window.end:
        raise Conflict("this window is over: nothing opens it again")
    return Window(start=window.start, end=max(end, now), cap=window.cap)
