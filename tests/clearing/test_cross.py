"""Execution: does fix A silence proof B, and fix B proof A? Both ways join two cases, one way keeps them apart."""

import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from comity.clearing import cross
from comity.clearing.desk import Document
from comity.formats.report import ReportDocument
from comity.model.case import Stage
from comity.model.evidence import Attachment, Role
from comity.model.ids import Digest, digest
from comity.model.recipe import Dress, Observation, Recipe, Sight
from comity.model.report import Exposure, Finding, Known
from tests.clearing.documents import RECIPE
from tests.clearing.findings import without_alias
from tests.clearing.hosts import LAB, RIVAL, coordinator, further, host
from tests.dedupe.test_combine import PATCH

ADA = coordinator("ada")
OTHER = PATCH.replace(b"not allowed", b"refused here")
THEIRS = RECIPE.replace(b'args = ["x"]', b'args = ["y"]')


def brought(finding: Finding, recipe: bytes, patch: bytes) -> Document:
    """A report with a proof and a fix."""
    files = (("recipe.toml", recipe, Role.RECIPE), ("fix.patch", patch, Role.PATCH))
    held = tuple(
        Attachment(filename=name, media_type="text/plain", digest=digest(data), size_bytes=len(data), role=role)
        for name, data, role in files
    )
    payloads = {digest(data): data for _, data, _ in files}
    return Document(name="report.json", data=ReportDocument().write(replace(finding, attachments=held), payloads))


def saw(sight: Sight) -> Callable[[Any, Recipe, Mapping[Digest, bytes]], tuple[Observation, ...]]:
    """A patched build that shows this to whichever proof."""
    return lambda _attempt, _proof, _attached: tuple(
        Observation(dress=Dress.FIXED, index=index, sight=sight) for index in range(3)
    )


def played(folder: Path, fires: Any) -> tuple[list[Any], Any]:
    """Two reports about one function are disputed, and each one's fix meets the other's proof."""
    finding = replace(without_alias(), exposure=Exposure(public=Known.YES))
    with host(folder, fires=fires) as running:
        regroup = further(running.machines, running.desk.control)["regroup"]

        def waited(truth: Callable[[], Any]) -> None:
            end = time.monotonic() + 60
            while not truth():
                assert time.monotonic() < end, "waited in vain"
                time.sleep(0.02)

        running.desk.submit(LAB, [brought(finding, RECIPE, PATCH)])
        waited(lambda: [r for r in running.desk.cases(ADA).rows if r.stage is Stage.COORDINATING])
        running.desk.submit(RIVAL, [brought(replace(finding, summary="another view"), THEIRS, OTHER)])
        waited(lambda: len(running.desk.cases(ADA).rows) == 2)
        waited(lambda: all(one.flow == "clearing.coordinate" for one in running.desk.control.unfinished()))
        rows = [row for row in running.desk.cases(ADA).rows if row.stage is not Stage.CLOSED]
        return [running.desk.case(ADA, row.id).case for row in rows], regroup.beside(ADA, rows[0].id)


def test_each_fix_silencing_the_others_proof_merges_the_cases_and_says_that_a_flow_did_it(tmp_path: Path) -> None:
    (case,), _ = played(tmp_path, saw(Sight.SILENT))
    assert len(case.reports) == 2
    (regrouped,) = case.regroupings
    assert regrouped.reasons == ("each one's fix silences the other's proof",)
    assert regrouped.is_script


@pytest.mark.parametrize("sight", [Sight.FIRED, Sight.BROKEN])
def test_a_proof_that_still_fires_or_a_run_that_broke_merges_nothing(tmp_path: Path, sight: Sight) -> None:
    found, beside = played(tmp_path, saw(sight))
    assert len(found) == 2
    told = "but one's fix does not silence the other's proof"
    assert (told in beside.others[0].bars) is (sight is Sight.FIRED)


def seen(*sights: Sight) -> list[Observation]:
    return [Observation(dress=Dress.FIXED, index=index, sight=sight) for index, sight in enumerate(sights)]


def test_silence_counts_only_where_the_proof_fires_on_the_unpatched_build() -> None:
    fired, silent = Sight.FIRED, Sight.SILENT
    assert cross.silenced(seen(fired, fired), seen(silent, silent)) == cross.YES
    assert cross.silenced(seen(fired, fired), seen(silent, fired)) == cross.NO
    assert cross.silenced(seen(fired, silent), seen(silent, silent)) == cross.UNKNOWN
    assert cross.silenced(seen(fired), seen(silent, Sight.UNREACHED)) == cross.UNKNOWN
    assert cross.silenced([], seen(silent)) == cross.UNKNOWN
    assert cross.silenced(seen(fired), []) == cross.UNKNOWN


def test_a_bulk_patch_is_not_asked() -> None:
    assert cross.is_minimal(PATCH)
    assert not cross.is_minimal(b"")
    assert not cross.is_minimal(b"".join(b"--- a/f%d\n+++ b/f%d\n@@\n-a%d\n+b\n" % (n, n, n) for n in range(9)))
