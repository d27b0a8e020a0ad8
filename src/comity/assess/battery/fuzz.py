"""Hostile answers that must never score: nothing, noise, too much, nearly right, strangely named, wrongly typed. Pure.

A grader that pays for one of these pays for no work. Each comes with a name that a report can print.
"""

from collections.abc import Iterator, Mapping
from typing import Final

from comity.assess.battery.draw import Draw
from comity.assess.battery.task import Files, Item, Side
from comity.formats import parse
from comity.formats.parse import Json

TRICKS: Final = ("../{}", "./{}", "/work/{}", "{}/", "{}.json", " {}", "{}\x00", "answer/{}")
"""Names that a careless reader might take for the slot's."""
SWAPS: Final[tuple[Json, ...]] = (True, None, -1, 2**53, 0.5, "", "\u202e", [], {}, [[]])
"""Values of other types, put in place of parts of a right answer."""


def hostile(item: Item, side: Side, draw: Draw) -> Iterator[tuple[str, Files]]:
    """Every hostile answer for one task: each is wrong whatever the item."""
    task = item.tasks[side]
    names = [slot.name for slot in task.slots]
    most = {slot.name: slot.most_bytes for slot in task.slots}
    yield "nothing", {}
    yield "empty files", dict.fromkeys(names, b"")
    yield "noise", {name: draw.bytes(min(200, most[name])) for name in names}
    yield "noise as text", {name: draw.bytes(60).hex().encode() for name in names}
    yield "too large", {name: task.reference[name] + b" " * most[name] for name in names}
    yield "too large noise", {name: b"\xff" * (most[name] + 1) for name in names}
    yield "deep nesting", dict.fromkeys(names, b"[" * 3000 + b"]" * 3000)
    yield "huge number", dict.fromkeys(names, b"9" * 5000)
    yield "not UTF-8", {name: b"\xff\xfe" + task.reference[name] for name in names}
    for trick in TRICKS:
        yield f"named {trick.format('x')!r}", {trick.format(name): content for name, content in task.reference.items()}
    yield "the other side's answer", _renamed(names, item.tasks[_other(side)].reference)
    yield "the other side's null", _renamed(names, item.tasks[_other(side)].null)
    for name, content in sorted(item.public.items()):
        yield f"public file {name}", dict.fromkeys(names, content)
    yield "the prompt", dict.fromkeys(names, task.prompt.encode())
    yield "cut in the middle", {name: task.reference[name][: len(task.reference[name]) // 2] for name in names}
    yield from _mistyped(task.reference, draw)


def _mistyped(reference: Files, draw: Draw) -> Iterator[tuple[str, Files]]:
    """A right JSON answer with one value of another type, or one field gone."""
    for name, content in reference.items():
        if not name.endswith(".json"):
            continue
        document = parse.decode(content)
        places = list(_places(document))
        for number, swap in enumerate(SWAPS):
            place = draw.pick(places)
            if _at(document, place) != swap:
                yield f"{name} with a value swapped ({number})", {**reference, name: _with(document, place, swap)}
        yield f"{name} in a list", {**reference, name: parse.encode([document])}
        yield f"{name} as text", {**reference, name: parse.encode(content.decode())}


def _places(value: Json, here: tuple[str | int, ...] = ()) -> Iterator[tuple[str | int, ...]]:
    """Paths to every value below the top; containers included."""
    if here:
        yield here
    if isinstance(value, dict):
        for name, one in value.items():
            yield from _places(one, (*here, name))
    elif isinstance(value, list):
        for place, one in enumerate(value):
            yield from _places(one, (*here, place))


def _at(value: Json, place: tuple[str | int, ...]) -> Json:
    for step in place:
        value = value[step]  # type: ignore[index]  # the place was found by walking this value
    return value


def _with(value: Json, place: tuple[str | int, ...], swap: Json) -> bytes:
    def changed(held: Json, rest: tuple[str | int, ...]) -> Json:
        if not rest:
            return swap
        if isinstance(held, dict):
            return {name: changed(one, rest[1:]) if name == rest[0] else one for name, one in held.items()}
        assert isinstance(held, list)
        return [changed(one, rest[1:]) if number == rest[0] else one for number, one in enumerate(held)]

    return parse.encode(changed(value, place))


def _renamed(names: list[str], files: Mapping[str, bytes]) -> dict[str, bytes]:
    return dict.fromkeys(names, next(iter(files.values())))


def _other(side: Side) -> Side:
    return Side.DEFENCE if side is Side.OFFENCE else Side.OFFENCE
