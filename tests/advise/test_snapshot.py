"""The signed snapshot: a third party computes it again offline, and one changed byte is named."""

import json
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from comity.defend import attest
from comity.defend.attest import FeedUse, Inputs, Listed, Mirrors, Parameters
from comity.defend.desk_attest import signed, verify
from comity.defend.facts import Facts, Told
from comity.errors import Invalid, Tampered
from comity.formats import bundle, directive
from comity.model.asset import Domain
from comity.model.ids import Digest, InventoryId
from comity.model.inventory import Component, Identity
from comity.sealing import keys, statement
from comity.sealing.keys import SigningKey
from comity.settings import Settings
from tests.advise.test_solve import says

AT = datetime(2026, 12, 20, 12, tzinfo=UTC)
FOUND = datetime(2026, 12, 10, 15, tzinfo=UTC)


def component(name: str, version: str, identity: Identity = Identity.IDENTIFIED) -> Component:
    return Component(
        name=name, version=version, ecosystem="PyPI", match_name=name, match_version=version, identity=identity
    )


INPUTS = Inputs(
    inventories=(
        Listed(
            inventory=InventoryId("I-0000-0000-0001"),
            document=Digest("a" * 64),
            components=(
                component("thing", "1.0"),
                component("thing", "3.0"),
                component("odd", "x", Identity.PART),
                component("", "", Identity.NOT),
            ),
        ),
    ),
    statements=(
        says("A-1", ("introduced", "0"), ("fixed", "2.0")),
        says("B-9", ("introduced", "0"), name="elsewhere"),
    ),
    mirrors=Mirrors(
        feeds=(FeedUse(ecosystem="PyPI", source="OSV PyPI", as_of=AT - timedelta(days=1), digest=Digest("b" * 64)),),
        kev_as_of=AT - timedelta(days=1),
        kev_digest="c" * 64,
    ),
    facts=(
        Facts(
            asset="A-1",
            vulnerability="CVE-2026-1",
            found_at=FOUND,
            domain=Domain.FCEB,
            exposure=(Told(value="yes", at=FOUND, source="scan"),),
            kev_added=date(2026, 12, 12),
            kev_due=date(2026, 12, 15),
            automatable=(Told(value="yes", at=FOUND, source="CISA"),),
            technical_impact=(Told(value="total", at=FOUND, source="CISA"),),
        ),
        Facts(asset="A-2", vulnerability="CVE-2026-2", found_at=FOUND, domain=Domain.OTHER),
        Facts(asset="A-2", vulnerability="CVE-2026-3", found_at=FOUND, kev_added=date(2026, 12, 12)),
    ),
    parameters=Parameters(at=AT, organisation="water", tool="comity test", max_age_days=7),
    packs={"us.cisa.bod-26-04.yaml": directive.shipped_bytes("us.cisa.bod-26-04")},
)


@pytest.fixture(scope="module")
def key(tmp_path_factory: pytest.TempPathFactory) -> SigningKey:
    return keys.signing_key(Settings(keys=tmp_path_factory.mktemp("keys"), organisation="Water works"))


@pytest.fixture(scope="module")
def made(key: SigningKey) -> bytes:
    return signed(INPUTS, key).data


def test_a_third_party_computes_it_again(made: bytes, key: SigningKey) -> None:
    held = verify(made, [key.public])
    assert held.key.organisation == "Water works"
    assert held.summary["components"] == {"affected": 1, "not affected": 1, "unknown": 1, "not assessed": 1}
    assert (held.summary["dated"], held.summary["overdue"], held.summary["ask_a_person"]) == (2, 1, 1)
    assert held.summary["defaulted"] == 1
    assert (held.verdicts, held.deadlines) == (4, 3)


def test_the_same_inputs_give_the_same_bytes(made: bytes, key: SigningKey) -> None:
    assert signed(INPUTS, key).data == made


def test_only_what_the_inventories_name_travels_and_no_name_of_an_asset_does(made: bytes) -> None:
    files = bundle.unpack(made)
    assert b"elsewhere" not in b"".join(files.values())
    assert set(files) == {
        *attest.INPUTS, *attest.OUTCOMES, attest.STATEMENT, "packs/us.cisa.bod-26-04.yaml"
    }  # fmt: skip


