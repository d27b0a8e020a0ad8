"""Runs inside the containment, beside the target: makes the calls of a recipe and says what came of each.

Calls go into the target, or into what the target itself requires: a dotted name must lead to a callable whose module
lies in one of their folders, or to a method of a value that an earlier step made. That keeps the proof data: there is
no way to name `os.system` here. What this process says is a claim (the overseer measures what it can itself), because
it shares an interpreter with the target.

A file of data to Comity: it is started in the sandbox by path and is never imported.
"""

import builtins
import functools
import importlib
import io
import json
import os
import runpy
import sys
import types
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

FRAMES_KEPT = 40
WATCHED_LIMIT = 100_000
VALUE_LIMIT = 2_000
PLAIN_CALLS = {"list", "str", "bytes", "next", "len", "tuple", "repr"}
PLAIN_TYPES = (str, bytes, bytearray, list, tuple, dict, set, io.BytesIO, io.StringIO, types.GeneratorType)


class Unreached(Exception):
    """The recipe names something that the target does not have, or that is not the target's."""


class Caller:
    """Holds the named values of one run."""

    def __init__(self, task: dict[str, Any]) -> None:
        self.task = task
        self.roots = (
            os.path.realpath(task["target"]) + os.sep,
        )  # a support package is no target: no call starts there
        self.values: dict[str, Any] = {}

    def value(self, spec: Any) -> Any:
        """What a checked value of the step language stands for (docs/recipes.md)."""
        if isinstance(spec, list):
            return [self.value(item) for item in spec]
        if not isinstance(spec, dict):
            return spec
        ((marker, operand),) = spec.items()
        return getattr(self, f"make_{marker}")(operand)

    def make_input(self, name: str) -> bytes:
        return (Path(self.task["inputs"]) / name).read_bytes()

    def make_text(self, name: str) -> str:
        return self.make_input(name).decode("utf-8")

    def make_input_path(self, name: str) -> str:
        return str(Path(self.task["inputs"]) / name)

    def make_hex(self, digits: str) -> bytes:
        return bytes.fromhex(digits)

    def make_int(self, digits: str) -> int:
        return int(digits)

    def make_bytes(self, spec: Any) -> bytes:
        made = self.value(spec)
        return made.encode("utf-8") if isinstance(made, str) else bytes(made)

    def make_repeat(self, operand: list[Any]) -> Any:
        part, times = operand
        return self.value(part) * (self.task["size"] if isinstance(times, dict) else times)

    def make_concat(self, parts: list[Any]) -> Any:
        made = [self.value(part) for part in parts]
        return b"".join(made) if made and isinstance(made[0], bytes) else "".join(made)

    def make_tuple(self, parts: list[Any]) -> tuple[Any, ...]:
        return tuple(self.value(part) for part in parts)

    def make_dict(self, pairs: list[list[Any]]) -> dict[Any, Any]:
        return {key: self.value(item) for key, item in pairs}

    def make_ref(self, name: str) -> Any:
        return self.values[name]

    def make_none(self, _: bool) -> None:
        return None

    def make_size(self, _: bool) -> int:
        return int(self.task["size"])

    def make_room(self, _: bool) -> str:
        return str(self.task["room"])

    def make_canary(self, form: str) -> str:
        return str(self.task["canary"][form])

    def make_file(self, operand: dict[str, Any]) -> str:
        data = self.value(operand["data"])
        path = Path(self.task["room"]) / operand["name"]
        path.write_bytes(data.encode("utf-8") if isinstance(data, str) else data)
        return str(path)

    def make_stream(self, spec: Any) -> io.BytesIO:
        return io.BytesIO(self.value({"bytes": spec}))

    def make_string_stream(self, spec: Any) -> io.StringIO:
        return io.StringIO(self.value(spec))

    def make_zip(self, members: list[list[Any]]) -> bytes:
        buffer = io.BytesIO()
        with zipfile.ZipFile(buffer, "w") as archive:
            for name, data in members:
                archive.writestr(zipfile.ZipInfo(self.value(name)), self.value({"bytes": data}))
        return buffer.getvalue()

    def make_case(self, operand: dict[str, Any]) -> Any:
        return self.value(operand["benign" if self.task["benign"] else "proof"])

    def find(self, name: str) -> Callable[..., Any]:
        """The callable that `name` leads to; `Unreached` when there is none, or when it is not the target's."""
        head, *rest = name.split(".")
        if head in self.values:
            if not rest:
                return self._owned(self.values[head], name)
            return self._walk(self.values[head], rest, name)
        if not rest and head in PLAIN_CALLS:
            return getattr(builtins, head)  # type: ignore[no-any-return]  # one of the names above
        parts = [head, *rest]
        for count in range(len(parts), 0, -1):
            try:
                module = importlib.import_module(".".join(parts[:count]))
            except ModuleNotFoundError as error:
                if error.name is not None and not name.startswith(error.name):
                    raise Unreached(f"the target imports {error.name}, which is not there") from error
                continue
            if not self._is_targets(module):
                raise Unreached("the call leads outside the target")
            return self._walk(module, parts[count:], name)
        raise Unreached("the target has no such module")

    def _walk(self, thing: Any, parts: list[str], name: str) -> Callable[..., Any]:
        holder = thing
        for part in parts:
            holder = thing
            try:
                thing = getattr(thing, part)
            except AttributeError as error:
                raise Unreached(f"the target has no {name}") from error
            if issubclass(type(thing), types.ModuleType) and not self._is_targets(thing):
                raise Unreached("the call leads outside the target")
        if issubclass(type(holder), PLAIN_TYPES):  # by type(): a lazy object may compute its __class__
            return thing  # type: ignore[no-any-return]  # a method of a plain value
        return self._owned(thing, name)

    def _owned(self, thing: Any, name: str) -> Callable[..., Any]:
        if not callable(thing):
            raise Unreached(f"{name} cannot be called")
        if isinstance(thing, functools._lru_cache_wrapper):
            return self._owned(thing.__wrapped__, name)
        owner = getattr(thing, "__self__", None)
        plain = issubclass(type(thing), types.FunctionType | types.MethodType | type)
        home = thing if plain else type(owner) if owner is not None else type(thing)
        module = sys.modules.get(getattr(home, "__module__", "") or "")
        if module is None or not self._is_targets(module):
            raise Unreached("the call leads outside the target")
        return thing  # type: ignore[no-any-return]  # callable was checked above

    def _is_targets(self, module: types.ModuleType) -> bool:
        origins = [getattr(module, "__file__", None) or "", *(getattr(module, "__path__", None) or ())]
        return any((os.path.realpath(origin) + os.sep).startswith(self.roots) for origin in origins if origin)


