"""Tables and vectors: SSVC and BOD 26-04 row by row, and the blind function on the vectors of RFC 9497."""

import hashlib
import json
from pathlib import Path
from typing import Any, Final

from comity.bench.suite import Counted, Suite, counted, needs
from comity.formats import pack
from comity.sealing import oprf
from comity.sealing.oprf import Key, Question


def ssvc(corpora: Path) -> Counted:
    """Every row of every shipped table equals the published original."""
    folder, cases = needs(corpora / "formats" / "ssvc"), []
    for id_ in pack.TABLES:
        table = pack.shipped_table(id_)
        data = (folder / table.origin.path.removeprefix("data/")).read_bytes()
        same = hashlib.sha256(data).hexdigest() == table.origin.sha256
        document = json.loads(data)
        for row in table.rows:
            published = dict(document["mapping"][row.source_row])
            outcome = published.pop(document["outcome"])
            given = dict(zip([one.standard for one in table.inputs], row.given, strict=True))
            cases.append((f"{id_} row {row.source_row}", same and outcome == row.then and published == given))
    return counted(cases)


def rfc9497(corpora: Path) -> Counted:
    """VOPRF over ristretto255: the key, each vector step by step."""
    file = needs(corpora / "formats" / "oprf" / "rfc9497-ristretto255-sha512.json")
    (suite,) = [one for one in json.loads(file.read_text()) if one["mode"] == 1]
    key = Key.derived(bytes.fromhex(suite["seed"]), bytes.fromhex(suite["keyInfo"]))
    cases = [("the derived key", key.secret.hex() == suite["skSm"] and key.public.hex() == suite["pkSm"])]
    for number, vector in enumerate(suite["vectors"]):
        cases.append((f"vector {number + 1}", _vector(key, vector)))
    return counted(cases)


def _vector(key: Key, vector: dict[str, Any]) -> bool:
    inputs, blinds = _many(vector["Input"]), _many(vector["Blind"])
    asked = [Question.blinded_by(blind, one) for blind, one in zip(blinds, inputs, strict=True)]
    if [question.element for question in asked] != _many(vector["BlindedElement"]):
        return False
    answer = key.answer([question.element for question in asked])
    made = list(answer.evaluated) == _many(vector["EvaluationElement"])
    return made and list(oprf.tags(asked, answer, public=key.public)) == _many(vector["Output"])


def _many(text: str) -> list[bytes]:
    return [bytes.fromhex(part) for part in text.split(",")]


SUITES: Final = (
    Suite(name="ssvc", source="CERTCC/SSVC decision tables", run=ssvc),
    Suite(name="rfc9497", source="RFC 9497 appendix A.1.2, mode VOPRF", run=rfc9497),
)
