"""Directives of a side are nothing to another: each public call is found by looking, and answers as if none were there.

A call with an argument that this file cannot fill fails the test, so that a new call is held to the rule at once.
"""

import inspect
from pathlib import Path
from typing import Any, Final

from comity.defend.desk_watch import Watches
from comity.errors import ComityError
from comity.model.ids import digest
from comity.model.party import ANONYMOUS, Viewer
from tests.directives.hosts import Host, host, viewer
from tests.directives.test_authoring import local, signed

SIDES: Final = {"nss": ("nora", "nell", "fort"), "dow": ("dan", "dora", "navy")}
"""Author, defender and office of each side that keeps to itself."""
STRANGERS: Final = ("ada", "edith", "carl")
NO_ROW: Final = "D-0000-0000-0000"
NO_PACK: Final = "local.nowhere.fast"


def told(held: Host, call: str, asking: Viewer, id_: str, pack: str) -> tuple[str, str]:
    """The kind of an answer, and its words without what was named."""
    fill: dict[str, Any] = {
        "viewer": asking, "id_": id_, "name": pack, "version": "", "data": local("fceb"), "offices": ["agency"],
        "days": 10, "text": "noted", "agrees": True, "draft": digest(local("fceb")), "why": "a reason that is long",
        "adoption": "adopted",
    }  # fmt: skip
    function = getattr(held.directives, call)
    try:
        function(**{name: fill[name] for name in inspect.signature(function).parameters})
    except ComityError as error:
        words = repr((str(error), [(one.pointer, one.code, one.reason) for one in getattr(error, "problems", ())]))
        return type(error).__name__, words.replace(id_, "").replace(pack, "")
    return "answered", ""


def test_no_call_of_directives_tells_one_of_another_side_from_none(tmp_path: Path) -> None:
    with host(tmp_path, mirror=False) as held:
        calls = [
            name
            for name, function in inspect.getmembers(held.directives, inspect.ismethod)
            if not name.startswith("_") and {"id_", "name"} & set(inspect.signature(function).parameters)
        ]
        assert {"pack", "directive", "redraft", "sign", "withdraw", "signature", "follow", "report"} <= set(calls)
        published = {}
        for domain, (author, defender, office) in SIDES.items():
            id_ = signed(held, viewer(author), local(domain), (office, viewer(defender)))
            held.directives.publish(viewer(author), id_)
            held.directives.follow(viewer(defender), f"local.{domain}.fast")
            published[domain] = id_
        for domain, id_ in published.items():
            pack = f"local.{domain}.fast"
            others = [viewer(name) for side, (*people, _) in SIDES.items() if side != domain for name in people]
            for stranger in (*map(viewer, STRANGERS), *others, ANONYMOUS):
                for call in calls:
                    hidden = told(held, call, stranger, id_, pack)
                    assert hidden == told(held, call, stranger, NO_ROW, NO_PACK), (call, stranger.person)
                    assert hidden[0] != "answered", (call, stranger.person)
                assert pack not in repr(held.directives.packs(stranger))
            assert told(held, "directive", viewer(SIDES[domain][0]), id_, pack)[0] == "answered"


def test_no_call_of_watches_names_a_row_of_an_estate() -> None:
    names = {
        one
        for call, function in inspect.getmembers(Watches, inspect.isfunction)
        if not call.startswith("_")
        for one in inspect.signature(function).parameters
    }
    assert names <= {"self", "viewer", "address", "product", "secret", "machines"}
