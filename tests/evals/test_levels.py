"""Which subject may start under what. There is no way around it: these tests try the ways."""

import inspect
from datetime import UTC, datetime, timedelta

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from comity.assess import desk_runs
from comity.assess.desk_runs import Asked, attest
from comity.errors import Forbidden, Missing, Tampered
from comity.evals import levels
from comity.evals.levels import Level
from comity.sealing import statement
from comity.sealing.keys import PublicKey, SigningKey
from comity.settings import Settings

NOW = datetime(2026, 11, 25, 12, tzinfo=UTC)
IMAGE = "ab" * 32


def key() -> SigningKey:
    private = Ed25519PrivateKey.generate()
    raw = private.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)
    return SigningKey(private=private, public=PublicKey(raw=raw))


OWNER = key()


def verify(envelope):
    return statement.verify(envelope, levels.STATEMENT, [OWNER.public]).predicate


def test_a_real_model_starts_with_a_fresh_statement_of_a_trusted_key():
    admitted = levels.real("x/y", attest(IMAGE, key=OWNER, at=NOW), verify=verify, now=NOW + timedelta(hours=1))
    assert admitted.level is Level.C2
    assert admitted.machine["image"] == IMAGE
    assert "no route out" in admitted.sentence


@pytest.mark.parametrize("age", [timedelta(hours=25), timedelta(hours=-1)])
def test_a_stale_or_future_statement_is_refused(age):
    with pytest.raises(Forbidden, match="last 24 hours"):
        levels.real("x/y", attest(IMAGE, key=OWNER, at=NOW), verify=verify, now=NOW + age)


def test_no_statement_or_one_of_a_stranger_is_refused():
    with pytest.raises(Forbidden, match="no setting that goes around"):
        levels.real("x/y", None, verify=verify, now=NOW)
    with pytest.raises(Tampered):
        levels.real("x/y", attest(IMAGE, key=key(), at=NOW), verify=verify, now=NOW)


@pytest.mark.parametrize(
    ("changed", "named"),
    [
        ({"network": "filtered"}, "network"),
        ({"image": "latest"}, "image"),
        ({"at": "2026-11-25T12:00:00"}, "hours"),
        ({}, "network"),
    ],
)
def test_a_statement_that_says_less_is_refused_by_name(changed, named):
    whole = {"image": IMAGE, "network": levels.NO_ROUTE, "at": NOW.isoformat()}
    told = {**whole, **changed} if changed else {}
    with pytest.raises(Forbidden, match=named):
        levels.real("x/y", b"signed", verify=lambda _: told, now=NOW)


def test_small_is_what_the_shipped_list_holds_and_nothing_a_name_says(tmp_path):
    weights = tmp_path / "SmolLM2-135M-Instruct.Q4_1.gguf"
    weights.write_bytes(b"GGUF something else")
    with pytest.raises(Forbidden, match="shipped list"):
        levels.small(weights)
    with pytest.raises(Missing):
        levels.small(tmp_path / "none")


def test_the_shipped_list_holds_small_models_with_an_origin():
    rows = levels.shipped_list()
    assert rows
    assert all(len(digest) == 64 and row.parameters <= 500_000_000 and row.origin for digest, row in rows.items())


@pytest.mark.parametrize("name", ["openai/x", "mockllm/model", "none/none"])
def test_at_the_terminal_any_named_model_is_a_real_one(name, tmp_path):
    with pytest.raises(Forbidden, match="real model"):
        desk_runs.measure(Asked(folder=tmp_path, model=name), key=OWNER, settings=Settings())
    assert list(tmp_path.iterdir()) == []


def test_no_argument_of_admission_is_an_override():
    assert set(inspect.signature(levels.real).parameters) == {"name", "statement", "verify", "now"}
    assert set(inspect.signature(levels.small).parameters) == {"weights"}
