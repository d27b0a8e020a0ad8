"""`comity affected "Product 1.2"`: one question, one answer, one action. No inventory and no account are needed."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Annotated

from cyclopts import Parameter

from comity.api.estate_shapes import AffectedBody
from comity.cli import show, show_defend
from comity.cli.desks import read
from comity.cli.options import Host, Json, configured
from comity.cli.places import Local, Place, office, remote


def affected(
    product: str,
    *,
    watch: Annotated[str, Parameter(help="your address: a mail when the answer changes, once you agreed by mail")] = "",
    host: Host = "",
    json: Json = False,
) -> int:
    """Is this product affected? Exit status 0: no; 1: yes, or it cannot be told."""
    with _place(host) as there:
        answer = there.read("/affected", product=product)
        told = there.act("/affected/watches", {"product": product, "address": watch}) if watch else None
    show.document(answer) if json else show_defend.affected(read(answer, AffectedBody))
    if told is not None:
        show.note(told["outcome"])
    return 0 if answer["answer"] == "no" else 1


@contextmanager
def _place(host: str) -> Iterator[Place]:
    """The remote host, or the local store, as somebody without an account."""
    settings = configured(host)
    if settings.remote:
        yield remote(settings)
        return
    from comity.model.party import ANONYMOUS

    with office(settings, work=False) as held:
        yield Local(office=held, viewer=ANONYMOUS)
