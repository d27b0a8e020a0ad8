"""A developer's side of an assessment against a real host on loopback: invite, follow, sign with an own key, leave."""

import json
from pathlib import Path

import pytest

from comity import settings as configuration
from comity.access.caller import Via, signed_in
from comity.access.policy import Scope
from comity.app import opened
from comity.model.party import Role
from tests.cli.conftest import Served, Terminal, store_in


@pytest.fixture
def developer(server: Served, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """A terminal of a developer with an account and a token on the served host, and no store of its own."""
    with pytest.MonkeyPatch.context() as patch:
        store_in(server.folder, patch)
        with opened(configuration.load(), work=False) as office:
            person = office.accounts.provide(
                name="Dora Example",
                login="dora",
                organisation="Example Lab (test)",
                roles=frozenset({Role.DEVELOPER}),
                is_script=False,
            )
            viewer = signed_in(person, via=Via.SESSION).viewer
            token, _ = office.accounts.make_token(viewer, label="lab", scopes=frozenset(Scope), days=1)
    store_in(tmp_path / "lab", monkeypatch)
    monkeypatch.setenv("COMITY_TOKEN", token)
    monkeypatch.chdir(tmp_path)
    return server.address


def test_a_developer_invites_follows_and_leaves_over_the_network(
    comity: Terminal, developer: str, tmp_path: Path
) -> None:
    there = ("--host", developer)
    asked = comity(
        "assess", "invite", "--subject", "Example One", "--question", "How far does it get?", *there, "--json"
    )
    assert asked.status == 0, asked.err
    id_ = asked.json["id"]
    receipt = tmp_path / f"{id_}.receipt.dsse.json"
    assert comity("verify", str(receipt), *there).status == 0  # by the host's own key
    shown = comity("assess", "show", id_, *there)
    assert "enquiry" in shown.out
    assert "negotiate" in shown.out
    rows = comity("assess", "list", *there, "--json").json["rows"]
    assert [row["id"] for row in rows] == [id_]
    assert comity("assess", "negotiate", id_, *there).status == 0
    key, public = tmp_path / "me.pem", tmp_path / "me.json"
    assert comity("assess", "own-key", str(key), "--out", str(public)).status == 0
    terms = {
        "model": "example-1",
        "scope": "Generated tasks, nothing else.",
        "people": "operator",
        **dict.fromkeys(
            ("use_limits", "nondisclosure", "intellectual_property", "security", "insider_risk", "retention"),
            "As agreed.",
        ),
    }
    fields = [f"{name}={text}" for name, text in terms.items()]
    drafted = comity("assess", "draft", id_, *fields, f"developer_key=@{public}", *there)
    assert drafted.status == 0, drafted.err
    bare = comity("assess", "sign", id_, *there)
    assert bare.status == 2
    assert "--own-key" in bare.err
    assert comity("assess", "sign", id_, "--own-key", str(key), *there).status == 0
    papers = tmp_path / "papers"
    assert comity("assess", "papers", id_, "--into", str(papers), *there).status == 0
    (own,) = papers.glob("signature-own-*")
    checked = comity("verify", str(own), "--key", str(public), "--json")
    assert checked.status == 0, checked.err
    assert json.loads(public.read_text())["id"] in checked.out
    left = comity("assess", "withdraw", id_, *there)
    assert left.status == 0, left.err
    assert "withdrawn" in comity("assess", "show", id_, *there).out


def test_without_a_right_to_invite_nothing_begins(comity: Terminal, server: Served, alone: Path) -> None:
    refused = comity("assess", "invite", "--subject", "x", "--question", "y", "--host", server.address)
    assert refused.status == 2
    assert not list(alone.glob("*.receipt.dsse.json"))
