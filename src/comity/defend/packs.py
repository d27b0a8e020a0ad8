"""Decide which packs speak to a domain: what is in force there by default, and what its organisation follows or wrote.

Civil agencies stand under CISA's directives. Critical infrastructure and others have no binding directive: the same
table gives them dates to plan by, and says that it binds nobody. National security and War systems get nothing from
here but what they wrote or follow themselves.
"""

from collections.abc import Iterable
from dataclasses import replace
from typing import Final

from comity.model.asset import Domain
from comity.model.directive import Kind, Pack

BY_DEFAULT: Final = ("us.cisa.bod-26-04", "us.cisa.bod-22-01", "us.cisa.bod-19-02")
"""Packs of civil agencies."""
ADVICE: Final = "us.cisa.bod-26-04"
"""The pack that others plan by."""


def for_domain(domain: Domain, shipped: Iterable[Pack], own: Iterable[Pack] = ()) -> tuple[Pack, ...]:
    """The packs to ask for assets of a domain. `own`: published packs that the organisation follows.

    A pack of another domain is never among them; of two versions of one pack both are, since the day chooses.
    """
    mine = tuple(one for one in own if one.domain in {domain, None} and one.kind is not Kind.TEMPLATE)
    if domain in {Domain.NSS, Domain.DOW}:
        return mine
    named = {one.id: one for one in shipped}
    if domain is Domain.FCEB:
        return (*(named[name] for name in BY_DEFAULT if name in named), *mine)
    return (*((advisory(named[ADVICE]),) if ADVICE in named else ()), *mine)


def advisory(pack: Pack) -> Pack:
    """The same rules for somebody they do not bind: dates to plan by."""
    sentence = f"It binds nobody here; its dates are to plan by. {pack.standing.sentence}"
    return replace(
        pack,
        kind=Kind.ADVISORY,
        binding_on=(),
        domain=None,
        standing=replace(pack.standing, sentence=sentence),
    )
