"""VEX that leaves: a document speaks for its author, so another author's statements are left out and counted."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from comity.defend.desk_advice import Advice
from comity.errors import Invalid
from comity.model.asset import Domain
from comity.model.inventory import Vex, VexStatus
from comity.store import inventories
from tests.advise import desk
from tests.advise.desk import ADA, START

KINDS = ("openvex", "cyclonedx-vex", "csaf-vex")


@pytest.fixture
def place(tmp_path: Path) -> Iterator[desk.Place]:
    with desk.opened(tmp_path, organisation="Water works") as made:
        yield made


def hold(place: desk.Place, *authors: str) -> Advice:
    """The counter, with one statement by each of these authors held; "" is said here."""
    said = [
        Vex(
            vulnerability="CVE-2023-32681",
            status=VexStatus.FIXED,
            ecosystem="PyPI",
            name="requests",
            version=f"2.{31 + number}.0",
            author=author,
            said_at=START,
        )
        for number, author in enumerate(authors)
    ]
    with place.store.write() as tx:
        inventories.add_vex(tx, ADA.organisation, Domain.CRITICAL_INFRASTRUCTURE, said)
    return desk.advice_of(place.machines)


@pytest.mark.parametrize("kind", KINDS)
def test_only_what_this_host_says_itself_is_written_and_the_rest_is_counted(place: desk.Place, kind: str) -> None:
    made = hold(place, "", "A Vendor", "Water works").export(ADA, kind)
    assert made.left_out == 1
    text = json.dumps(json.loads(made.data))
    assert "A Vendor" not in text
    assert "Water works" in text
    assert ("2.31.0" in text, "2.32.0" in text, "2.33.0" in text) == (True, False, True)


@pytest.mark.parametrize("kind", KINDS)
def test_a_document_in_another_authors_name_is_not_written(place: desk.Place, kind: str) -> None:
    with pytest.raises(Invalid, match="other authors"):
        hold(place, "A Vendor").export(ADA, kind)
