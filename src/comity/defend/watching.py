"""Decide what a watch is told: one letter to confirm, then one letter for each change of the answer, and no more.

A change is another word (from "cannot tell" to "yes" is one), another urgency, or another weakness that reaches the
product. No letter names anything else that its address watches. Every letter ends with the way out.
"""

from datetime import timedelta
from typing import Final

from comity.defend.affected import Reply
from comity.model.ids import digest
from comity.model.letter import Letter
from comity.model.watch import Watch

MOST: Final = 20
"""Watches of one address, a policy parameter of ours: more would be an inventory."""
LETTERS_A_DAY: Final = 3
"""Confirmation letters that one address gets in a day, whoever asks: nobody's mailbox is filled through us."""
CONFIRM_WITHIN: Final = timedelta(days=3)
"""What nobody confirms in this time is erased."""
WAITING_AN_HOUR: Final = 200
"""Unconfirmed watches of one hour, over all addresses: beyond it the form is closed for a while."""
PURPOSE: Final = "product watch"
RULE: Final = "-- \n"


def link(base: str, watch: Watch) -> str:
    """The address of a watch's own page: it shows what is watched, and confirms or ends it when asked to."""
    return f"{base.rstrip('/')}/watch/{watch.secret}"


def confirmation(watch: Watch, *, base: str, host: str, number: int = 0) -> Letter:
    """The one letter that an address gets before it has agreed. It says what was asked, and how to let it be."""
    text = (
        f'Somebody, we hope you, asked {host} to tell this address when the answer for "{watch.product}" changes.\n\n'
        f"To agree, open this page and press the button:\n\n  {link(base, watch)}\n\n"
        "If it was not you, do nothing: you will get no other letter, and the request is erased after three days.\n"
    )
    return Letter(
        key=f"{PURPOSE}:{watch.id}:confirm:{number}",
        to=watch.address,
        purpose=PURPOSE,
        subject="Please confirm: mail when an answer changes",
        text=text,
    )


def change(watch: Watch, reply: Reply) -> Watch | None:
    """The watch after it is told this answer; None when it says what was told last."""
    if watch.said == reply.key:
        return None
    return watch.heard(said=reply.key, word=reply.word.value)


def news(before: Watch, reply: Reply, *, base: str, host: str) -> Letter:
    """What changed, what to do, and where to look; with the way out."""
    was = f'It was "{before.word}".' if before.word else ""
    lines = [
        f'The answer for "{before.product}" changed. {was}'.strip(),
        "",
        f"{reply.word.value.upper()}: {reply.sentence}",
    ]
    reached = [one.name for one in reply.weaknesses if one.reached]
    if reached:
        more = f" and {len(reached) - 5} more" if len(reached) > 5 else ""
        lines += ["", f"What reaches it: {', '.join(reached[:5])}{more}"]
    if reply.action:
        lines += ["", f"Do this {reply.urgency.value}: {reply.action}", reply.mitigation]
    if reply.due:
        lines += ["", f"Plan to be done by {reply.due}. This binds nobody; it is a date to plan by."]
    if reply.sharpen:
        lines += ["", reply.sharpen]
    lines += [
        "",
        f"Look again: {base.rstrip('/')}/affected",
        "",
        RULE + f"You asked {host} for this. To end it, open this page and press the button:",
        link(base, before),
        "",
    ]
    return Letter(
        key=f"{PURPOSE}:{before.id}:{before.told + 1}:{digest(reply.key.encode())[:16]}",
        to=before.address,
        purpose=PURPOSE,
        subject=_one_line(f"{reply.word.value.capitalize()}: {before.product}"),
        text="\n".join(lines),
        unsubscribe=link(base, before),
    )


def _one_line(text: str) -> str:
    return "".join(mark if mark.isprintable() else " " for mark in text)[:150]
