"""How often a party's reports held: rates with what is not known about them, never a rank and never a score."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final

from comity.model.beta import beta_quantile
from comity.model.ids import PartyId, ReportId

PRIOR: Final = (1.0, 1.0)
"""Beta(1, 1): before the first decided report every rate is held equally likely (policy parameter)."""
CREDIBLE: Final = 0.95


@dataclass(frozen=True, slots=True, kw_only=True)
class Rate:
    """`hits` of `trials`, under the prior: Beta(a + hits, b + trials - hits). `low` and `high` hold 95 % of it."""

    hits: int
    trials: int

    @property
    def mean(self) -> float:
        """The posterior mean."""
        return (PRIOR[0] + self.hits) / (sum(PRIOR) + self.trials)

    @property
    def low(self) -> float:
        """Lower end of the equal-tailed credible interval."""
        return beta_quantile((1 - CREDIBLE) / 2, PRIOR[0] + self.hits, PRIOR[1] + self.trials - self.hits)

    @property
    def high(self) -> float:
        """Its upper end."""
        return beta_quantile(1 - (1 - CREDIBLE) / 2, PRIOR[0] + self.hits, PRIOR[1] + self.trials - self.hits)


class Asked(StrEnum):
    """What a report is counted for, and so what may be appealed."""

    VALID = "valid"
    DUPLICATE = "duplicate"
    SEVERITY = "severity"


@dataclass(frozen=True, slots=True, kw_only=True)
class Fact:
    """What became of one report. None: not decided, so it is in no rate."""

    report: ReportId
    organisation: PartyId
    tool: str
    """Model and harness with versions, as the finder states them for the discovery; "" when none is stated."""
    valid: bool | None
    duplicate: bool | None
    overstated: bool | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Appeal:
    """A submitter holds that a report was counted wrongly. `upheld` None: nobody decided yet."""

    id: str
    report: ReportId
    organisation: PartyId
    asked: Asked
    text: str
    by: str
    at: datetime
    upheld: bool | None = None
    decided_by: str = ""
    is_script: bool = False
    reason: str = ""
    decided_at: datetime | None = None
