"""Turn the model's frozen dataclasses into canonical JSON and back: `decode(T, encode(value, T)) == value`.

msgspec reads one dataclass per union at most, and `Verdict`, `Deconfliction` and others are unions of several. So the
shape is walked here, along the declared types, and only such unions carry a tag: `"@": "<class name>"`. A reader meets
either the exact declared shape or an error; nothing is guessed and nothing is dropped.
"""

import base64
import dataclasses
import types
from collections.abc import Callable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from datetime import date, datetime, timedelta
from enum import Enum
from functools import cache, partial
from typing import Any, NewType, TypeVar, Union, cast, get_args, get_origin, get_type_hints

import msgspec

from comity.errors import Tampered, Unavailable

T = TypeVar("T")

TAG = "@"
_MICROSECOND = timedelta(microseconds=1)
_PLAIN = (str, int, float, bool, type(None))


def encode(value: object, kind: object) -> bytes:
    """Canonical JSON (sorted keys, UTF-8) of `value`, read as the declared type `kind`.

    Raises TypeError when the value is not of that type: a programming error, never a user's.
    """
    return msgspec.json.encode(_down(value, kind), order="sorted")


def decode(kind: type[T], data: bytes) -> T:
    """The value that `encode` was given. Raises Tampered for bytes that are no such value.

    Unavailable when the row holds a field this release does not know: a newer Comity wrote it.
    """
    try:
        tree = msgspec.json.decode(data)
    except msgspec.DecodeError as error:
        raise Tampered(f"a stored {_name(kind)} is not JSON: restore it from a backup") from error
    try:
        return cast("T", _upper(cast("Any", kind))(tree))
    except _Unreadable as error:
        place = _name(kind) + "".join(reversed(error.path))
        if error.newer:
            raise Unavailable(f"{place} {error}: upgrade Comity") from error
        raise Tampered(f"{place}: {error}") from error


def _down(value: Any, kind: Any) -> Any:
    return _downer(kind)(value)


@cache
def _downer(kind: Any) -> Callable[[Any], Any]:
    """How values of this declared type are written; worked out once, since every record asks for it."""
    kind = _bare(kind)
    if kind is Any or kind is object:
        return msgspec.to_builtins
    union = _members(kind)
    if union:
        return _down_union(union)
    if dataclasses.is_dataclass(kind):
        return _down_dataclass(cast("type", kind))
    origin = get_origin(kind)
    if origin is not None:
        return _down_container(origin, get_args(kind))
    if _is_named_tuple(kind):
        hints = tuple(get_type_hints(kind).values())

        def named(value: Any) -> Any:
            if type(value) is not kind:
                raise TypeError(f"expected {_name(kind)}, got {type(value).__name__}")
            return [_downer(hint)(item) for item, hint in zip(value, hints, strict=True)]

        return named
    return _down_leaf(kind)


def _down_dataclass(kind: type) -> Callable[[Any], Any]:
    fields = tuple(_fields(kind).items())
    writers: tuple[tuple[str, Callable[[Any], Any]], ...] = ()

    def write(value: Any) -> Any:
        nonlocal writers
        if type(value) is not kind:
            raise TypeError(f"expected {_name(kind)}, got {type(value).__name__}")
        if len(writers) != len(fields):  # at the first use, since a type may contain itself
            writers = tuple((name, _downer(hint)) for name, hint in fields)
        return {name: writer(getattr(value, name)) for name, writer in writers}

    return write


def _down_union(union: Sequence[Any]) -> Callable[[Any], Any]:
    ways = tuple((_fitting(member), member, _is_tagged(member, union)) for member in union)

    def write(value: Any) -> Any:
        for fits, member, tagged in ways:
            if fits(value):
                tree = _downer(member)(value)
                return {TAG: member.__name__, **tree} if tagged else tree
        raise TypeError(f"{type(value).__name__} is none of {', '.join(_name(m) for m in union)}")

    return write


def _down_container(origin: Any, args: tuple[Any, ...]) -> Callable[[Any], Any]:
    if issubclass(origin, tuple):
        if len(args) == 2 and args[1] is Ellipsis:
            every = _later(args[0])
            return lambda value: [every(item) for item in _tuple(value)]
        parts = tuple(_later(arg) for arg in args)
        return lambda value: [part(item) for item, part in zip(_tuple(value), parts, strict=True)]
    if issubclass(origin, AbstractSet):
        member = _later(args[0])
        return lambda value: sorted((member(item) for item in value), key=msgspec.json.encode)
    if issubclass(origin, Mapping):
        inner = _later(args[1])

        def write(value: Any) -> Any:
            if not all(isinstance(key, str) for key in value):
                raise TypeError("a mapping in a row has text keys")
            return {str(key): inner(item) for key, item in value.items()}

        return write
    raise TypeError(f"no row form for {origin!r}")


