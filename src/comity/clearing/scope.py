"""Decide which parts of an area a blind claim commits to, and what an asker reads from those parts that match.

An area is taken apart into units, one text each, so that set arithmetic becomes equality: a path and every folder above
it, a weakness and every class above it, the commits as they are written. The holder marks a unit `whole` where the
claim covers it, and not where it only leads to something that is covered. Whoever asks takes their own area apart the
same way and compares unit by unit: the answer is that of `claims.met`, and nobody needs to see the other's area.
"""

import secrets
from collections.abc import Mapping
from dataclasses import replace
from typing import Final

from comity.clearing.claims import Met
from comity.errors import Invalid, Problem
from comity.formats import cwe
from comity.model.blind import AREA_LIMIT, AREA_STEP, Level, Print
from comity.model.claim import Area

ANY: Final = "any"


def units(area: Area) -> dict[str, bool]:
    """The texts of an area's units, and whether a claim on it holds them whole."""
    made: dict[str, bool] = {}
    for path in area.paths or ("",):
        made[_path(area, path)] = True
        for above in _above(path):
            made.setdefault(_path(area, above), False)
    made[_text(area, "weakness", ANY)] = not area.cwes
    for one in area.cwes:
        for above in cwe.ancestors(one):
            made.setdefault(_text(area, "weakness", above), False)
    made.update({_text(area, "weakness", one): True for one in area.cwes})
    made[_text(area, "commits", " ".join(area.commits or ()))] = True
    return made


def prints(area: Area) -> tuple[Print, ...]:
    """The units as fingerprints, filled up with some that are none: the host sees a round number of them.

    Invalid for more than one question may hold.
    """
    texts = list(units(area))
    if len(texts) > AREA_LIMIT:
        reason = f"it comes to {len(texts)} parts with everything above them, of {AREA_LIMIT} at most: name fewer"
        raise Invalid("too fine for a blind question", [Problem("/area", "too_many_items", reason)])
    fill = -len(texts) % AREA_STEP
    texts += [_text(area, "none", secrets.token_hex(16)) for _ in range(fill)]
    return tuple(sorted(Print(level=Level.AREA, text=text) for text in texts))


def met(area: Area, matched: Mapping[str, bool], state: Met) -> Met | None:
    """How a claim meets this area whose entries opened for these units. None where no path of it did.

    `state`: what the claim says of itself; its own part in the area is filled in here.
    """
    wanted = area.paths or ("",)
    whole = {path for path in wanted if any(matched.get(_path(area, one)) for one in (path, *_above(path)))}
    part = {path for path in wanted if _path(area, path) in matched} - whole
    if not whole and not part:
        return None
    return replace(
        state,
        whole=frozenset(whole),
        part=frozenset(part),
        same_weaknesses=_same_weaknesses(area, matched),
        same_commits=_text(area, "commits", " ".join(area.commits or ())) in matched,
    )


def _same_weaknesses(area: Area, matched: Mapping[str, bool]) -> bool:
    if not area.cwes or matched.get(_text(area, "weakness", ANY)):
        return True
    return any(
        _text(area, "weakness", one) in matched
        or any(matched.get(_text(area, "weakness", above)) for above in cwe.ancestors(one))
        for one in area.cwes
    )


def _above(path: str) -> tuple[str, ...]:
    parts = path.split("/") if path else []
    return tuple("/".join(parts[:length]) for length in range(len(parts)))


def _path(area: Area, path: str) -> str:
    return _text(area, "path", path)


def _text(area: Area, kind: str, what: str) -> str:
    return f"{area.repository}\0{kind}\0{what}"
