"""The counter of briefs by e-mail: ask, agree, leave. An address is used only after its owner agreed (double opt-in).

Asking tells nobody whether an address is known here: the answer is the same for a new one, one that waits and one that
agreed long ago. What nobody confirms in two days is forgotten. One network may ask for few addresses a day, so that one
stranger cannot take every place of those that wait.
"""

import ipaddress
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from comity.access.policy import Action, allow
from comity.brief import flow_mail
from comity.brief.desk_counter import Counter
from comity.errors import Invalid, Missing, Problem, Unavailable
from comity.mail import outbox
from comity.model.letter import is_address
from comity.model.party import Viewer
from comity.store import subscribers

WAITS: Final = timedelta(days=2)
MOST_WAITING: Final = 200
"""Requests that wait at once: strangers can make this host write to no more addresses than that in two days."""
MOST_OF_A_NETWORK: Final = 5
"""Requests of one network and one day that wait at once. A confirmed one gives its place back."""
SPEAK_FOR_OTHERS: Final = tuple(
    ipaddress.ip_network(one)
    for one in (
        "127.0.0.0/8",
        "10.0.0.0/8",
        "172.16.0.0/12",
        "192.168.0.0/16",
        "100.64.0.0/10",
        "169.254.0.0/16",
        "::1/128",
        "fc00::/7",
        "fe80::/10",
    )
)
"""Loopback, private (RFC 1918, RFC 4193), shared (RFC 6598) and link-local addresses: a proxy, or many people."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Subscription:
    """What the holder of the link sees: the address as far as its owner knows it again."""

    address: str
    is_confirmed: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Subscribed:
    """Numbers for editors."""

    confirmed: int
    waiting: int


class Subscribers(Counter):
    """Who gets letters, by their own will."""

    __slots__ = ()

    def subscribe(self, viewer: Viewer, address: str, *, peer: str = "") -> None:
        """Ask the owner of an address by one letter. Nothing is told of whether it is known.

        `peer` is the address that the request came from; one that speaks for others (loopback, a private network) or
        is unknown counts in no network, and then only the number of all that wait is a limit.
        """
        allow(viewer, Action.READ_BRIEFS)
        asked, at = address.strip(), self.machines.now()
        if not self.machines.settings.smtp_host:
            raise Unavailable(
                "this host sends no e-mail: the operator sets COMITY_SMTP_HOST; the feeds carry the same briefs"
            )
        if not is_address(asked):
            raise Invalid(
                "this is no address", [Problem("/address", "bad_address", "one address such as name@example.org")]
            )
        with self.machines.store.write() as tx:
            subscribers.forget_unconfirmed(tx, before=at - WAITS)
            network = network_of(peer)
            if network and subscribers.waiting_from(tx, network, at=at) >= MOST_OF_A_NETWORK:
                raise Unavailable("too many requests from your network today: try again tomorrow, or use the feeds")
            if subscribers.count(tx, confirmed=False) >= MOST_WAITING:
                raise Unavailable("too many requests wait for an answer: try again in two days, or use the feeds")
            held = subscribers.ask(tx, asked, network=network, at=at)
            if held.confirmed_at is None:
                flow_mail.invite(tx, held, settings=self.machines.settings, at=at)

    def subscription(self, viewer: Viewer, secret: str) -> Subscription:
        """What a link stands for. Missing for an unknown one, and for a request that waited too long."""
        allow(viewer, Action.READ_BRIEFS)
        with self.machines.store.read() as tx:
            held = self._held(subscribers.of_secret(tx, secret))
        name, _, site = held.contact.address.partition("@")
        return Subscription(address=f"{name[:1]}…@{site}", is_confirmed=held.confirmed_at is not None)

    def confirm_subscription(self, viewer: Viewer, secret: str) -> None:
        """The owner of the address agrees."""
        allow(viewer, Action.READ_BRIEFS)
        with self.machines.store.write() as tx:
            held = self._held(subscribers.of_secret(tx, secret))
            subscribers.confirm(tx, held.id, at=self.machines.now())

    def unsubscribe(self, viewer: Viewer, secret: str) -> None:
        """Forget an address, and what was still to be sent to it."""
        allow(viewer, Action.READ_BRIEFS)
        with self.machines.store.write() as tx:
            held = subscribers.of_secret(tx, secret)
            outbox.withdraw(tx, held.id, at=self.machines.now())
            subscribers.forget(tx, held.id)

    def subscribed(self, viewer: Viewer) -> Subscribed:
        """How many agreed, and how many were asked and have not."""
        allow(viewer, Action.EDIT_BRIEFS)
        with self.machines.store.read() as tx:
            return Subscribed(
                confirmed=subscribers.count(tx, confirmed=True), waiting=subscribers.count(tx, confirmed=False)
            )

    def _held(self, one: subscribers.Subscriber) -> subscribers.Subscriber:
        if one.confirmed_at is None and one.asked_at < self.machines.now() - WAITS:
            raise Missing("no such subscription, or it has ended")
        return one


def network_of(peer: str) -> str:
    """IPv4 by /24, IPv6 by /48, as they are handed to one subscriber or small house. "" for what speaks for others."""
    try:
        parsed = ipaddress.ip_address(peer)
    except ValueError:
        return ""
    if isinstance(parsed, ipaddress.IPv6Address) and parsed.ipv4_mapped is not None:
        parsed = parsed.ipv4_mapped
    if any(parsed in held for held in SPEAK_FOR_OTHERS):
        return ""
    return str(ipaddress.ip_network((parsed, 24 if parsed.version == 4 else 48), strict=False))
