"""Decide whether a patch keeps to source, and whether its builds could hide a fault from the oracle. Pure.

(L0) it applies as it stands, and touches neither tests, harnesses and proofs nor what builds the target
(L1) both builds are made; and it adds no word by which code hides from a sanitizer, catches a signal, leaves its
process, or tells a climb from use. The words are counted after preprocessing, so that no macro can spell one in parts.
A sound patch may need such a word: then a person must look, and the ladder says no more than L0.
"""

import re
from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Final

import rfc8785

from comity.errors import Invalid, Problem
from comity.formats import udiff
from comity.formats.ladder_kit import read_test
from comity.model.ids import Digest, digest
from comity.model.patch import Kit, Rise, Rung
from comity.model.recipe import Recipe

SHOWN: Final = 6
_TEST_PARTS: Final = """
    test tests testing testdata spec specs harness harnesses fuzz fuzzer fuzzers fuzzing poc pocs proof corpus oracle
    oracles examples
"""
_TEST_FILE: Final = re.compile(r"(?:test_.*|.*_tests?|tests?|conftest)\.[a-z]+\Z", re.IGNORECASE)
_BUILD_FILES: Final = re.compile(
    r"(?:makefile.*|cmakelists\.txt|configure.*|setup\.(?:py|cfg)|pyproject\.toml|.*\.(?:mk|sh|cmake|m4|ac|am|pth|toml)|"
    r"meson\.build|build|sitecustomize\.py|usercustomize\.py)\Z",
    re.IGNORECASE,
)
_SOURCE: Final = "c h cc cpp cxx hpp hh py pyi md rst txt"
_SYSTEM_HEADERS: Final = """
    assert complex ctype errno fcntl fenv float inttypes iso646 limits locale math setjmp signal stdalign stdarg
    stdatomic stdbool stddef stdint stdio stdlib stdnoreturn string tgmath threads time uchar unistd wchar wctype
"""
_HIDING_C: Final = """
    asm __asm __asm__ no_sanitize __no_sanitize__ no_sanitize_address no_sanitize_memory no_sanitize_thread
    no_address_safety_analysis disable_sanitizer_instrumentation constructor __constructor__ destructor __destructor__
    ifunc fork vfork clone clone3 posix_spawn posix_spawnp execl execlp execle execv execvp execve system popen syscall
    signal sigaction sigprocmask sigaltstack dup2 dup3 freopen setrlimit prctl ptrace dlsym dlopen setjmp sigsetjmp
    longjmp siglongjmp socket connect
"""
HIDING_C: Final = frozenset(_HIDING_C.split())
HIDING_C_PREFIXES: Final = ("__asan", "__sanitizer", "__lsan", "__ubsan", "__interceptor", "__wrap_", "__tsan")
_HIDING_PYTHON: Final = """
    exec eval compile __import__ globals vars _getframe settrace setprofile setrecursionlimit addaudithook ctypes gc
    inspect signal atexit subprocess socket multiprocessing _exit fork forkpty execv execve posix_spawn kill killpg dup2
    fdopen excepthook unraisablehook faulthandler __builtins__ builtins importlib runpy unittest resource marshal pickle
    modules meta_path path_hooks
"""
HIDING_PYTHON: Final = frozenset(_HIDING_PYTHON.split())
BARE_PYTHON: Final = frozenset({"exec", "eval", "compile", "globals", "vars"})
"""Of these only the built-in counts: `re.compile` is an everyday call."""
MARKS: Final = ("/proc", "/driver", "/inputs", "/work/", "/build/", "/target", "comity", "canary", "ASAN_OPTIONS")
"""Texts by which code could tell a climb from use."""


