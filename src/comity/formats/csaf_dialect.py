"""The two versions of CSAF that are written and read, as data: what differs in the words for one and the same thing.

2.0 is the standard. 2.1 is a draft (oasis-tcs/csaf at 27af37f5c9a1): it has all five labels of TLP 2.0, several
weaknesses, scores of CVSS 4.0, several package URLs for a product, and no fields beyond its own but in extensions.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Final

from comity.formats import cvss, cwe
from comity.formats.parse import Json
from comity.model.handling import Tlp
from comity.model.severity import CvssVersion, Severity

STRICT: Final = "TLP v2.0: TLP:AMBER+STRICT"
"""Says in `distribution.text` of a 2.0 document what its label RED stands for; the converter rule of 2.1 reads it."""
CWE_LIST: Final = "4.17"
"""The version of the CWE list that weaknesses are named from (CSAF 2.1, 6.1.11)."""
EXTENSION: Final = "https://comity.invalid/csaf/comity-advisory_1.0.0.json"
"""The name of the extension that carries what CSAF 2.1 has no field for; its schema ships."""
_KEYS: Final = {
    CvssVersion.V2: "cvss_v2",
    CvssVersion.V3_0: "cvss_v3",
    CvssVersion.V3_1: "cvss_v3",
    CvssVersion.V4: "cvss_v4",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Dialect:
    """One version of the format. `name` is the codec's, under which leftovers are kept."""

    name: str
    version: str
    labels: Mapping[Tlp, str]
    publishers: tuple[str, ...]
    scores: str
    """The field of a vulnerability that holds its scores."""
    suffix: str
    """What a file's name ends with where documents of both versions lie side by side."""

    @property
    def is_first(self) -> bool:
        """Whether this is 2.0."""
        return self.version == "2.0"

    @property
    def read_labels(self) -> Mapping[str, Tlp]:
        """Label to ours. RED of 2.0 is RED; what it may stand for besides is said in a text."""
        return {
            label: tlp for tlp, label in self.labels.items() if self.version != "2.0" or tlp is not Tlp.AMBER_STRICT
        }

    def distribution(self, tlp: Tlp) -> dict[str, Json]:
        """The label, never a weaker one, and in 2.0 the words for the one that it lacks."""
        told: dict[str, Json] = {"tlp": {"label": self.labels[tlp]}}
        return {**told, "text": STRICT} if self.is_first and tlp is Tlp.AMBER_STRICT else told

    def schema(self) -> dict[str, Json]:
        """The field with which a document of 2.1 begins."""
        return {} if self.is_first else {"$schema": SCHEMA_2_1}

    def helper(self, locator: str) -> dict[str, Json]:
        """How a product's package URL is told."""
        return {"purl": locator} if self.is_first else {"purls": [locator]}

    def score(self, severity: Severity, products: list[Json]) -> dict[str, Json]:
        """One score with the products that it is about."""
        inner: dict[str, Json] = {score_key(severity): cvss.as_json(severity)}
        return {"products": products, **inner} if self.is_first else {"content": inner, "products": products}

    def scored(self, entry: Mapping[str, Any]) -> Mapping[str, Any]:
        """Where an entry of `scores` holds the scores themselves."""
        inner = entry if self.is_first else entry.get("content")
        return inner if isinstance(inner, dict) else {}

    def scorable(self, severities: Sequence[Severity]) -> dict[str, Severity]:
        """The first severity for each place that this version has for one."""
        chosen: dict[str, Severity] = {}
        for severity in severities:
            key = score_key(severity)
            if key != "cvss_v4" or not self.is_first:
                chosen.setdefault(key, severity)
        return chosen

    def weaknesses(self, cwes: Sequence[str]) -> dict[str, Json]:
        """The weaknesses of the list, under their exact names; {} when none has one. 2.0 has place for one."""
        if self.is_first:
            one = next((one for one in cwes if cwe.name(one)), "")
            return {"cwe": {"id": one, "name": cwe.name(one)}} if one else {}
        named: list[Json] = [
            {"id": one, "name": cwe.name_in(one, CWE_LIST), "version": CWE_LIST}
            for one in dict.fromkeys(cwes)
            if cwe.name_in(one, CWE_LIST)
        ]
        return {"cwes": named} if named else {}

    def beside(self, document: dict[str, Json], rest: dict[str, Json]) -> None:
        """Put what the standard's fields cannot carry where there is a place for it, in place."""
        if self.is_first:
            document["x_comity"] = rest
            return
        listed = document.setdefault("x_extensions", [])
        if isinstance(listed, list):
            extension: Json = {"$schema": EXTENSION, "category": "supplementary", "content": rest, "critical": False}
            listed.append(extension)

    @property
    def beside_place(self) -> str:
        """The pointer at which `beside` puts it; the last one of a list is written `-` (RFC 6901)."""
        return "/x_comity" if self.is_first else "/x_extensions/-"


def score_key(severity: Severity) -> str:
    """The field that a score of this version of CVSS stands in."""
    return _KEYS[severity.version]


SCHEMA_2_1: Final = "https://docs.oasis-open.org/csaf/csaf/v2.1/schema/csaf.json"
V2_0: Final = Dialect(
    name="csaf",
    version="2.0",
    labels=MappingProxyType(
        {Tlp.CLEAR: "WHITE", Tlp.GREEN: "GREEN", Tlp.AMBER: "AMBER", Tlp.AMBER_STRICT: "RED", Tlp.RED: "RED"}
    ),
    publishers=("coordinator", "discoverer", "other", "translator", "user", "vendor"),
    scores="scores",
    suffix=".json",
)
V2_1: Final = Dialect(
    name="csaf-2.1",
    version="2.1",
    labels=MappingProxyType({tlp: tlp.label.removeprefix("TLP:") for tlp in Tlp}),
    publishers=("coordinator", "discoverer", "multiplier", "other", "translator", "user", "vendor"),
    scores="metrics",
    suffix=".csaf-2.1.json",
)
EVERY: Final = (V2_0, V2_1)


def dialect_of(document: Json) -> Dialect:
    """The version that a document names; 2.0 where it names none that is known."""
    head = document.get("document") if isinstance(document, dict) else None
    stated = head.get("csaf_version") if isinstance(head, dict) else None
    return next((one for one in EVERY if one.version == stated), V2_0)
