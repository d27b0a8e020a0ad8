"""The IO of the small operator's question: the product dictionary of the mirrors, else of the starter data."""

from functools import cache

from comity.defend import affected
from comity.defend.affected import Reply
from comity.defend.flow import Machines
from comity.defend.flow_scan import signals_at
from comity.formats import pack
from comity.formats import upstream as reader
from comity.model.signals import ProductStatement
from comity.store import mirrored


def ask(machines: Machines, text: str) -> Reply:
    """The answer for a product by its name, now."""
    question = affected.read(text)
    now = machines.now()
    with machines.store.read() as tx:
        dictionary = mirrored.dictionary(tx)
        starter = not dictionary
        if starter:
            dictionary = tuple(sorted({(one.vendor, one.product) for _, one in _starter()}))
        pairs, choices = affected.chosen(question, affected.candidates(question, dictionary))
        if starter:
            wanted = set(pairs)
            statements = tuple(one for one in _starter() if (one[1].vendor, one[1].product) in wanted)
        else:
            statements = mirrored.products(tx, pairs)
        said = signals_at(tx, machines, at=now, cut=False)
    return affected.reply(
        question,
        pairs,
        choices,
        statements,
        said,
        table=pack.shipped_table(pack.BOD_26_04),
        now=now,
        dictionary_size=len(dictionary),
    )


@cache
def _starter() -> tuple[tuple[str, ProductStatement], ...]:
    kev, ssvc = pack.starter()
    return tuple(
        (f"starter data: {found.source}", one)
        for found in (reader.kev(kev), reader.cve_records(ssvc))
        for one in found.products
    )