def test_the_statement_carries_digests_of_feeds_documents_and_every_file(made: bytes, key: SigningKey) -> None:
    files = bundle.unpack(made)
    held = statement.verify(files[attest.STATEMENT], attest.SNAPSHOT, [key.public])
    assert held.predicate["feeds"] == [
        {"ecosystem": "PyPI", "source": "OSV PyPI", "asOf": "2026-12-19T12:00:00+00:00", "sha256": "b" * 64}
    ]
    assert held.predicate["inventories"] == [{"inventory": "I-0000-0000-0001", "sha256": "a" * 64}]
    assert held.predicate["counts"]["components"]["not assessed"] == 1  # type: ignore[index,call-overload]  # parsed JSON
    assert set(held.subjects) == set(files) - {attest.STATEMENT}


def again(files: Mapping[str, bytes], key: SigningKey) -> bytes:
    """A liar's bundle: changed files with a fresh and valid signature over them."""
    rest = {name: data for name, data in files.items() if name != attest.STATEMENT}
    envelope = statement.sign(attest.subjects(rest), attest.SNAPSHOT, {"demo": key.public.demo}, key)
    return bundle.pack(rest | {attest.STATEMENT: envelope})


@pytest.mark.parametrize("name", [*attest.INPUTS, *attest.OUTCOMES, "packs/us.cisa.bod-26-04.yaml"])
def test_one_changed_byte_names_the_file(made: bytes, key: SigningKey, name: str) -> None:
    files = bundle.unpack(made)
    place = len(files[name]) // 2
    changed = bytearray(files[name])
    changed[place] ^= 1
    with pytest.raises(Tampered, match=r"\(4\) " + name.replace(".", r"\.")):
        verify(bundle.pack(files | {name: bytes(changed)}), [key.public])


@settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.data())
def test_no_changed_byte_passes(made: bytes, key: SigningKey, data: st.DataObject) -> None:
    place = data.draw(st.integers(0, len(made) - 1))
    changed = bytearray(made)
    changed[place] ^= data.draw(st.integers(1, 255))
    try:
        verify(bytes(changed), [key.public])
    except Tampered:
        return
    # a byte of the archive's own that no reader looks at: the content is what was signed
    assert bundle.unpack(bytes(changed)) == bundle.unpack(made)


def test_a_signer_who_lies_about_a_verdict_is_found_out(made: bytes, key: SigningKey) -> None:
    files = bundle.unpack(made)
    verdicts = json.loads(files[attest.VERDICTS])
    verdicts[0]["answer"] = "not affected"
    verdicts[0]["vulnerabilities"] = []
    lie = again(files | {attest.VERDICTS: json.dumps(verdicts).encode()}, key)
    with pytest.raises(Tampered, match=r"\(5\) verdicts\.json, entry 1: the bundle says"):
        verify(lie, [key.public])


def test_a_signer_who_lies_about_a_deadline_or_a_count_is_found_out(made: bytes, key: SigningKey) -> None:
    files = bundle.unpack(made)
    deadlines = json.loads(files[attest.DEADLINES])
    deadlines[0]["overdue"] = False
    with pytest.raises(Tampered, match=r"\(5\) deadlines\.json, entry 1"):
        verify(again(files | {attest.DEADLINES: json.dumps(deadlines).encode()}, key), [key.public])
    summary = json.loads(files[attest.SUMMARY]) | {"overdue": 0}
    with pytest.raises(Tampered, match=r"\(5\) summary\.json, overdue: the bundle says 0, computing again gives 1"):
        verify(again(files | {attest.SUMMARY: json.dumps(summary).encode()}, key), [key.public])


def test_a_taken_out_or_added_file_is_named(made: bytes, key: SigningKey) -> None:
    files = bundle.unpack(made)
    with pytest.raises(Tampered, match=r"\(4\) facts\.json is in the statement and not in the bundle"):
        verify(bundle.pack({name: data for name, data in files.items() if name != attest.FACTS}), [key.public])
    with pytest.raises(Tampered, match=r"\(4\) more\.json is in the bundle and not in the statement"):
        verify(bundle.pack(files | {"more.json": b"{}"}), [key.public])
    with pytest.raises(Tampered, match=r"\(1\).*nobody stands behind it"):
        verify(bundle.pack({name: data for name, data in files.items() if name != attest.STATEMENT}), [key.public])


