"""Versions: which of two is newer, and whether a range or an advisory's statement reaches one.

`key` and `order` compare within one ecosystem; `contains` asks one range, `covers` one statement (list and
ranges), `overlap` two statements. Answers are Inside, Outside or Undecided with a reason. Start in
`ecosystems.py`; native range grammars are in `native/`, decision record 0010 says why keys are bytes.
"""

from comity.formats.versions.affected import covers, overlap
from comity.formats.versions.compare import key, order
from comity.formats.versions.ecosystems import Scheme, lacks_release, scheme, without_release
from comity.formats.versions.identity import Package, canonical_name, package_of
from comity.formats.versions.spans import Containment, Inside, Outside, Span, Undecided, contains, spans

__all__ = [
    "Containment",
    "Inside",
    "Outside",
    "Package",
    "Scheme",
    "Span",
    "Undecided",
    "canonical_name",
    "contains",
    "covers",
    "key",
    "lacks_release",
    "order",
    "overlap",
    "package_of",
    "scheme",
    "spans",
    "without_release",
]
