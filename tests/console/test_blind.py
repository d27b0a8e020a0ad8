"""The page of the blind check: it asks for nothing that the host must not see, and says whether a receipt holds."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from comity.clearing.desk_blind import Blind, prints_of
from comity.errors import Invalid, Tampered
from comity.model.blind import Standing
from comity.sealing import asker, keys
from comity.sealing import blind as seals
from tests.clearing.hosts import LAB, RIVAL
from tests.clearing.test_blind import FINDING, Site, document, site
from tests.console.hosts import Pages


@dataclass(frozen=True, slots=True)
class Signing:
    """A host that signs receipts with a key of its own."""

    site: Site
    blind: Blind
    key: keys.SigningKey

    def receipt(self, *, key: keys.SigningKey | None = None, public: str = "") -> tuple[str, bytes]:
        """A question of the rival, and a receipt for it as this host signs one, or another."""
        sheet, answer = self.site.ask(FINDING)
        made = seals.Receipt(
            question=sheet.question,
            document=sheet.commitment,
            commitments=tuple(part.commitment for part in answer.question.parts),
            epoch=answer.question.epoch,
            public=public or answer.public.hex(),
            asked_at=answer.question.asked_at,
        )
        return sheet.question, seals.sign_receipt(made, key or self.key)


@pytest.fixture
def held(tmp_path: Path) -> Iterator[Signing]:
    with site(tmp_path) as made:
        key = keys.load_or_make(tmp_path / "receipts.json")
        yield Signing(made, replace(made.blind, trusted=lambda: (key.public,)), key)


def test_a_receipt_is_held_against_the_key_of_the_host_and_the_key_of_its_epoch(held: Signing) -> None:
    question, envelope = held.receipt()
    found = held.blind.verify(RIVAL, envelope)
    assert (found.question, found.is_published_key, found.fingerprints) == (question, True, 3)
    assert found.own is not None
    assert found.own.standing is Standing.OPEN
    assert held.blind.verify(LAB, envelope).own is None, "whose question it is, is nobody else's to know"
    _, marked = held.receipt(public="00" * 32)
    assert not held.blind.verify(RIVAL, marked).is_published_key


def test_a_receipt_of_another_key_or_a_changed_one_is_refused(held: Signing, tmp_path: Path) -> None:
    _, forged = held.receipt(key=keys.load_or_make(tmp_path / "other.json"))
    _, good = held.receipt()
    for envelope in (forged, good[:-20], b"{}", b"[" * 2000):
        with pytest.raises((Tampered, Invalid)):
            held.blind.verify(RIVAL, envelope)


def test_a_sheet_is_recognised_and_refused_before_anything_else(held: Signing) -> None:
    sheet = asker.write(asker.prepare(document(FINDING), prints_of(document(FINDING))))
    with pytest.raises(Invalid, match="holds its secrets"):
        held.blind.verify(RIVAL, sheet)


def test_an_epoch_that_is_over_is_listed_with_its_key_and_as_destroyed(held: Signing) -> None:
    first = held.blind.terms(RIVAL)
    held.site.host.clock.jump_to(first.ends_at)
    second = held.blind.terms(RIVAL)
    assert [(one.epoch.number, one.epoch.public, one.is_key_held) for one in held.blind.epochs(RIVAL)] == [
        (2, second.public, True),
        (1, first.public, False),
    ]


def test_the_page_has_no_place_to_write_a_finding_or_an_area(here: Pages) -> None:
    page = here.browser("submitter").get("/blind").text
    assert "Ask from your terminal" in page
    assert "20 of 20" in page
    asking = page[page.index('id="ask"') : page.index('id="questions"')]
    assert "<form" not in asking
    assert "<input" not in asking
    assert page.count("<textarea") == 0


def test_a_file_that_is_no_receipt_is_explained(here: Pages) -> None:
    browser = here.browser("submitter")
    answer = browser.post("/blind", files={"receipt": ("", b"")})
    assert answer.status_code == 422
    assert "comity blind receipt" in answer.text
