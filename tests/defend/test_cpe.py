"""What a CPE name shows of an inventory and of a product: that a version is affected, or nothing; never that it is not.

The records are made in the shape of CVE JSON 5.1; vendor, product and ids are invented.
"""

import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from comity.admin import mirrors
from comity.defend import by_cpe
from comity.defend.affected import Word
from comity.defend.desk import Document
from comity.formats import cpe, upstream
from comity.model.inventory import Answer
from tests.defend.hosts import CIVIL, NOW, Host, host, stamp

RANGED = {"versionStartIncluding": "7.0", "versionEndExcluding": "7.0.9"}


def name(version: str = "*", product: str = "gatewayos", **more: str) -> str:
    rest = {"update": "*", "edition": "*", "language": "*", "sw": "*", "target": "*", "hw": "*", "other": "*"} | more
    return f"cpe:2.3:o:examplesoft:{product}:{version}:" + ":".join(rest.values())


def record(
    number: int, *configurations: dict[str, Any], affected: list[dict[str, Any]] | None = None
) -> dict[str, Any]:
    container: dict[str, Any] = {"providerMetadata": {"dateUpdated": stamp(NOW)}, "metrics": [ssvc()]}
    if configurations:
        container["cpeApplicability"] = list(configurations)
    if affected is not None:
        container["affected"] = affected
    return {
        "cveMetadata": {"cveId": f"CVE-2026-{number}", "state": "PUBLISHED"},
        "containers": {"cna": container},
    }


def ssvc() -> dict[str, Any]:
    content = {"timestamp": stamp(NOW - timedelta(days=1)), "options": [{"Automatable": "yes"}]}
    return {"other": {"type": "ssvc", "content": content}}


def where(criteria: str, operator: str = "OR", **bounds: Any) -> dict[str, Any]:
    return {"nodes": [{"operator": operator, "cpeMatch": [{"vulnerable": True, "criteria": criteria, **bounds}]}]}


def together(criteria: str) -> dict[str, Any]:
    """Affected only on certain hardware, as upstream writes it."""
    hardware = {
        "operator": "OR",
        "cpeMatch": [{"vulnerable": False, "criteria": "cpe:2.3:h:examplesoft:box:-" + ":*" * 7}],
    }
    return {"operator": "AND", "nodes": [*where(criteria)["nodes"], hardware]}


def statements(*records: dict[str, Any]) -> tuple[Any, ...]:
    return upstream.cve_records("\n".join(json.dumps(one) for one in records).encode()).products


@pytest.mark.parametrize(
    ("configuration", "asked", "expected"),
    [
        (where(name(), **RANGED), name("7.0.1"), True),
        (where(name(), **RANGED), name("7.0.9"), False),
        (where(name(), **RANGED), name("6.4"), False),
        (where(name(), **RANGED), name("*"), None),
        (where(name(), versionStartExcluding="7.0", versionEndIncluding="7.2"), name("7.0"), False),
        (where(name(), versionStartExcluding="7.0", versionEndIncluding="7.2"), name("7.2"), True),
        (where(name(), **RANGED), name("7.0.1_build_99"), None),
        (where(name("7.0.1")), name("7.0.1"), True),
        (where(name("7.0.1")), name("7.0.2"), False),
        (where(name("7.*")), name("7.4.2"), True),
        (where(name("*")), name("7.0.1"), None),
        (where(name(target="linux"), **RANGED), name("7.0.1"), None),
        (where(name(target="linux"), **RANGED), name("7.0.1", target="windows"), False),
        (together(name("7.0.1")), name("7.0.1"), None),
        ({**where(name("7.0.1")), "negate": True}, name("7.0.1"), None),
    ],
)  # fmt: skip
def test_a_name_with_evidence_about_the_version_decides_and_all_else_is_a_doubt(
    configuration: dict[str, Any], asked: str, expected: bool | None
) -> None:
    (one,) = statements(record(1001, configuration))
    said, why = by_cpe.reached(one, cpe.read(asked))
    assert said is expected
    assert why or said is False


def test_a_product_entry_may_bear_its_name_beside_its_versions() -> None:
    versions = [{"version": "7.0", "status": "affected", "versionType": "custom", "lessThan": "7.0.9"}]
    entry = {"vendor": "ExampleSoft", "product": "Gateway OS", "cpes": [name()], "versions": versions}
    (one,) = statements(record(1002, affected=[entry]))
    assert (one.vendor, one.product) == ("ExampleSoft", "Gateway OS")
    assert by_cpe.reached(one, cpe.read(name("7.0.1")))[0] is True
    assert by_cpe.reached(one, cpe.read(name("7.1")))[0] is False