class Report:
    """Says things to the overseer, one JSON object a line."""

    def __init__(self, descriptor: int) -> None:
        self._pipe = os.fdopen(descriptor, "w", encoding="utf-8")

    def say(self, **facts: Any) -> None:
        self._pipe.write(json.dumps(facts) + "\n")
        self._pipe.flush()


def run(task: dict[str, Any], report: Report) -> dict[str, Any]:
    """Make the calls (or run the script) and give the last word on it."""
    writers = watch_canary(task)
    step = -1
    caller = Caller(task)
    try:
        if task["script"]:
            sys.argv = [task["script"]]
            report.say(at="begin")
            runpy.run_path(task["script"], run_name="__main__")
            return {"outcome": "returned", "step": 0, "writer": writers[0] if writers else ""}
        steps = task["steps"]
        for step, call in enumerate(steps):
            function = caller.find(call["call"])
            args = [caller.value(arg) for arg in call["args"]]
            kwargs = {key: caller.value(value) for key, value in call["kwargs"]}
            if step == len(steps) - 1:
                report.say(at="begin")
            made = function(*args, **kwargs)
            if call["as"]:
                caller.values[call["as"]] = made
    except Unreached as why:
        return {"outcome": "unreached", "step": step, "type": str(why)[:200]}
    except SystemExit as ended:
        return {
            "outcome": "returned",
            "step": step,
            "code": str(ended.code)[:20],
            "writer": writers[0] if writers else "",
        }
    except BaseException as error:  # noqa: BLE001 - whatever leaves the target is what is being looked for
        return {
            "outcome": "raised",
            "step": step,
            "type": dotted(type(error)),
            "kinds": [dotted(kind) for kind in type(error).__mro__[:12]],
            "frames": frames(error, task),
            "writer": writers[0] if writers else "",
        }
    return {
        "outcome": "returned",
        "step": step,
        "writer": writers[0] if writers else "",
        "watched": text_of(caller.values.get(task["value"])) if task["value"] else "",
    }


def run_suite(task: dict[str, Any], report: Report) -> None:
    """Cases one after the other, each in a room of its own; each is announced, then answered."""
    for case in task["suite"]:
        report.say(case=case["case"], at="begin")
        os.chdir(case["room"])
        report.say(case=case["case"], **answer({**task, **case}, values=task["values"]))