def _later(kind: Any) -> Callable[[Any], Any]:
    """The writer of an inner type, looked up when it is used: a type may contain itself."""

    def write(value: Any) -> Any:
        return _downer(kind)(value)

    return write


def _tuple(value: Any) -> tuple[Any, ...]:
    if not isinstance(value, tuple):
        raise TypeError(f"expected a tuple, got {type(value).__name__}")
    return value


def _down_leaf(kind: Any) -> Callable[[Any], Any]:
    if kind is str:
        return _text
    if kind in _PLAIN:
        return partial(_plain, kind)
    if kind in _WRITTEN:
        return _WRITTEN[kind]
    if isinstance(kind, type) and issubclass(kind, Enum):
        return lambda value: kind(value).value

    def write(_value: Any) -> Any:
        raise TypeError(f"no row form for {_name(kind)}")

    return write


def _text(value: Any) -> str:
    if type(value) is str:
        return value
    if isinstance(value, str):
        return str(value)
    raise TypeError(f"expected str, got {type(value).__name__}")


def _plain(kind: type, value: Any) -> Any:
    if type(value) is kind:
        return value
    if kind is float and type(value) is int:
        return float(value)
    raise TypeError(f"expected {_name(kind)}, got {type(value).__name__}")


def _moment(value: datetime) -> str:
    if value.tzinfo is None:
        raise TypeError("a stored moment is timezone-aware")
    return value.isoformat()


_WRITTEN: Mapping[Any, Callable[[Any], Any]] = {
    datetime: _moment,
    date: lambda value: value.isoformat(),
    timedelta: lambda value: value // _MICROSECOND,
    bytes: lambda value: base64.b64encode(value).decode("ascii"),
}


class _Unreadable(Exception):
    """Something in a stored tree is not as declared. `path` grows outwards; `newer`: a newer release wrote it."""

    def __init__(self, why: str, *, newer: bool = False) -> None:
        super().__init__(why)
        self.path: list[str] = []
        self.newer = newer

    def within(self, step: str) -> "_Unreadable":
        """The same one, as seen from one level further out."""
        self.path.append(step)
        return self


@cache
def _upper(kind: Any) -> Callable[[Any], Any]:
    """How trees of this declared type are read; worked out once, since an estate has tens of thousands of rows."""
    kind = _bare(kind)
    if kind is Any or kind is object:
        return lambda tree: tree
    union = _members(kind)
    if union:
        return _up_union(union)
    if dataclasses.is_dataclass(kind):
        return _up_dataclass(cast("type", kind))
    origin = get_origin(kind)
    if origin is not None:
        return _up_container(origin, get_args(kind))
    if _is_named_tuple(kind):
        parts = tuple(_sooner(hint) for hint in get_type_hints(kind).values())

        def named(tree: Any) -> Any:
            if not isinstance(tree, list) or len(tree) != len(parts):
                raise _Unreadable(f"expected the {len(parts)} parts of {_name(kind)}")
            return kind(*(part(item) for item, part in zip(tree, parts, strict=True)))

        return named
    return _up_leaf(kind)


def _sooner(kind: Any) -> Callable[[Any], Any]:
    """The reader of an inner type: a leaf's at once, any other looked up when used, since a type may contain itself."""
    bare = _bare(kind)
    if _members(bare) or dataclasses.is_dataclass(bare) or get_origin(bare) is not None or _is_named_tuple(bare):

        def read(tree: Any) -> Any:
            return _upper(kind)(tree)

        return read
    return _upper(kind)


def _up_union(union: Sequence[Any]) -> Callable[[Any], Any]:
    nested = tuple(
        (member, _is_tagged(member, union), _sooner(member)) for member in union if dataclasses.is_dataclass(member)
    )
    mapping = next((_sooner(m) for m in union if _is_mapping(m)), None)
    every = tuple(_sooner(member) for member in union)

    def read(tree: Any) -> Any:
        if tree is None and type(None) in union:
            return None
        if isinstance(tree, dict):
            for member, is_tagged, own in nested:
                if not is_tagged:
                    return own(tree)
                if tree.get(TAG) == _name(member):
                    return own({key: item for key, item in tree.items() if key != TAG})
            if mapping is not None:
                return mapping(tree)
            raise _Unreadable("holds a kind this release does not know", newer=True)
        for one in every:
            try:
                return one(tree)
            except _Unreadable as error:
                if error.newer:
                    raise
        raise _Unreadable("no declared type matches what is stored")

    return read


