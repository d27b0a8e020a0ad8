"""The IO of the small operator's question: the product dictionary of the mirrors, else of the starter data."""

from collections.abc import Sequence
from functools import cache, partial

from comity.defend import affected, by_cpe
from comity.defend.affected import Reply
from comity.defend.flow import Machines
from comity.defend.flow_scan import signals_at
from comity.errors import Invalid
from comity.formats import cpe, pack
from comity.formats import upstream as reader
from comity.formats.cpe import Name
from comity.model.signals import ProductStatement
from comity.store import mirrored
from comity.store.engine import Tx

Pairs = Sequence[tuple[str, str]]
Said = tuple[tuple[str, ProductStatement], ...]


def ask(machines: Machines, text: str) -> Reply:
    """The answer for a product by its name or by its CPE name, now."""
    now = machines.now()
    name: Name | None = None
    if cpe.is_name(text):
        try:
            name = cpe.read(text)
        except Invalid as error:
            return affected.unreadable(text, error.problems[0].reason, now=now)
    question = affected.read(text) if name is None else affected.by_name_of(name)
    with machines.store.read() as tx:
        dictionary = mirrored.dictionary(tx)
        starter = not dictionary
        if starter:
            dictionary = tuple(sorted({(one.vendor, one.product) for _, one in _starter() if one.product}))
        choices: tuple[str, ...] = ()
        if name is None:
            pairs, choices = affected.chosen(question, affected.candidates(question, dictionary))
        else:
            pairs = affected.spelled(name, dictionary)
        statements = _of_starter(pairs, name) if starter else _of_mirrors(tx, pairs, name)
        said = signals_at(tx, machines, at=now, cut=False)
    if name is not None and statements and not pairs:
        pairs = ((cpe.words(name.vendor), cpe.words(name.product)),)
    return affected.reply(
        question,
        pairs,
        choices,
        statements,
        said,
        table=pack.shipped_table(pack.BOD_26_04),
        now=now,
        dictionary_size=len(dictionary),
        reached=None if name is None else partial(by_cpe.reached_by_name, name),
    )


def _of_mirrors(tx: Tx, pairs: Pairs, name: Name | None) -> Said:
    by_name = mirrored.products(tx, pairs)
    if name is None:
        return by_name
    return tuple(dict.fromkeys([*by_name, *mirrored.by_cpe(tx, [name.key]).get(name.key, ())]))


def _of_starter(pairs: Pairs, name: Name | None) -> Said:
    wanted = set(pairs)
    return tuple(
        one
        for one in _starter()
        if (one[1].vendor, one[1].product) in wanted
        or (name is not None and any((match.vendor, match.product) == name.key for match in one[1].cpes))
    )


@cache
def _starter() -> Said:
    kev, ssvc = pack.starter()
    return tuple(
        (f"starter data: {found.source}", one)
        for found in (reader.kev(kev), reader.cve_records(ssvc))
        for one in found.products
    )
