"""The IO of a watch: keep it, confirm it, end it, and look at all of them when what upstream says has changed."""

import secrets
from datetime import timedelta
from typing import Final

from comity.defend import flow_affected, watching
from comity.defend.flow import Machines
from comity.errors import Unavailable
from comity.mail import outbox
from comity.model import ids
from comity.model.watch import Watch
from comity.store import watches

SECRET_BYTES: Final = 24


def ask(machines: Machines, address: str, product: str) -> None:
    """Keep a watch and queue its confirmation letter. Nothing that is told depends on what else is watched.

    Unavailable when more ask than this host takes in an hour. Invalid for an address that no letter can have.
    """
    now, settings = machines.now(), machines.settings
    with machines.store.write() as tx:
        watches.drop_unconfirmed(tx, before=now - watching.CONFIRM_WITHIN)
        if watches.waiting(tx, since=now - timedelta(hours=1)) >= watching.WAITING_AN_HOUR:
            raise Unavailable("more people ask for this than one host takes in an hour: try again later")
        made = Watch(
            id="W-" + ids.code(secrets.token_bytes(8), 12),
            address=address,
            product=product,
            secret=secrets.token_hex(SECRET_BYTES),
            made_at=now,
        )
        letter = watching.confirmation(made, base=settings.address, host=settings.organisation)
        letter.check()
        held = watches.of(tx, address)
        fresh = [one for one in held if now - one.made_at < timedelta(days=1)]
        known = any(one.product.casefold() == product.casefold() for one in held)
        if known or len(held) >= watching.MOST or len(fresh) >= watching.LETTERS_A_DAY:
            return
        watches.add(tx, made)
        outbox.queue(tx, letter, settings=settings, at=now)


def held(machines: Machines, secret: str) -> Watch:
    """The watch of a link. Missing when there is none."""
    with machines.store.read() as tx:
        return watches.by_secret(tx, secret)


def confirm(machines: Machines, secret: str) -> Watch:
    """The address agrees. What the answer is now counts as told: the next letter is about a change."""
    now = machines.now()
    with machines.store.read() as tx:
        before = watches.by_secret(tx, secret)
    reply = flow_affected.ask(machines, before.product)
    with machines.store.write() as tx:
        watch = watches.by_secret(tx, secret)
        if watch.confirmed_at is not None:
            return watch
        agreed = watch.confirmed(now).heard(said=reply.key, word=reply.word.value)
        watches.save(tx, agreed)
    return agreed


def end(machines: Machines, secret: str) -> Watch:
    """Erase the watch and its address. Missing when there is none any more."""
    with machines.store.write() as tx:
        watch = watches.by_secret(tx, secret)
        watches.drop(tx, watch.id)
    return watch


def look(machines: Machines) -> int:
    """Ask again for every confirmed watch and queue a letter for each answer that changed. Gives how many.

    Letter and memory of it are one transaction, so that a crash tells nobody twice and nobody nothing.
    """
    now, settings = machines.now(), machines.settings
    with machines.store.read() as tx:
        all_ = tuple(watches.confirmed(tx))
    told = 0
    answers = {product: flow_affected.ask(machines, product) for product in {one.product for one in all_}}
    for one in all_:
        reply = answers[one.product]
        if watching.change(one, reply) is None:
            continue
        with machines.store.write() as tx:
            held_ = next((w for w in watches.of(tx, one.address) if w.id == one.id), None)
            after = watching.change(held_, reply) if held_ is not None else None
            if held_ is None or after is None:
                continue
            letter = watching.news(held_, reply, base=settings.address, host=settings.organisation)
            outbox.queue(tx, letter, settings=settings, at=now)
            watches.save(tx, after)
            told += 1
    return told