def _up_dataclass(kind: type) -> Callable[[Any], Any]:
    readers: dict[str, Callable[[Any], Any]] = {}

    def read(tree: Any) -> Any:
        if not readers:
            readers.update({name: _sooner(hint) for name, hint in _fields(kind).items()})
        if not isinstance(tree, dict):
            raise _Unreadable(f"expected the fields of {kind.__name__}")
        if not tree.keys() <= readers.keys():
            unknown = ", ".join(sorted(set(tree) - set(readers)))
            raise _Unreadable(f"holds fields this release does not know ({unknown})", newer=True)
        values = {}
        name = ""
        try:
            for name, item in tree.items():
                values[name] = readers[name](item)
        except _Unreadable as error:
            raise error.within(f".{name}")  # noqa: B904  the very same error, told from further out
        try:
            return kind(**values)
        except TypeError as error:
            raise _Unreadable(f"a field of {kind.__name__} is missing") from error
        except ValueError as error:
            raise _Unreadable(f"no {kind.__name__} can be like this: {error}") from error

    return read


def _up_container(origin: Any, args: tuple[Any, ...]) -> Callable[[Any], Any]:
    if issubclass(origin, Mapping):
        inner = _sooner(args[1])

        def mapping(tree: Any) -> Any:
            if not isinstance(tree, dict):
                raise _Unreadable("expected an object")
            found = {}
            for key, item in tree.items():
                try:
                    found[key] = inner(item)
                except _Unreadable as error:
                    raise error.within(f"[{key}]")  # noqa: B904  the very same error, told from further out
            return found

        return mapping
    if issubclass(origin, AbstractSet) or (len(args) == 2 and args[1] is Ellipsis):
        every = _sooner(args[0])
        whole = frozenset if issubclass(origin, AbstractSet) else tuple
        return lambda tree: whole([every(item) for item in _list(tree)])
    parts = tuple(_sooner(arg) for arg in args)

    def fixed(tree: Any) -> Any:
        if len(_list(tree)) != len(parts):
            raise _Unreadable(f"expected {len(parts)} items")
        return tuple(part(item) for item, part in zip(tree, parts, strict=True))

    return fixed


def _list(tree: Any) -> list[Any]:
    if not isinstance(tree, list):
        raise _Unreadable("expected a list")
    return tree


_LEAVES: Mapping[Any, tuple[type, Callable[[Any], Any]]] = {
    datetime: (str, datetime.fromisoformat),
    date: (str, date.fromisoformat),
    timedelta: (int, lambda tree: timedelta(microseconds=tree)),
    bytes: (str, lambda tree: base64.b64decode(tree, validate=True)),
    str: (str, str),
    int: (int, int),
    bool: (bool, bool),
    type(None): (type(None), lambda tree: tree),
}


def _up_leaf(kind: Any) -> Callable[[Any], Any]:
    is_enum = isinstance(kind, type) and issubclass(kind, Enum)
    stored, make = _LEAVES.get(kind, (type(None), None))

    def read(tree: Any) -> Any:
        try:
            if is_enum:
                return kind(tree)
            if kind is float and type(tree) in {int, float}:
                return float(tree)
            if make is not None and type(tree) is stored:
                return make(tree)
        except ValueError as error:
            raise _Unreadable(f"not a {_name(kind)}") from error
        raise _Unreadable(f"not a {_name(kind)}")

    return read


def _bare(kind: Any) -> Any:
    while isinstance(kind, NewType):
        kind = kind.__supertype__
    return type(None) if kind is None else kind


@cache
def _members(kind: Any) -> tuple[Any, ...]:
    if get_origin(kind) is Union or isinstance(kind, types.UnionType):
        return tuple(_bare(arg) for arg in get_args(kind))
    return ()


def _is_named_tuple(kind: Any) -> bool:
    return isinstance(kind, type) and issubclass(kind, tuple) and hasattr(kind, "_fields")


def _is_tagged(member: Any, union: Sequence[Any]) -> bool:
    others = [m for m in union if dataclasses.is_dataclass(m) or _is_mapping(m)]
    return dataclasses.is_dataclass(member) and len(others) > 1


def _is_mapping(kind: Any) -> bool:
    origin = get_origin(kind)
    return isinstance(origin, type) and issubclass(origin, Mapping)


def _fitting(member: Any) -> Callable[[Any], bool]:
    """Whether a value is of this member of a union."""
    if dataclasses.is_dataclass(member):
        return lambda value: type(value) is member
    held = get_origin(member) or member
    if get_origin(member) is not None or (isinstance(member, type) and issubclass(member, Enum)):
        return lambda value: isinstance(value, held)
    if member is str:
        return lambda value: isinstance(value, str) and not isinstance(value, Enum)
    return lambda value: type(value) is member


def _name(kind: Any) -> str:
    return str(getattr(kind, "__name__", kind))


@cache
def _fields(kind: type) -> dict[str, Any]:
    hints = get_type_hints(kind)
    return {f.name: hints[f.name] for f in dataclasses.fields(kind) if f.init}
