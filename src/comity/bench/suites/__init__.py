"""The suites of `comity conformance`: one file for each standard or group, one line here for each suite.

To add one: a function `(corpora: Path) -> Counted` in a file of its own, and a `Suite` in its tuple named `SUITES`.
"""

from typing import Final

from comity.bench.suite import Suite
from comity.bench.suites import clients, csaf, formats, grammars, tables, taxii

SUITES: Final[tuple[Suite, ...]] = (
    *formats.SUITES,
    *csaf.SUITES,
    *grammars.SUITES,
    *tables.SUITES,
    *taxii.SUITES,
    *clients.SUITES,
)
