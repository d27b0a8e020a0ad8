"""Lay out one finding with its whole why: the answer of the pack in force, what the others say, and what is asked."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from comity.defend import inputs, triage
from comity.defend.clock import first_answer
from comity.defend.due import Answer, Due, NotBound
from comity.defend.facts import Facts, Feeds
from comity.defend.inputs import Question
from comity.model.asset import Asset
from comity.model.directive import Pack, Policy
from comity.model.inventory import Exposure
from comity.model.triage import Work


@dataclass(frozen=True, slots=True, kw_only=True)
class FindingView:
    """One finding with its whole why."""

    asset: Asset
    vulnerability: str
    answer: Answer
    also: tuple[Answer, ...]
    """What the other packs in force say."""
    pack: Pack | None
    exposures: tuple[Exposure, ...]
    work: Work | None
    questions: tuple[Question, ...]
    """What the packs in force ask of a person."""
    locked: str
    """Why the patch may not go yet; "" when it may."""
    at: datetime
    is_past: bool

    @property
    def has_tier(self) -> bool:
        """True when a directive gives this finding a tier, so that "no triage" is an answer."""
        return isinstance(self.answer, Due)

    @property
    def untriaged(self) -> str:
        """Why no triage is open, for whoever looks for one."""
        return triage.none_because(self.answer)


@dataclass(frozen=True, slots=True, kw_only=True)
class Ruled:
    """What answers a finding at one moment: the packs of its domain, the ages of the mirrors, the host's choices."""

    packs: Sequence[Pack]
    feeds: Feeds
    policy: Policy
    zone: str
    at: datetime

    def answer(self, packs: Sequence[Pack], asset: Asset, facts: Facts) -> Answer:
        """What these packs say of one finding."""
        found = first_answer(packs, facts, at=self.at, feeds=self.feeds, policy=self.policy, zone=self.zone)
        return bound_to_nothing(asset, facts, self.at) if found is None else found

    def view(
        self, asset: Asset, facts: Facts, exposures: tuple[Exposure, ...], work: Work | None, *, is_past: bool
    ) -> FindingView:
        """One finding, by the packs in force; what the others say stands beside it."""
        answer = self.answer(self.packs, asset, facts)
        others = [
            self.answer((one,), asset, facts)
            for one in self.packs
            if (one.id, one.version) != (answer.pack, answer.version) and one.holds_on(self.at.date())
        ]
        return FindingView(
            asset=asset,
            vulnerability=facts.vulnerability,
            answer=answer,
            also=tuple(one for one in others if not isinstance(one, NotBound)),
            pack=next((one for one in self.packs if (one.id, one.version) == (answer.pack, answer.version)), None),
            exposures=exposures,
            work=work,
            questions=inputs.asked(self.packs, (*asset.inputs, *(work.inputs if work is not None else ())), at=self.at),
            locked=triage.locked(work, answer) if isinstance(answer, Due) else "",
            at=self.at,
            is_past=is_past,
        )


def bound_to_nothing(asset: Asset, facts: Facts, at: datetime) -> NotBound:
    """No directive with dates holds for the asset's domain."""
    return NotBound(
        asset=asset.id,
        vulnerability=facts.vulnerability,
        pack="none",
        version="",
        at=at,
        binds="none",
        certainty="",
        reason=f"no directive with dates is in force here for the domain {asset.domain}",
    )


def begun(view: FindingView) -> Work:
    """The work on a finding that has it, or where it begins."""
    if view.work is not None:
        return view.work
    return Work(
        organisation=view.asset.organisation,
        domain=view.asset.domain,
        asset=view.asset.id,
        vulnerability=view.vulnerability,
    )