def test_another_key_is_not_trusted_and_a_demo_key_is_called_demo(
    made: bytes, key: SigningKey, tmp_path_factory: pytest.TempPathFactory
) -> None:
    held = Settings(keys=tmp_path_factory.mktemp("other"))
    other, demo = keys.signing_key(held), keys.signing_key(held, demo=True)
    with pytest.raises(Tampered, match=r"\(3\) signed by"):
        verify(made, [other.public])
    assert verify(signed(INPUTS, demo).data, [demo.public]).is_demo
    files = bundle.unpack(signed(INPUTS, demo).data)
    envelope = statement.sign(
        attest.subjects({n: d for n, d in files.items() if n != attest.STATEMENT}),
        attest.SNAPSHOT,
        {"demo": False},
        demo,
    )
    with pytest.raises(Tampered, match="hides, or pretends"):
        verify(bundle.pack(files | {attest.STATEMENT: envelope}), [demo.public])


def test_ten_thousand_inventories_stay_within_the_statements_limit(key: SigningKey) -> None:
    many = tuple(
        Listed(inventory=InventoryId(f"I-{n:012}"), document=Digest("a" * 64), components=()) for n in range(10_000)
    )
    assert verify(signed(replace(INPUTS, inventories=many), key).data, [key.public]).deadlines == 3


@pytest.mark.parametrize("data", [b"", b"PK\x03\x04", b"not a zip", b"{}"])
def test_what_is_no_bundle_is_refused(data: bytes, key: SigningKey) -> None:
    with pytest.raises(Tampered, match=r"\(1\)"):
        verify(data, [key.public])


def test_a_bundle_is_opened_within_limits_and_by_plain_names_only() -> None:
    import io
    import zipfile

    def archive(*names: str, packed: int = zipfile.ZIP_STORED) -> bytes:
        held = io.BytesIO()
        with zipfile.ZipFile(held, "w", packed) as out:
            for name in names:
                out.writestr(name, b"0" * 5000)
        return held.getvalue()

    for bad in (archive("../x"), archive("/etc/x"), archive("a/b/c"), archive(*(f"f{n}" for n in range(65)))):
        with pytest.raises(Invalid):
            bundle.unpack(bad)
    with pytest.raises(Invalid) as refused:
        bundle.unpack(archive("bomb", packed=zipfile.ZIP_DEFLATED))
    assert refused.value.problems[0].code == "compressed"
    with pytest.raises(Invalid):
        bundle.unpack(archive("big"), most_bytes=100)
    with pytest.raises(ValueError, match="plain file name"):
        bundle.pack({"../x": b""})


def test_a_pack_that_was_changed_and_signed_again_gives_other_dates(made: bytes, key: SigningKey) -> None:
    """The digest of the pack is in the bundle: a reader compares it with the authority's own."""
    files = bundle.unpack(made)
    name = "packs/us.cisa.bod-26-04.yaml"
    with pytest.raises(Tampered, match=r"\(5\)"):
        verify(again(files | {name: files[name].replace(b"amount: 3,", b"amount: 9,")}, key), [key.public])


def test_the_releases_that_a_feed_names_travel_and_decide_again() -> None:
    host = replace(component("bash", "5.1-1"), ecosystem="Debian:99")
    held = replace(
        INPUTS,
        inventories=(Listed(inventory=InventoryId("i"), document=Digest("a" * 64), components=(host,)),),
        mirrors=Mirrors(
            feeds=(
                FeedUse(
                    ecosystem="Debian",
                    source="OSV Debian",
                    as_of=AT - timedelta(days=1),
                    digest=Digest("b" * 64),
                    releases=("debian:12",),
                ),
            )
        ),
    )
    written = attest.files_of(held)
    assert json.loads(written[attest.VERDICTS])[0]["answer"] == "not assessed"
    inputs = {name: data for name, data in written.items() if name not in attest.OUTCOMES}
    assert attest.outcomes(inputs)[attest.VERDICTS] == written[attest.VERDICTS]
