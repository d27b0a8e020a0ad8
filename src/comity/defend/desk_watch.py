"""The counter of watches: mail when the answer for a product changes. Anybody may ask; only the address may agree.

Whoever holds the secret of a link sees that one watch and may confirm or end it, and learns of no other.
"""

from dataclasses import dataclass

from comity.access.policy import Action, allow
from comity.defend import flow_watch
from comity.defend.flow import Machines
from comity.errors import Invalid, Problem, Unavailable
from comity.mail import post
from comity.model.party import Viewer
from comity.model.watch import Watch

__all__ = ["Watch", "Watches"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Watches:
    """The calls, on the flow's machines."""

    machines: Machines

    @property
    def is_open(self) -> bool:
        """Whether this host can send mail, so that asking makes sense."""
        return post.named(self.machines.settings) is not None

    def ask(self, viewer: Viewer, address: str, product: str) -> None:
        """Ask to be told. The same nothing comes back whether the address is new, known or full: a letter says more.

        Unavailable on a host that sends no mail. Invalid for a text that is no address, and for no product.
        """
        allow(viewer, Action.ASK_AFFECTED)
        if not self.is_open:
            raise Unavailable("this host sends no mail: look at /affected again instead")
        product = " ".join(product.split())
        if not 1 <= len(product) <= 200:
            problem = Problem("/product", "missing_field", "name a product, such as “Product 1.2”")
            raise Invalid("nothing was asked", [problem])
        flow_watch.ask(self.machines, address.strip(), product)

    def held(self, viewer: Viewer, secret: str) -> Watch:
        """The watch of a link. Missing when there is none."""
        allow(viewer, Action.ASK_AFFECTED)
        return flow_watch.held(self.machines, secret)

    def confirm(self, viewer: Viewer, secret: str) -> Watch:
        """Agree, by the link that came to the address. Agreeing twice changes nothing."""
        allow(viewer, Action.ASK_AFFECTED)
        return flow_watch.confirm(self.machines, secret)

    def end(self, viewer: Viewer, secret: str) -> Watch:
        """End it, by the link that is in every letter; address and product are erased."""
        allow(viewer, Action.ASK_AFFECTED)
        return flow_watch.end(self.machines, secret)

    def look(self) -> int:
        """Ask again for every watch, since what upstream says has changed. For subscriptions; safe to repeat."""
        return flow_watch.look(self.machines)
