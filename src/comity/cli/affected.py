"""`comity affected "Product 1.2"`: one question, one answer, one action. No inventory and no account are needed."""

from comity.api.estate_shapes import AffectedBody
from comity.cli import show, show_defend
from comity.cli.desks import read
from comity.cli.options import Host, Json, configured
from comity.cli.places import Local, office, remote


def affected(product: str, *, host: Host = "", json: Json = False) -> int:
    """Is this product affected? Exit status 0: no; 1: yes, or it cannot be told."""
    settings = configured(host)
    if settings.remote:
        answer = remote(settings).read("/affected", product=product)
    else:
        from comity.model.party import ANONYMOUS

        with office(settings, work=False) as held:
            answer = Local(office=held, viewer=ANONYMOUS).read("/affected", product=product)
    show.document(answer) if json else show_defend.affected(read(answer, AffectedBody))
    return 0 if answer["answer"] == "no" else 1