def test_names_that_break_the_grammar_or_say_no_product_are_left_out() -> None:
    broken = [where("cpe:2.3:o:examplesoft:gateway*os:1"), where("cpe:2.3:o:*:*:*:*:*:*:*:*:*:*"), where("nothing")]
    assert statements(record(1003, *broken)) == ()
    hostile = [{"nodes": "x"}, 7, {"nodes": [{"cpeMatch": [None, {"vulnerable": True, "criteria": 9}]}]}]
    assert statements(record(1004, *hostile)) == ()  # type: ignore[arg-type]  # hostile on purpose


def take_in(here: Host, *records: dict[str, Any]) -> None:
    data = "\n".join(json.dumps(one) for one in records).encode()
    mirrors.take_in(here.store, data, at=here.clock[0], older_too=True)


def bill(*components: dict[str, str]) -> bytes:
    listed = [{"type": "operating-system", "name": "Gateway OS", **one} for one in components]
    return json.dumps({"bomFormat": "CycloneDX", "specVersion": "1.5", "version": 1, "components": listed}).encode()


def test_an_inventory_that_only_names_cpes_is_affected_or_unknown_and_never_clean(tmp_path: Path) -> None:
    with host(tmp_path) as here:
        take_in(here, record(1001, where(name(), **RANGED)), record(1005, where(name())))
        data = bill(
            {"version": "7.0.1", "cpe": name("7.0.1")},
            {"version": "7.2", "cpe": name()},
            {"cpe": name("8.0", product="unheard-of")},
            {"cpe": "cpe:2.3:o:examplesoft"},
        )
        matched = here.register(data).matched
        assert matched is not None
        first, second, third, fourth = matched.answers
        assert (first.answer, first.source) == (Answer.AFFECTED, "CISA Vulnrichment")
        assert [(hit.vulnerability, hit.certain, hit.fixed) for hit in first.hits] == [
            ("CVE-2026-1001", True, ("7.0.9",)),
            ("CVE-2026-1005", False, ()),
        ]
        assert "by CPE" in first.hits[0].rule
        assert (second.answer, [hit.vulnerability for hit in second.hits]) == (Answer.UNKNOWN, ["CVE-2026-1005"])
        assert (third.answer, fourth.answer) == (Answer.UNKNOWN, Answer.UNKNOWN)
        assert "NISTIR 7695" in fourth.reason
        take_in(here, record(1001, where(name(), versionEndExcluding="9")))
        assert here.desk.rematch(because="a mirror changed") == 1
        here.at(NOW + timedelta(days=30))
        scanned = here.desk.scan(CIVIL, Document(name="bill.json", data=data))
        assert {one.answer for one in scanned.answers[:2]} == {Answer.NOT_ASSESSED}


def test_a_product_may_be_asked_for_by_its_cpe_name(tmp_path: Path) -> None:
    versions = [{"version": "7.0", "status": "affected", "versionType": "custom", "lessThan": "7.0.9"}]
    entry = {"vendor": "ExampleSoft", "product": "Gateway-OS", "versions": versions}
    with host(tmp_path) as here:
        here.kev("CVE-2020-11651")
        take_in(here, record(1001, where(name(), **RANGED)), record(1006, affected=[entry]))
        yes = here.desk.affected(CIVIL, name("7.0.1"))
        assert (yes.word, [one.name for one in yes.weaknesses if one.reached]) == (Word.YES, ["CVE-2026-1001"])
        assert yes.action == "Upgrade to 7.0.9 or later."
        assert here.desk.affected(CIVIL, "cpe:/o:examplesoft:gatewayos:7.0.1").word is Word.YES
        later = here.desk.affected(CIVIL, name("9.1"))
        assert later.word is Word.CANNOT_TELL
        assert "never that nothing does" in later.sentence
        assert here.desk.affected(CIVIL, name("7.0.1", product="gateway-os")).weaknesses[0].name == "CVE-2026-1006"
        broken = here.desk.affected(CIVIL, "cpe:2.3:o:examplesoft:gatewayos")
        assert (broken.word, broken.sentence.startswith("That is no CPE name")) == (Word.CANNOT_TELL, True)
