"""Sign on behalf of this host: what a validation found, and the files that are published."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final

import rfc8785

from comity.model.evidence import Verdict
from comity.model.ids import Digest, PartyId, digest
from comity.model.recipe import Recipe, Trial
from comity.model.report import Report
from comity.sealing import blind, dsse, papers, patches, seal, statement
from comity.sealing.keys import SigningKey

SCAN_RESULT: Final = "application/vnd.comity.scan-result+json"


@dataclass(frozen=True, slots=True, kw_only=True)
class HostSigner:
    """The host's key at work. `organisation` is the host's own party id, to tell verifier from finder."""

    key: SigningKey
    organisation: PartyId

    def validation(self, recipe: Recipe, trial: Trial, verdict: Verdict, *, report: Report, at: datetime) -> bytes:
        """The signed statement (DSSE envelope) of one validation: digests and counts, no report text."""
        artefacts = (recipe.vulnerable, *((recipe.fixed,) if recipe.fixed else ()), *recipe.support)
        validated = statement.Validated(
            report=report.id,
            targets=tuple(statement.Target(name=a.purl, digest=a.digest) for a in artefacts),
            recipe=recipe.digest,
            proofs=tuple(sorted(value for _, value in recipe.inputs)),
            environment=digest(environment_bytes(trial.environment)),
            oracle_output=digest(oracle_bytes(trial)),
            verdict=verdict,
            tier="full" if trial.contained_fully else "reduced",
            verifier=self.key.public.organisation,
            verifier_is_not_finder=report.organisation != self.organisation,
            at=at,
        )
        return statement.sign_validation(validated, self.key)

    def blind_receipt(self, receipt: blind.Receipt) -> bytes:
        """The signed receipt (DSSE envelope) of a blind question: digests and a time."""
        return blind.sign_receipt(receipt, self.key)

    def scan_result(self, statement: bytes) -> bytes:
        """The signed result (DSSE envelope) of a scan claim: times, counts and digests."""
        return dsse.sign(statement, SCAN_RESULT, self.key)

    def patch(self, climbed: patches.Climbed) -> bytes:
        """The signed statement (DSSE envelope) of how far a patch got."""
        return patches.sign_patch(climbed, self.key)

    def seal(self, name: str, data: bytes, *, approved_by: str, at: datetime) -> bytes:
        """A detached seal over one file."""
        return seal.seal(name, data, self.key, approved_by=approved_by, at=at)

    def paper(self, kind: str, subjects: Mapping[str, Digest], fields: Mapping[str, str], *, at: datetime) -> bytes:
        """A signed statement about an engagement's papers: a signature that somebody gave, a receipt."""
        return papers.sign(kind, subjects, fields, self.key, at=at)


def environment_bytes(environment: Mapping[str, str]) -> bytes:
    """Canonical bytes (RFC 8785) of what held and ran a trial: whoever has the trial recomputes the digest."""
    return rfc8785.dumps(dict(environment))


def oracle_bytes(trial: Trial) -> bytes:
    """Canonical bytes of everything the oracle saw, in the order of the runs."""
    return rfc8785.dumps(
        [
            {"run": f"{o.dress} {o.index}", "seen": str(o.sight), "detail": o.detail, "evidence": o.evidence or ""}
            for o in trial.observations
        ]
    )
