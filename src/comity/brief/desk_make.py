"""The counter for making a brief on this machine: a file or an address in, text or a document out. Nothing is stored.

It opens no store and shows nothing but what the caller gave, so no right is asked for; keeping a draft is the other
counter's business (`desk`), which asks.
"""

from collections.abc import Sequence
from typing import Any

from comity.brief import flow_make, handover, told
from comity.brief.gather import Registered
from comity.brief.make import Made
from comity.model.brief import Draft
from comity.settings import Settings


def made(
    places: Sequence[str], settings: Settings, *, name: str = "", open_licence: str = "", judge: bool = False
) -> Made:
    """The made brief as a value, for whoever keeps it."""
    about = Registered(name=name, openly_licensed=bool(open_licence), licence=open_licence)
    return flow_make.made_from(places, about=about, settings=settings, judge=judge)


def as_draft(held: Made) -> Draft:
    """For the counter that keeps drafts."""
    return handover.as_draft(held)


def as_text(held: Made) -> str:
    """For people."""
    return told.text(held)


def as_document(held: Made) -> dict[str, Any]:
    """For programs."""
    return told.document(held)
