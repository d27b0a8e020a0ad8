"""Read the C file: compare every guard with the buffer behind it; walk the states to the odd one; or mend its guard."""

import re
from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Handler:
    """One function of the file. `limit`, `field` and `other` are names in it; `gate` is a step's key."""

    kind: str
    field: str = ""
    limit: str = ""
    other: str = ""
    gate: int | None = None


def solve(side: str, prompt: str, files: Mapping[str, bytes]) -> dict[str, bytes]:  # noqa: ARG001  # one signature for all
    """A message that trips the planted site, or the file with that site mended."""
    text = files["parser.c"].decode()
    handlers = {
        name: _read(body) for name, body in re.findall(r"static int (\w+)\(struct.*?\n\{\n(.*?)\n\}", text, re.DOTALL)
    }
    sizes = dict(re.findall(r"b\.(\w+) = calloc\(1, (\w+)\)", text))
    values = {name: int(value) for name, value in re.findall(r"([A-Z]+) = (\d+)", text)}
    odd = next(name for name, one in handlers.items() if _is_odd(one, sizes, values))
    if side == "defence":
        return {"parser.c": _mended(text, odd, handlers[odd], sizes).encode()}
    return {"message.bin": _message(text, handlers, odd, sizes, values)}


def _read(body: str) -> Handler:
    at = re.search(r"b->(\w+)\[", body)
    if drop := re.search(r"free\(b->(\w+)\);\s+b->(\w+) = 0", body):
        return Handler("drop", field=drop[1], other=drop[2])
    if "& 7u" in body and at:
        return Handler("use", field=at[1])
    if limit := re.search(r"if \((?:n > |at >= )(\w+)\)", body):
        return Handler("look" if "at >=" in body else "store", field=at[1] if at else "", limit=limit[1])
    gate = re.search(r"\(uint8_t\)b->sum\) != (\d+)", body)
    return Handler("step", gate=int(gate[1]) if gate else None)


def _is_odd(one: Handler, sizes: Mapping[str, str], values: Mapping[str, int]) -> bool:
    if one.kind == "drop":
        return one.field != one.other
    return bool(one.limit) and values[one.limit] > values[sizes[one.field]]


def _mended(text: str, name: str, one: Handler, sizes: Mapping[str, str]) -> str:
    start = text.index(f"static int {name}(")
    end = text.index("\n}\n", start)
    body = text[start:end]
    if one.kind == "drop":
        return text[:start] + body.replace(f"b->{one.other} = 0", f"b->{one.field} = 0") + text[end:]
    own = sizes[one.field]
    body = body.replace(f"n > {one.limit}", f"n > {own}").replace(f"at >= {one.limit}", f"at >= {own}")
    return text[:start] + body + text[end:]


def _message(
    text: str, handlers: Mapping[str, Handler], odd: str, sizes: Mapping[str, str], values: Mapping[str, int]
) -> bytes:
    table: dict[int, dict[str, tuple[int, int]]] = {}
    for state, cases in re.findall(r"case (\d+):\n(.*?)break;", text, re.DOTALL):
        found = re.findall(r"type == (\d+)\) \{\n\s+int code = (\w+)\(.*?b->state = (\d+);", cases, re.DOTALL)
        table[int(state)] = {name: (int(kind), int(to)) for kind, name, to in found}
    goal = next(state for state, row in table.items() if odd in row)
    way: list[tuple[int, list[str]]] = [(0, [])]
    for state, steps in way:
        if state == goal:
            break
        for name, (_, to) in table[state].items():
            if handlers[name].kind == "step" and to not in {seen for seen, _ in way}:
                way.append((to, [*steps, name]))
    made, state, total = b"", 0, 0
    for name in steps:
        gate = handlers[name].gate
        payload = b"" if gate is None else bytes((gate ^ total & 255,))
        made += _record(text, table[state][name][0], payload)
        state, total = table[state][name][1], (total * 31 + len(payload)) & 0xFFFFFFFF
    one = handlers[odd]
    kind, after = table[goal][odd]
    if one.kind == "drop":
        use = next(
            kind for name, (kind, _) in table[after].items() if handlers[name] == Handler("use", field=one.field)
        )
        return made + _record(text, kind, b"") + _record(text, use, b"")
    size = values[sizes[one.field]]
    return made + _record(text, kind, bytes((size,)) if one.kind == "look" else bytes(size + 1))


def _record(text: str, kind: int, payload: bytes) -> bytes:
    """A record with the check bytes that function `check` asks for."""
    check = b""
    if "c << 3" in text:
        c = len(payload)
        for value in payload:
            c = ((c << 3 | c >> 5) & 255) ^ value
        check = bytes((c,))
    elif "% 251u" in text:
        c, d = 1, len(payload)
        for value in payload:
            c = (c + value) % 251
            d = (d + c) % 251
        check = bytes((c, d))
    elif "static int check" in text:
        check = bytes((sum(payload) & 255,))
    return bytes((kind, len(payload))) + payload + check