def touching(path: str, *, is_new: bool, files: Iterable[str], recipe: Recipe, kit: Kit | None) -> str:
    """Why a patch may not touch this path; "" when it may. Names are compared without case."""
    parts = path.split("/")
    name = parts[-1]
    stem, _, suffix = name.lower().rpartition(".")
    if any(part.lower() in _TEST_PARTS.split() for part in parts[:-1]) or _TEST_FILE.match(name):
        return "tests, harnesses and proofs are not a patch's to change"
    if kit is not None and any(path == one or (one.endswith("/") and path.startswith(one)) for one in kit.protected):
        return "the case's kit protects this path"
    if _BUILD_FILES.match(name) or any(part.endswith((".dist-info", ".egg-info")) for part in parts):
        return "build scripts and metadata are not a patch's to change: the recipe builds"
    if suffix not in _SOURCE.split():
        return "only source and its documentation are patched"
    if not is_new:
        return ""
    if recipe.native:
        return (
            "a new file stands in for a header of the system"
            if suffix == "h" and stem in _SYSTEM_HEADERS.split()
            else ""
        )
    tops = {one.split("/")[0] for one in files if "/" in one}
    return "" if len(parts) > 1 and parts[0] in tops else "a new file lies outside of the target's packages"


def applies(
    data: bytes, files: Mapping[str, bytes], *, recipe: Recipe, kit: Kit | None, test: bytes = b""
) -> tuple[Rise, dict[str, bytes] | None]:
    """(L0) The rung, and the tree that the patch leaves when it is reached."""
    try:
        diff = udiff.read(data)
        problems = [
            Problem(f"/line/{change.line}", "not_its_own", why)
            for change in diff.changes
            if (why := touching(change.path, is_new=change.is_new, files=files, recipe=recipe, kit=kit))
        ]
        made = {} if problems else udiff.applied(diff, files)
        if test:
            read_test(test)
    except Invalid as error:
        return _refused(data, error.problems or (Problem("", "refused", str(error)),)), None
    if problems:
        return _refused(data, problems), None
    added, removed = (sum(getattr(one, key) for one in diff.changes) for key in ("added", "removed"))
    facts = (("files", str(len(diff.changes))), ("lines added", str(added)), ("lines removed", str(removed)))
    said = f"{len(diff.changes)} file{'s' if len(diff.changes) != 1 else ''}, +{added} -{removed} lines"
    return Rise(rung=Rung.L0, reached=True, said=said, facts=facts, digest=digest(data)), made


def _refused(data: bytes, problems: Iterable[Problem]) -> Rise:
    told = "; ".join(f"{one.pointer or '/'}: {one.reason}" for one in list(problems)[:3])
    return Rise(rung=Rung.L0, reached=False, said=told, digest=digest(data))


def words_of_c(preprocessed: str) -> Counter[str]:
    """Hiding words in the target's own lines of preprocessed C; what system headers declare does not count.

    After preprocessing no macro can spell a word in parts.
    """
    own = False
    found: Counter[str] = Counter()
    for line in preprocessed.splitlines():
        marker = re.match(r'# \d+ "([^"]*)"', line)
        if marker is not None:
            own = marker[1].startswith("/target/")
            continue
        if not own:
            continue
        for word in re.findall(r"[A-Za-z_]\w*", line):
            if word in HIDING_C or word.startswith(HIDING_C_PREFIXES):
                found[word] += 1
        found.update(mark for mark in MARKS if mark in line)
    return found


def builds(before: Mapping[str, int] | str, after: Mapping[str, int] | str) -> Rise:
    """(L1) Of the hiding words in each build, or why one of them was not made."""
    for side, held in (("the unpatched target", before), ("the patched target", after)):
        if isinstance(held, str):
            return Rise(rung=Rung.L1, reached=False, said=f"{side}: {held}", digest=_digest(str(held)))
    assert not isinstance(before, str)
    assert not isinstance(after, str)
    more = sorted(word for word, count in after.items() if count > before.get(word, 0))
    seen = _digest({"before": dict(before), "after": dict(after)})
    if more:
        said = f"it adds {', '.join(more[:SHOWN])}, by which a patch can hide a fault or tell a test from use"
        return Rise(rung=Rung.L1, reached=False, said=said, facts=(("adds", ", ".join(more[:SHOWN])),), digest=seen)
    return Rise(rung=Rung.L1, reached=True, said="both builds were made the same way", digest=seen)


def _digest(value: object) -> Digest:
    return digest(rfc8785.dumps(value))  # type: ignore[arg-type]  # plain JSON, made above
