"""A share link gives what was shared, scrubbed, and says first what was corrected or doubted since."""

import json
from pathlib import Path

import pytest
from tests.brief.conftest import make_source
from tests.brief.hosts import ADA, EDITH, MEMBER, Host, drafted_of, editor, host

from comity.errors import Forbidden
from comity.model.handling import Tlp


def opened(here: Host, secret: str) -> dict[str, object]:
    held: dict[str, object] = json.loads(here.desk.shared(MEMBER, secret).data)
    return held


def test_a_link_that_was_shared_before_a_correction_says_so_first(tmp_path: Path) -> None:
    with host(tmp_path) as here:
        public = here.published()
        held = here.desk.share(EDITH, public.id, organisation="member", legal_basis="terms of the test")
        assert "corrected_since" not in opened(here, held.secret)
        here.clock.pass_(hours=1)
        words = [one.text for one in public.lines]
        here.desk.correct(EDITH, public.id, note="The title was wrong.", title="Another title", sentences=words)
        now = opened(here, held.secret)
        assert next(iter(now)) == "banner_now"
        assert now["corrected_since"] == [{"at": here.clock.at.isoformat(), "note": "The title was wrong."}]
        assert now["version_now"] == 2
        assert now["title"] == public.title, "what was shared stays what was shared"


def test_amber_strict_stays_in_the_organisation_and_amber_may_be_shared(tmp_path: Path) -> None:
    with host(tmp_path) as here:
        cleared = editor("edith", tlp=Tlp.RED)
        for label, is_shared in ((Tlp.AMBER, True), (Tlp.AMBER_STRICT, False), (Tlp.RED, False)):
            source = make_source(f"The agency said {label.name}.", url=f"https://example.org/{label}", tlp=label)
            record = here.desk.keep(ADA, drafted_of(source, tlp=label, id=f"b-{label.name.lower()}"))
            if is_shared:
                assert here.desk.share(cleared, record.id, organisation="member", legal_basis="terms").secret
                continue
            with pytest.raises(Forbidden, match="TLP"):
                here.desk.share(cleared, record.id, organisation="member", legal_basis="terms")
