"""A developer signs with a key of its own: named in the terms, checked at the counter, by `verify` and on the card."""

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest

from comity.assess import scope
from comity.assess.card import Facts
from comity.assess.flow_card import open_card, sign
from comity.cli.own_keys import signed
from comity.errors import Conflict, Forbidden, Invalid, Tampered
from comity.library.check import checker
from comity.model.engagement import State
from comity.sealing import papers
from comity.sealing.keys import load_or_make
from tests.assess.test_card import KEY, card
from tests.engagement.hosts import TERMS, Host, viewer


@pytest.fixture
def file(tmp_path: Path) -> Path:
    load_or_make(tmp_path / "developer.pem")
    return tmp_path / "developer.pem"


def document(file: Path) -> str:
    return load_or_make(file).public.export().decode()


def in_terms(here: Host, file: Path):
    id_ = here.enquiry()
    here.to_terms(id_)
    here.do("dora", id_, "draft", **TERMS, developer_key=document(file))
    return id_


def by(here: Host, id_, file: Path, act: str, **values: str) -> str:
    view = here.view("dora", id_)
    return signed(file, act, {"id": id_, "parts": view.parts}, values)


def whole_way(here: Host, file: Path):
    """To terms signed by both, digests countersigned."""
    id_ = in_terms(here, file)
    digest = here.view("dora", id_).parts["terms"][-1]["digest"]
    here.do("dora", id_, "sign", digest=digest, signature=by(here, id_, file, "sign", digest=digest))
    here.do("cora", id_, "sign", digest=digest)
    here.do("eli", id_, "endpoint", url="https://model.example/v1", key="k")
    here.do("kim", id_, "seal", battery=json.dumps([{"name": "a", "body": 1}]), plan="x")
    here.do("otto", id_, "attest", level="C1", statement="Looked at.")
    root = here.view("dora", id_).parts["digests"][-1]["battery_root"]
    here.do("dora", id_, "countersign", root=root, signature=by(here, id_, file, "countersign", root=root))
    return id_, digest, root


def test_terms_that_name_a_key_are_signed_with_it_or_not_at_all(here: Host, file: Path, tmp_path: Path):
    id_ = in_terms(here, file)
    digest = here.view("dora", id_).parts["terms"][-1]["digest"]
    with pytest.raises(Conflict, match="own key"):
        here.do("dora", id_, "sign", digest=digest)
    load_or_make(tmp_path / "other.pem")
    with pytest.raises(Tampered):
        here.do(
            "dora", id_, "sign", digest=digest, signature=by(here, id_, tmp_path / "other.pem", "sign", digest=digest)
        )
    with pytest.raises(Tampered, match="something else"):
        here.do("dora", id_, "sign", digest=digest, signature=by(here, id_, file, "sign", digest="0" * 64))
    for rubbish in ("x", "{}", "[" * 10_000):
        with pytest.raises((Tampered, Invalid)):
            here.do("dora", id_, "sign", digest=digest, signature=rubbish)
    assert here.view("dora", id_).parts["signatures"] == []
    here.do("dora", id_, "sign", digest=digest, signature=by(here, id_, file, "sign", digest=digest))
    (held,) = here.view("cora", id_).parts["signatures"]
    assert held["key"] == load_or_make(file).public.id
    here.do("cora", id_, "sign", digest=digest)  # the host signs as ever
    assert here.state(id_) is State.AGREED
    assert [one["key"] for one in here.view("cora", id_).parts["signatures"]][1] == ""


def test_one_engagements_signature_is_worth_nothing_in_another(here: Host, file: Path):
    first, second = in_terms(here, file), in_terms(here, file)
    digest = here.view("dora", first).parts["terms"][-1]["digest"]
    assert digest == here.view("dora", second).parts["terms"][-1]["digest"]
    taken = by(here, first, file, "sign", digest=digest)
    with pytest.raises(Tampered):
        here.do("dora", second, "sign", digest=digest, signature=taken)


def test_leaving_takes_no_signature(here: Host, file: Path):
    id_, _, _ = whole_way(here, file)
    here.do("dora", id_, "withdraw")
    assert here.state(id_) is State.WITHDRAWN


def test_anybody_checks_the_papers_with_the_developers_public_key_alone(here: Host, file: Path):
    id_, digest, root = whole_way(here, file)
    own = {name: data for name, data in here.desk.papers(viewer("dora"), id_) if "own" in name}
    assert len(own) == 2
    key = load_or_make(file).public
    told = [checker(lambda: (key,))(data, None) for data in own.values()]
    assert all("signature" in one.sentence for one in told)
    assert {value for one in told for name, value in one.facts if name.startswith("SHA-256")} == {digest, root}
    hosts = [data for name, data in here.desk.papers(viewer("dora"), id_) if "own" not in name]
    with pytest.raises(Tampered):
        checker(lambda: (key,))(hosts[0], None)


def test_a_comment_is_signed_with_the_card_it_is_beside(here: Host, file: Path):
    id_, _, _ = whole_way(here, file)
    here.do("dora", id_, "open")
    here.do("dora", id_, "close", because="early finish")
    here.to_weighed(id_)
    here.do("dana", id_, "record", outcome="none", reasons="Too few.")
    with pytest.raises(Conflict, match="own key"):
        here.do("dora", id_, "comment", comment="We read it.")
    here.do(
        "dora", id_, "comment", comment="We read it.", signature=by(here, id_, file, "comment", comment="We read it.")
    )
    assert here.state(id_) is State.ENDED


def test_a_card_carries_the_signatures_and_a_forged_one_does_not_open(file: Path):
    key = load_or_make(file)
    at = datetime(2026, 11, 25, tzinfo=UTC)
    about = {"sign": "ab" * 32, "countersign": "cd" * 32}

    def paper(act: str, digest: str) -> str:
        fields = {"engagement": "E-1", "act": act}
        return papers.sign("signature", {f"{act} of E-1": digest}, fields, key, at=at).decode()

    def made(*envelopes: str):
        facts = Facts(
            commitments={"terms": about["sign"], "battery root of the engagement": about["countersign"]},
            developer_key=key.public.raw.hex(),
            developer_papers=envelopes,
        )
        return sign(card(facts), KEY)

    assert open_card(made(*(paper(act, digest) for act, digest in about.items()))).own == ("countersign", "sign")
    assert open_card(sign(card(), KEY)).own == ()
    for wrong in (
        made(),
        made(paper("sign", about["sign"])),
        made(paper("sign", about["sign"]), paper("countersign", about["sign"])),
        made("{}", "{}"),
    ):
        with pytest.raises(Tampered):
            open_card(wrong)


def test_a_key_that_others_may_read_is_not_used(file: Path):
    file.chmod(0o644)
    with pytest.raises(Forbidden, match="chmod"):
        load_or_make(file)


@pytest.mark.parametrize("key", ["zz", "A" * 64, "{}", '{"public": "ab"}'])
def test_what_is_no_key_is_not_written_into_terms(key: str):
    with pytest.raises(Invalid, match="cannot be kept"):
        scope.terms({**TERMS, "developer_key": key}, number=1)
