"""JavaScript lock files: npm's package-lock (lockfileVersion 1 to 3), yarn (classic and later), pnpm (5 to 9).

Every pinned pair once per place. A dependency that is linked from the project's own folders is no release of a registry
and is identified in part; an alias (`npm:name@version`) counts under the name that it stands for.
"""

import re
from collections.abc import Iterator, Mapping
from typing import Final

import yaml
from packageurl import PackageURL

from comity.errors import Problem
from comity.formats import parse, pointers
from comity.formats.listings import listing
from comity.formats.node import Node, Sheet
from comity.formats.parse import Json, Limits
from comity.model.inventory import Component, Contents

_NAME: Final = re.compile(r"(?:@[a-z0-9~_.-][a-z0-9._~-]*/)?[a-z0-9~_.-][a-z0-9._~-]*\Z", re.IGNORECASE)
_PNPM_KEY: Final = re.compile(r"/?(?P<name>(?:@[^/@\s]+/)?[^/@\s]+)[@/](?P<version>\d[^()\s/_]*)(?:[(/_].*)?\Z")
_YARN_HEAD: Final = re.compile(r'"?(?P<name>(?:@[^@/"\s]+/)?[^@"\s]+)@(?P<wanted>[^,"]*)"?')
_HELD: Final = frozenset({"packages", "dependencies"})
_OWN: Final = "it comes from a folder or repository of its own, not from a registry"


def recognises(document: Json) -> bool:
    """True for npm's own lock file."""
    return isinstance(document, dict) and "lockfileVersion" in document and bool(_HELD & document.keys())


def package_lock(document: Json) -> Contents:
    """npm's lock file. Version 2 holds its packages twice; the newer form is read."""
    sheet = Sheet()
    root = Node.root(document, sheet)
    version = root.number("lockfileVersion")
    if version not in {1, 2, 3}:
        root.problem("lockfileVersion", "unsupported_version", "Comity reads lockfileVersion 1, 2 and 3")
    packages = root.child("packages")
    nested = root.child("dependencies")
    found = list(_places(packages)) if packages is not None else list(_tree(nested)) if nested is not None else []
    listing.refuse_too_many(found)
    subject = " ".join(part for part in (root.text("name", line=True), root.text("version", line=True)) if part)
    sheet.settle("the lock file cannot be read")
    return _contents(found, f"package-lock {version}", subject)


def _places(packages: Node) -> Iterator[Component]:
    for key in packages.value:
        if not key:
            packages.take(key)
            continue  # the project itself
        node = packages.child(key)
        if node is None or node.peek("link") is True:
            continue  # a link says again what stands at its own place
        head, found, name = key.rpartition("node_modules/")
        stated = node.text("name", line=True) or (name if found else "")
        own = not found and not head.startswith("node_modules/")
        own = own or _elsewhere(node.text("resolved", line=True))
        version = node.text("version", line=True)
        development = node.peek("dev") is True
        yield _component(stated or key, version, node.pointer, development=development, gap=_OWN if own else "")


def _tree(node: Node) -> Iterator[Component]:
    for name in node.value:
        child = node.child(name)
        if child is None:
            continue
        version = child.text("version", line=True)
        alias = re.match(r"npm:(?P<name>(?:@[^/]+/)?[^@]+)@(?P<version>.+)\Z", version)
        shown, pinned = (alias["name"], alias["version"]) if alias else (name, version)
        own = _elsewhere(version) or version.startswith("file:")
        yield _component(
            shown, "" if own else pinned, child.pointer, development=child.peek("dev") is True, gap=_OWN if own else ""
        )
        inner = child.child("dependencies") if isinstance(child.peek("dependencies"), dict) else None
        if inner is not None:
            yield from _tree(inner)


def yarn(data: bytes, *, limits: Limits = listing.LIMITS) -> Contents:
    """yarn.lock: the classic form, and the YAML form of yarn 2 and later."""
    text = listing.text_of(data, limits)
    found = list(_berry(text, limits)) if re.search(r"^__metadata:", text, re.MULTILINE) else list(_classic(text))
    listing.refuse_too_many(found)
    return _contents(found, "yarn.lock", "")


def looks_like_yarn(text: str) -> bool:
    """True for both forms of yarn's lock file."""
    return "# yarn lockfile v1" in text[:400] or re.search(r"^__metadata:", text[:4000], re.MULTILINE) is not None


def _classic(text: str) -> Iterator[Component]:
    problems: list[Problem] = []
    name, wanted, place = "", "", ""
    for number, line in enumerate(text.splitlines(), 1):
        if not line.strip() or line.startswith("#"):
            continue
        if not line.startswith(" "):
            head = _YARN_HEAD.match(line)
            if head is None or not line.rstrip().endswith(":"):
                problems.append(
                    Problem(f"/line/{number}", "not_an_entry", "an entry of yarn.lock starts with name@range:")
                )
                name = ""
                continue
            name, wanted, place = head["name"], head["wanted"], f"/line/{number}"
            continue
        pinned = re.match(r'  version "?([^"\s]+)"?\s*\Z', line)
        if pinned and name:
            alias = re.match(r"npm:(?P<name>(?:@[^/]+/)?[^@]+)@", wanted)
            own = _elsewhere(wanted) or wanted.startswith(("file:", "link:"))
            yield _component(alias["name"] if alias else name, pinned[1], place, gap=_OWN if own else "")
            name = ""
    listing.settle(problems)


