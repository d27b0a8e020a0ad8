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
from functools import cache
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
    return cast("T", _up(tree, kind, _name(kind)))


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
    return lambda value: _down_leaf(value, kind)


def _down_dataclass(kind: type) -> Callable[[Any], Any]:
    fields = tuple((name, hint) for name, hint in _fields(kind).items())

    def write(value: Any) -> Any:
        if type(value) is not kind:
            raise TypeError(f"expected {_name(kind)}, got {type(value).__name__}")
        return {name: _downer(hint)(getattr(value, name)) for name, hint in fields}

    return write


def _down_union(union: Sequence[Any]) -> Callable[[Any], Any]:
    def write(value: Any) -> Any:
        member = next((m for m in union if _fits(value, m)), None)
        if member is None:
            raise TypeError(f"{type(value).__name__} is none of {', '.join(_name(m) for m in union)}")
        tree = _downer(member)(value)
        return {TAG: member.__name__, **tree} if _is_tagged(member, union) else tree

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


def _down_leaf(value: Any, kind: Any) -> Any:
    if isinstance(kind, type) and issubclass(kind, Enum):
        return kind(value).value
    if kind is datetime:
        if value.tzinfo is None:
            raise TypeError("a stored moment is timezone-aware")
        return value.isoformat()
    if kind is date:
        return value.isoformat()
    if kind is timedelta:
        return value // _MICROSECOND
    if kind is bytes:
        return base64.b64encode(value).decode("ascii")
    if kind is float and type(value) is int:
        return float(value)
    if kind in _PLAIN:
        if type(value) is not kind and not (kind is str and isinstance(value, str)):
            raise TypeError(f"expected {_name(kind)}, got {type(value).__name__}")
        return str(value) if kind is str else value
    raise TypeError(f"no row form for {_name(kind)}")


def _up(tree: Any, kind: Any, place: str) -> Any:
    kind = _bare(kind)
    if kind is Any or kind is object:
        return tree
    union = _members(kind)
    if union:
        return _up_union(tree, union, place)
    if dataclasses.is_dataclass(kind):
        return _up_dataclass(tree, cast("type", kind), place)
    origin = get_origin(kind)
    if origin is not None:
        return _up_container(tree, origin, get_args(kind), place)
    if _is_named_tuple(kind):
        hints = tuple(get_type_hints(kind).values())
        if not isinstance(tree, list) or len(tree) != len(hints):
            raise Tampered(f"{place}: expected the {len(hints)} parts of {_name(kind)}")
        return kind(*(_up(item, hint, place) for item, hint in zip(tree, hints, strict=True)))
    return _up_leaf(tree, kind, place)


def _up_union(tree: Any, union: Sequence[Any], place: str) -> Any:
    if isinstance(tree, dict):
        for member in union:
            if not dataclasses.is_dataclass(member):
                continue
            if not _is_tagged(member, union):
                return _up(tree, member, place)
            if tree.get(TAG) == _name(member):
                return _up({key: item for key, item in tree.items() if key != TAG}, member, place)
        mapping = next((m for m in union if _is_mapping(m)), None)
        if mapping is not None:
            return _up(tree, mapping, place)
        raise Unavailable(f"{place} holds a kind this release does not know: upgrade Comity")
    scalar = next((m for m in union if _reads(tree, m)), None)
    if scalar is None:
        raise Tampered(f"{place}: no declared type matches what is stored")
    return _up(tree, scalar, place)


def _up_dataclass(tree: Any, kind: type, place: str) -> Any:
    if not isinstance(tree, dict):
        raise Tampered(f"{place}: expected the fields of {kind.__name__}")
    hints = _fields(kind)
    unknown = sorted(set(tree) - set(hints))
    if unknown:
        raise Unavailable(f"{place} holds fields this release does not know ({', '.join(unknown)}): upgrade Comity")
    values = {name: _up(tree[name], hints[name], f"{place}.{name}") for name in tree}
    try:
        return kind(**values)
    except TypeError as error:
        raise Tampered(f"{place}: a field of {kind.__name__} is missing") from error
    except ValueError as error:
        raise Tampered(f"{place}: no {kind.__name__} can be like this: {error}") from error


def _up_container(tree: Any, origin: Any, args: tuple[Any, ...], place: str) -> Any:
    if issubclass(origin, Mapping):
        if not isinstance(tree, dict):
            raise Tampered(f"{place}: expected an object")
        return {key: _up(item, args[1], f"{place}[{key}]") for key, item in tree.items()}
    if not isinstance(tree, list):
        raise Tampered(f"{place}: expected a list")
    if issubclass(origin, AbstractSet):
        return frozenset(_up(item, args[0], place) for item in tree)
    if len(args) == 2 and args[1] is Ellipsis:
        return tuple(_up(item, args[0], place) for item in tree)
    if len(args) != len(tree):
        raise Tampered(f"{place}: expected {len(args)} items")
    return tuple(_up(item, arg, place) for item, arg in zip(tree, args, strict=True))


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


def _up_leaf(tree: Any, kind: Any, place: str) -> Any:
    try:
        if isinstance(kind, type) and issubclass(kind, Enum):
            return kind(tree)
        if kind is float and type(tree) in {int, float}:
            return float(tree)
        stored, read = _LEAVES.get(kind, (type(None), None))
        if read is not None and type(tree) is stored:
            return read(tree)
    except ValueError as error:
        raise Tampered(f"{place}: not a {_name(kind)}") from error
    raise Tampered(f"{place}: not a {_name(kind)}")


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


def _fits(value: Any, member: Any) -> bool:
    if dataclasses.is_dataclass(member):
        return type(value) is member
    origin = get_origin(member)
    if origin is not None:
        return isinstance(value, origin)
    if isinstance(member, type) and issubclass(member, Enum):
        return isinstance(value, member)
    return type(value) is member or (member is str and isinstance(value, str) and not isinstance(value, Enum))


def _reads(tree: Any, member: Any) -> bool:
    try:
        _up(tree, member, "")
    except Tampered:
        return False
    return True


def _name(kind: Any) -> str:
    return str(getattr(kind, "__name__", kind))


@cache
def _fields(kind: type) -> dict[str, Any]:
    hints = get_type_hints(kind)
    return {f.name: hints[f.name] for f in dataclasses.fields(kind) if f.init}
