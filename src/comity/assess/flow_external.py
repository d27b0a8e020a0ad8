"""A public suite as a campaign meets it: the engine's adapter with entries that the statistics read."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from comity.assess.protocol import Entry
from comity.errors import Unavailable
from comity.sandbox.engine import container_engine

if TYPE_CHECKING:
    from comity.evals.challenge import Challenge, Grader
    from comity.evals.external import External


@dataclass(frozen=True)
class Public:
    """Samples of a suite under the campaign's names."""

    suite: "External"

    @cached_property
    def entries(self) -> Sequence[Entry]:
        """One entry per sample; a family is the suite."""
        return tuple(
            Entry(id=row.id, family=row.family, minutes=row.minutes, side="offence", target=row.id)
            for row in self.suite.rows
        )

    def challenge(self, item: str, run: str) -> "Challenge":
        """The sample, unopened."""
        return self.suite.challenge(item, run)

    @property
    def grade(self) -> "Grader":
        """The suite's own scorers judge."""
        return self.suite.grade

    @property
    def root(self) -> str:
        """Of the samples as they are."""
        return self.suite.root


def public(package: str) -> Public:
    """A suite by its name in inspect-evals. Unavailable, naming the remedy, when it cannot run here."""
    try:
        from comity.evals import external
    except ModuleNotFoundError as error:
        raise Unavailable("running a public suite needs the extra comity[assess]") from error
    engines = external.ENGINES if container_engine().answers else frozenset()
    return Public(external.load(package, engines=engines))