def _berry(text: str, limits: Limits) -> Iterator[Component]:
    for key, value in _yaml(text, limits).items():
        if key == "__metadata" or not isinstance(value, dict):
            continue
        resolution = value.get("resolution")
        stated = (
            re.match(r"(?P<name>(?:@[^/@]+/)?[^@]+)@(?P<how>\w+):", resolution) if isinstance(resolution, str) else None
        )
        version = value.get("version")
        if stated is None or not isinstance(version, str | int | float):
            continue
        own = stated["how"] in {"workspace", "link", "portal", "file"}
        if own and stated["how"] == "workspace":
            continue  # the project itself
        yield _component(stated["name"], str(version), pointers.join("", str(key)[:80]), gap=_OWN if own else "")


def looks_like_pnpm(text: str) -> bool:
    """True for pnpm's lock file."""
    return re.search(r"^lockfileVersion:", text[:4000], re.MULTILINE) is not None


def pnpm(data: bytes, *, limits: Limits = listing.LIMITS) -> Contents:
    """pnpm-lock.yaml: keys of `packages` are /name/version, /name@version(peers) or name@version by lock version."""
    document = _yaml(listing.text_of(data, limits), limits)
    packages = document.get("packages")
    problems: list[Problem] = []
    found: list[Component] = []
    for key, value in packages.items() if isinstance(packages, dict) else ():
        stated = _PNPM_KEY.match(str(key))
        body = value if isinstance(value, dict) else {}
        place = pointers.shown(pointers.join("/packages", str(key)))
        if stated is None:
            name, version = body.get("name"), body.get("version")
            if isinstance(name, str):
                found.append(_component(name, version if isinstance(version, str) else "", place, gap=_OWN))
            elif not re.match(r"(?:file|link|https?|git\S*):|@?[\w./-]+@(?:file|link|https?|git)", str(key)):
                problems.append(Problem(place, "not_a_package", "a key of `packages` is a name and a version"))
            continue
        found.append(_component(stated["name"], stated["version"], place, development=body.get("dev") is True))
    listing.settle(problems)
    listing.refuse_too_many(found)
    return _contents(found, f"pnpm-lock {str(document.get('lockfileVersion', ''))[:8]}", "")


class _NoAliases(yaml.SafeLoader):
    """Plain values only: an alias could make a small document endless."""

    def compose_node(self, parent: object, index: object) -> object:  # type: ignore[override]  # the stubs name node types
        if self.check_event(yaml.AliasEvent):
            raise yaml.YAMLError("aliases are refused")
        return super().compose_node(parent, index)  # type: ignore[arg-type]  # handed on as they came


def _yaml(text: str, limits: Limits) -> Mapping[str, Json]:
    if (
        any(len(line) - len(line.lstrip(" ")) > 2 * limits.depth for line in text.splitlines())
        or _flow_depth(text) > limits.depth
    ):
        raise listing.one_problem("structure_too_deep", f"nested more than {limits.depth} levels deep")
    try:
        document = yaml.load(text, Loader=_NoAliases)  # noqa: S506  a SafeLoader without aliases
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        raise listing.one_problem("malformed_yaml", "this is not one YAML document without aliases") from error
    return document if isinstance(document, dict) else {}


def _flow_depth(text: str) -> int:
    depth = deepest = 0
    for bracket in re.finditer(r"[\[\]{}]", text):
        depth += 1 if bracket[0] in "[{" else -1
        deepest = max(deepest, depth)
    return deepest


def _elsewhere(place: str) -> bool:
    return place.startswith(("git", "github:", "file:", "link:", "ssh:"))


def _component(name: str, version: str, place: str, *, development: bool = False, gap: str = "") -> Component:
    purl = ""
    if _NAME.match(name) and not gap:
        scope, _, rest = name.rpartition("/")
        purl = PackageURL("npm", scope or None, rest, version or None).to_string()
    return listing.component(
        ecosystem="npm",
        name=name,
        version=version,
        kind="library",
        place=place,
        purl=purl,
        development=development,
        gap=gap,
    )


def _contents(found: list[Component], format_: str, subject: str) -> Contents:
    if not found:
        raise listing.no_packages(
            "the lock file", "it pins no package: send the lock file of a project that has dependencies"
        )
    return Contents(components=tuple(found), subject=subject, format=format_)


def read_package_lock(data: bytes, *, limits: Limits = listing.LIMITS) -> Contents:
    """Bytes of package-lock.json or npm-shrinkwrap.json."""
    return package_lock(parse.decode(data, limits))