def answer(task: dict[str, Any], *, values: bool) -> dict[str, Any]:
    """What one case's calls came to. What was expected of them is not known here."""
    caller = Caller(task)
    made: Any = None
    try:
        for call in task["steps"]:
            function = caller.find(call["call"])
            args = [caller.value(arg) for arg in call["args"]]
            made = function(*args, **{key: caller.value(value) for key, value in call["kwargs"]})
            if call["as"]:
                caller.values[call["as"]] = made
        return {"outcome": "returned", **({"value": plain(made)} if values else {})}
    except Unreached as why:
        return {"outcome": "unreached", "type": str(why)[:200]}
    except SystemExit:
        return {"outcome": "exited"}
    except BaseException as error:  # noqa: BLE001 - whatever leaves the target is what is being looked for
        return {"outcome": "raised", "kinds": [dotted(kind)[:200] for kind in type(error).__mro__[:12]]}


def plain(value: Any, depth: int = 0) -> Any:
    """A value as JSON: plain ones as they are, bytes as hex, others by their type's name."""
    if value is None or type(value) in {bool, int, str}:
        return value if not isinstance(value, str) else value[:VALUE_LIMIT]
    if type(value) in {list, tuple} and depth < 3:
        return [plain(item, depth + 1) for item in value[:100]]
    if type(value) in {bytes, bytearray}:
        return {"hex": bytes(value[: VALUE_LIMIT // 2]).hex()}
    if type(value) is float:
        return {"float": repr(value)}
    return {"type": dotted(type(value))[:200]}


def watch_canary(task: dict[str, Any]) -> list[str]:
    """Note whose code first opens or makes the canary path: `target`, `reporter`, or another place."""
    seen: list[str] = []
    path = task["canary"]["path"]

    def hook(event: str, args: tuple[Any, ...]) -> None:
        if seen or not (event == "open" or event.startswith("os.")) or path not in map(str, args[:2]):
            return
        frame: types.FrameType | None = sys._getframe(1)
        while frame is not None and place(frame.f_code.co_filename, task) == "elsewhere":
            frame = frame.f_back
        seen.append(place(frame.f_code.co_filename, task) if frame is not None else "elsewhere")

    sys.addaudithook(hook)
    return seen


def place(file: str, task: dict[str, Any]) -> str:
    """Whose code lies in `file`."""
    path = os.path.realpath(file) if file.startswith("/") else file
    if path.startswith(os.path.realpath(task["target"]) + os.sep):
        return "target"
    if any(path.startswith(os.path.realpath(folder) + os.sep) for folder in task["paths"][1:]):
        return "support"
    if path.startswith(os.path.realpath(task["inputs"]) + os.sep):
        return "reporter"
    return "driver" if path == os.path.realpath(__file__) else "elsewhere"


def frames(error: BaseException, task: dict[str, Any]) -> list[list[str]]:
    """The innermost frames, outermost first: whose code, which module (from the path, not from what it says)."""
    kept: list[list[str]] = []
    trace = error.__traceback__
    root = os.path.realpath(task["target"])
    while trace is not None:
        file = trace.tb_frame.f_code.co_filename
        whose = place(file, task)
        module = ""
        if whose == "target":
            module = (
                os.path.relpath(os.path.realpath(file), root)
                .removesuffix(".py")
                .removesuffix("/__init__")
                .replace("/", ".")
            )
        kept = [*kept[-FRAMES_KEPT + 1 :], [whose, module, trace.tb_frame.f_code.co_name[:80]]]
        trace = trace.tb_next
    return kept


def dotted(kind: type) -> str:
    """A type's name as a recipe writes it: bare for built-ins."""
    return kind.__qualname__ if kind.__module__ == "builtins" else f"{kind.__module__}.{kind.__qualname__}"


def text_of(value: Any) -> str:
    """A value as searchable text: strings and bytes as they are, containers flattened one level."""
    if isinstance(value, bytes | bytearray):
        return bytes(value[:WATCHED_LIMIT]).decode("utf-8", "replace")
    if isinstance(value, list | tuple):
        return "\n".join(text_of(item) for item in value[:1000])[:WATCHED_LIMIT]
    return str(value)[:WATCHED_LIMIT]


def main() -> int:
    task = json.loads(sys.stdin.buffer.read())
    sys.path[:0] = task["paths"]
    report = Report(int(sys.argv[1]))
    if "suite" in task:
        run_suite(task, report)
        return 0
    report.say(**run(task, report))
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
