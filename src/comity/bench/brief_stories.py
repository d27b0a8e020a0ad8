"""Hand-labelled stories for the clustering bench, and its scores: B-cubed, V-measure and the number of false merges.

All texts are written for this file: no agency or firm did these things and the identifiers are examples. The set is
small and by one hand: it shows that joining, splitting and counting do what they say, not how they do in the wild.
"""

import math
from collections import Counter
from collections.abc import Sequence
from typing import Final, NamedTuple


class Item(NamedTuple):
    """`story` and `origin` are the labels, never shown to the rules. `day` counts from 1 September 2026."""

    story: str
    origin: str
    name: str
    title: str
    text: str
    day: float


_WIRE: Final = (
    "Northwind said on Tuesday that attackers had used a flaw in its gateway, CVE-2026-10001, to read "
    "memory of customers. "
    "The company released version 3.0.1 and asked operators to update. It did not say how many customers "
    "were affected. "
    "A spokesperson said that the investigation goes on and that law enforcement was informed. The gateway is used by "
    "utilities and hospitals in several countries, and earlier flaws in it were exploited within days of "
    "being published."
)

ITEMS: Final = (
    Item("gateway", "wire", "Example Wire", "Northwind patches exploited gateway flaw", _WIRE, 1.0),
    Item(
        "gateway", "wire", "Daily Sample", "Gateway maker Northwind fixes hole under attack",
        _WIRE + " Reporting by our staff.", 1.2,
    ),
    Item(
        "gateway", "wire", "Curated Brief", "Northwind gateway flaw: what to know",
        _WIRE + " AI-assisted curation pursuant to Article 50. Facts verified by our desk.", 1.4,
    ),
    Item(
        "gateway", "wire", "Night Post", "Hospitals told to update gateways",
        "Hospitals were told to update their gateways after a flaw, CVE-2026-10001, came under attack, "
        "according to Example "
        "Wire. The report says that the maker has a new version. Administrators should look for odd sessions.", 1.6,
    ),
    Item(
        "gateway", "lab", "Example Lab", "Inside the gateway attacks",
        "Our sensors saw the first attempts against CVE-2026-10001 on 28 August, three days before the "
        "vendor's notice. The "
        "requests came from rented servers. We publish the patterns so that defenders can search their logs.", 2.0,
    ),
    Item(
        "parser", "vendor", "Borealis", "Security notice for the Borealis parser",
        "Borealis released version 2.4.1 of its parser. The update fixes CVE-2026-20002, a use-after-free "
        "that a crafted "
        "document can reach. No exploitation is known. Users of version 2.3 should move to 2.4.1.", 2.0,
    ),
    Item(
        "parser", "news", "Sample Report", "Parser flaw fixed before anyone used it",
        "A memory flaw in the Borealis parser, CVE-2026-20002, was fixed this week. The maker knows of no "
        "attacks. The flaw "
        "was found by a student who looked at how documents are freed.", 2.5,
    ),
    Item(
        "other-gateway", "news", "Sample Report", "Second gateway flaw in a month",
        "Northwind fixed another flaw in its gateway, CVE-2026-10777. It lets a signed-in user read files. "
        "The company released "
        "version 3.0.2 and asked operators to update. Earlier this month attackers used a different flaw.", 20.0,
    ),
    Item(
        "framework", "agency", "Example Agency", "Voluntary framework for model testing published",
        "The agency published its voluntary framework for testing models. Developers may take part and may "
        "leave at any time. "
        "The framework names no thresholds and sets no deadline.", 5.0,
    ),
    Item(
        "framework", "news", "Policy Sample", "Agency publishes model testing framework, leaves thresholds open",
        "A voluntary framework for testing models was published by the agency. It names no thresholds. "
        "Developers may take "
        "part in the framework, lawyers said, and critics asked for deadlines.", 5.5,
    ),
    Item(
        "court", "news", "Policy Sample", "Court hears case over water utility breach",
        "A court heard the case of a water utility whose pumps stopped for two days after a breach. The "
        "judge asked who had "
        "known of the default passwords. A decision is expected in winter.", 6.0,
    ),
    Item(
        "court-later", "news", "Policy Sample", "Court decides case over power outage",
        "A court decided the case of a power company whose customers had no light for a night after a storm. "
        "The judge found "
        "that the company had trimmed too few trees. Damages follow in spring.", 30.0,
    ),
    Item(
        "directive", "agency", "Example Agency", "Directive BOD 26-04 sets patch dates",
        "Directive BOD 26-04 sets dates by exposure, known exploitation, automation and impact. Agencies "
        "report every month.",
        8.0,
    ),
    Item(
        "directive", "news", "Policy Sample", "Agencies get new patch dates",
        "Federal agencies get new dates for patches under BOD 26-04. Four inputs decide the date. Reports "
        "are due monthly.",
        8.5,
    ),
    Item(
        "old-directive", "news", "Policy Sample", "Agencies still report under the old directive",
        "Federal agencies still report patches under BOD 22-01, auditors wrote. Dates were missed in many "
        "reports.", 8.6,
    ),
    Item(
        "round-up", "news", "Sample Report", "Twelve flaws to patch this week",
        "Twelve flaws deserve attention: CVE-2026-10001, CVE-2026-20002, CVE-2026-30003, CVE-2026-30004, "
        "CVE-2026-30005, "
        "CVE-2026-30006, CVE-2026-30007, CVE-2026-30008, CVE-2026-30009, CVE-2026-30010, CVE-2026-30011 and "
        "CVE-2026-30012. Most have patches. Two are under attack.", 3.0,
    ),
    Item(
        "ransomware", "news", "Sample Report", "Port closed by ransomware",
        "The port of Sampleton closed its gates after ransomware reached its booking system. Ships wait "
        "outside. The port says "
        "that no cargo data was stolen. Trucks were turned away in the morning.", 10.0,
    ),
    Item(
        "ransomware", "port", "Port of Sampleton", "Statement on the outage",
        "The port of Sampleton closed its gates this morning. Ransomware was found in the booking system. "
        "Ships wait outside "
        "until the system is restored. We do not know of stolen cargo data.", 10.2,
    ),
    Item(
        "ransomware-later", "news", "Sample Report", "Bakery chain hit by ransomware",
        "A bakery chain stopped its ovens after ransomware reached its recipe system. Shops sold yesterday's "
        "bread. The chain "
        "says that no customer data was stolen.", 26.0,
    ),
)  # fmt: skip


