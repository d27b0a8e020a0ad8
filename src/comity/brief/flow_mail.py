"""Queue the letters that carry briefs: to everybody who agreed, and a change to exactly those whom the brief reached.

A letter is queued in the transaction that makes its cause public. The label stands first in it (T02), the machine mark
last, and the signed metadata goes along, so a reader can verify what came. Nothing counts who opens it.
"""

from datetime import datetime

from comity.brief.channels import mail, text
from comity.mail import outbox
from comity.model.handling import Tlp
from comity.model.letter import Enclosure, Letter
from comity.settings import Settings
from comity.store import drafts, subscribers
from comity.store.drafts import State
from comity.store.engine import Tx
from comity.store.subscribers import Subscriber

SEAL = "application/vnd.dsse.envelope.v1+json"


def link(subscriber: Subscriber, settings: Settings) -> str:
    """Where this subscriber confirms and leaves."""
    return f"{settings.address}/subscriptions/{subscriber.contact.secret}"


def invite(tx: Tx, subscriber: Subscriber, *, settings: Settings, at: datetime) -> None:
    """Ask the owner of the address, once: nothing else is ever sent to one who did not say yes."""
    body = (
        f"Somebody, perhaps you, asked for the briefs of {settings.organisation} at this address.\n\n"
        f"To agree, open this page and press the button:\n{link(subscriber, settings)}\n\n"
        "If it was not you, do nothing: no other letter follows, and the address is forgotten after two days.\n"
    )
    letter = Letter(
        key=f"brief confirm:{subscriber.id}",
        to=subscriber.contact.address,
        purpose="brief subscription",
        subject="Confirm: briefs by e-mail",
        text=body,
        about=subscriber.id,
    )
    outbox.queue(tx, letter, settings=settings, at=at)


def announce(tx: Tx, brief: str, *, settings: Settings, at: datetime) -> int:
    """A brief has become public: one letter to each who agreed. Gives how many."""
    state = drafts.state(tx, brief)
    everybody = subscribers.confirmed(tx)
    for one in everybody:
        _queue(tx, one, state, key=f"brief:{brief}:{one.id}", purpose="brief", settings=settings, at=at)
        subscribers.mailed(tx, brief, one.id)
    return len(everybody)


def amend(tx: Tx, brief: str, subscriber: str, count: int, *, kind: str, settings: Settings, at: datetime) -> None:
    """The `count`th correction, or the tombstone, to one whom the brief reached. Missing when they left."""
    one = subscribers.get(tx, subscriber)
    key = f"brief {kind}:{brief}:{count}:{one.id}"
    _queue(tx, one, drafts.state(tx, brief), key=key, purpose=f"brief {kind}", settings=settings, at=at)


def _queue(tx: Tx, one: Subscriber, state: State, *, key: str, purpose: str, settings: Settings, at: datetime) -> None:
    away = link(one, settings)
    letter = Letter(
        key=key,
        to=one.contact.address,
        purpose=purpose,
        subject=mail.subject(state.public),
        text=f"{text.render(state.public)}\n-- \nYou agreed to these letters. To leave: {away}\n",
        tlp=Tlp.CLEAR,
        about=one.id,
        unsubscribe=away,
        enclosures=(
            Enclosure(name="brief.json", media_type="application/json", data=state.document),
            Enclosure(name="brief.json.seal.json", media_type=SEAL, data=state.seal),
        ),
    )
    outbox.queue(tx, letter, settings=settings, at=at)
