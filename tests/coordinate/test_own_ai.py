"""The letter to a maintainer says what models did at this host in the case, and says it of this case's facts."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from comity.clearing import proposing
from comity.model.asked import Asked, Why
from comity.model.coordination import Part
from comity.model.ids import CaseId, PartyId, ReportId, digest
from comity.model.patch import Asking, Origin, Patch
from comity.store import patches
from tests.coordinate.hosts import ADA, VENDOR, finding, host
from tests.coordinate.test_desk import _letters
from tests.mail.conftest import SENDER

NOW = datetime(2026, 11, 25, 9, 0, tzinfo=UTC)
NONE = "none in reproducing this report or in writing this letter, and no model was asked for a patch"


def patch_of(id_: str, case: str = "C-1111-2222-3333", *, why: Why | None = None) -> Patch:
    """A patch that a model was asked for, and wrote unless `why` says why not."""
    asking = Asking(
        by=PartyId("ada"),
        by_name="Ada",
        is_script=False,
        purpose="a fix",
        fields=("source",),
        withheld=(),
        provider="https://model.example/v1",
        model="small-model",
        prompt=None,
        at=NOW,
        asked=Asked(prompt="patch/1", prompt_hash="0" * 64, model="small-model", why=why),
    )
    return Patch(
        id=id_,
        case=CaseId(case),
        report=ReportId("R-1111-2222-3333"),
        origin=Origin.MODEL,
        offered_by=PartyId("ada"),
        offered_name="Ada",
        offered_at=NOW,
        recipe=digest(b"recipe"),
        seed=1,
        diff=None if why else digest(b"diff"),
        asking=asking,
    )


@pytest.mark.parametrize(
    ("found", "sent", "told"),
    [
        ((), "", NONE),
        ((replace(patch_of("a"), asking=None, origin=Origin.PERSON),), "a", NONE),
        ((replace(patch_of("a"), asking=replace(patch_of("a").asking, asked=None)),), "", NONE),  # nothing went out yet
        ((patch_of("a"),), "a", "small-model wrote the patch that goes along"),
        ((patch_of("a"),), "b", "small-model proposed a patch, which does not go along"),
        ((patch_of("a", why=Why.UNREACHABLE),), "", "small-model was asked for a patch and gave none"),
    ],
)
def test_what_models_did_in_a_case_is_one_true_sentence(found, sent, told):
    assert proposing.own_ai(found, sent).startswith(told)


def test_the_letter_follows_the_case(tmp_path):
    with host(tmp_path, mail_from=SENDER, mail_clear_limit="RED") as comity:
        for with_model, told in ((False, NONE), (True, "small-model proposed a patch, which does not go along.")):
            case = comity.case_of(finding())
            if with_model:
                with comity.machines.store.write() as tx:
                    patches.add(tx, patch_of(f"X-{case}", case))
            seat = comity.desk.read_in(
                ADA, case, name="V", part=Part.MAINTAINER, why="owns it", login="vendor", contact="v@project.example"
            )
            comity.desk.agree(VENDOR, seat)
            comity.desk.write_maintainer(ADA, case, seat)
            assert f"Use of AI, {comity.machines.settings.organisation}: {told}" in _letters(comity)[-1].text