def scores(labels: Sequence[str], found: Sequence[int]) -> dict[str, float]:
    """B-cubed precision, recall and F1; V-measure; false merges and splits are pairs put together or apart wrongly."""
    count = len(labels)
    together = Counter(zip(labels, found, strict=True))
    by_label, by_found = Counter(labels), Counter(found)
    precision = sum(together[a, b] / by_found[b] for a, b in zip(labels, found, strict=True)) / count
    recall = sum(together[a, b] / by_label[a] for a, b in zip(labels, found, strict=True)) / count
    homogeneity = 1 - _conditional(together, by_found, 1, count) / (_entropy(by_label, count) or 1)
    completeness = 1 - _conditional(together, by_label, 0, count) / (_entropy(by_found, count) or 1)
    merges = sum(found[i] == found[j] and labels[i] != labels[j] for i in range(count) for j in range(i + 1, count))
    splits = sum(found[i] != found[j] and labels[i] == labels[j] for i in range(count) for j in range(i + 1, count))
    return {
        "b_cubed_precision": precision,
        "b_cubed_recall": recall,
        "b_cubed_f1": _harmonic(precision, recall),
        "v_measure": _harmonic(homogeneity, completeness),
        "false_merges": merges,
        "false_splits": splits,
    }


def _harmonic(one: float, other: float) -> float:
    return 2 * one * other / (one + other) if one + other else 0.0


def _entropy(counts: Counter[str] | Counter[int], count: int) -> float:
    return -sum(value / count * math.log(value / count) for value in counts.values())


def _conditional(
    together: Counter[tuple[str, int]], outer: Counter[str] | Counter[int], place: int, count: int
) -> float:
    sums: Counter[str | int] = Counter()
    sums.update(outer)
    return -sum(value / count * math.log(value / sums[pair[place]]) for pair, value in together.items())
