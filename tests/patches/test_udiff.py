"""Diffs: strict reading, strict applying, and every trick that leads out of the tree or hides what a change says."""

import contextlib
import difflib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from comity.errors import Invalid
from comity.formats import udiff

GOOD = b"""A word first.
--- a/src/one.c
+++ b/src/one.c
@@ -1,3 +1,3 @@
 int a;
-int b;
+long b;
 int c;
"""
TREE = {"src/one.c": b"int a;\nint b;\nint c;\n", "src/two.c": b"x\n"}


def refused(data: bytes, tree: dict[str, bytes] | None = None) -> tuple[str, str]:
    """Pointer and code of the first problem."""
    with pytest.raises(Invalid) as caught:
        udiff.applied(udiff.read(data), TREE if tree is None else tree)
    problem = caught.value.problems[0]
    return problem.pointer, problem.code


def test_a_diff_that_fits_is_applied_and_nothing_else_changes():
    made = udiff.applied(udiff.read(GOOD), TREE)
    assert made == {"src/one.c": b"int a;\nlong b;\nint c;\n", "src/two.c": b"x\n"}


def test_a_line_that_differs_is_never_guessed_around():
    assert refused(GOOD, {"src/one.c": b"\nint a;\nint b;\nint c;\n"}) == ("/line/4", "no_match")
    assert refused(GOOD, {"src/one.c": b"int a;\nint b; \nint c;\n"}) == ("/line/4", "no_match")
    assert refused(GOOD, {}) == ("/line/2", "no_such_file")


@pytest.mark.parametrize(
    "path",
    [
        "../out.c", "/etc/passwd", "src/../../out.c", "src/./one.c", ".git/hooks/post-checkout", "src//one.c", "~/x.c",
        "src/one.c\\..\\x", "src/\u202ecod.c", "", "a" * 300, "/".join("abcdefghijklmnop"),
    ],
)  # fmt: skip
def test_a_path_that_leads_out_of_the_tree_or_hides_is_refused(path):
    data = GOOD.replace(b"a/src/one.c", f"a/{path}".encode()).replace(b"b/src/one.c", f"b/{path}".encode())
    with pytest.raises(Invalid):
        udiff.read(data)


@pytest.mark.parametrize(
    ("change", "code"),
    [
        (b"old mode 100644\nnew mode 100755\n", "mode"),
        (b"new file mode 120000\n", "mode"),
        (b"deleted file mode 160000\n", "mode"),
        (b"rename from a\nrename to b\n", "rename"),
        (b"GIT binary patch\n", "binary"),
        (b"Binary files a/x and b/x differ\n", "binary"),
    ],
)
def test_modes_links_renames_and_binaries_are_refused_by_name(change, code):
    with pytest.raises(Invalid) as caught:
        udiff.read(change + GOOD)
    assert caught.value.problems[0].code == code


def test_carriage_returns_are_refused_in_the_diff_and_in_the_file():
    with pytest.raises(Invalid) as caught:
        udiff.read(GOOD.replace(b"\n", b"\r\n"))
    assert caught.value.problems[0].code == "carriage_return"
    assert refused(GOOD, {"src/one.c": b"int a;\r\nint b;\r\nint c;\r\n"})[1] == "carriage_return"


def test_what_is_too_large_or_no_text_is_refused_before_it_is_read():
    for data in (
        GOOD + b"x" * udiff.LIMIT_BYTES,
        b"\xff\xfe" + GOOD,
        GOOD.replace(b"long b", b"long \x1b[8m b"),
        GOOD.replace(b"long b", b"l" * 5000),
        b"".join(GOOD.replace(b"one.c", b"f%d.c" % n) for n in range(udiff.FILES_LIMIT + 1)),
        GOOD.replace(b"long b", "long /*\u202e*/ b".encode()),
        b"",
        b"no diff at all\n",
        GOOD + GOOD,
    ):
        with pytest.raises(Invalid):
            udiff.read(data)


def test_a_hunk_that_lies_about_its_lines_is_refused():
    for head in (b"@@ -1,9 +1,3 @@", b"@@ -1,3 +1,9 @@", b"@@ -1,2 +1,2 @@", b"@@ -1,3 +1,3", b"@@ -x +1 @@"):
        with pytest.raises(Invalid):
            udiff.applied(udiff.read(GOOD.replace(b"@@ -1,3 +1,3 @@", head)), TREE)


def test_a_new_file_never_replaces_one_and_a_deleted_one_goes_whole():
    new = b"--- /dev/null\n+++ b/src/one.c\n@@ -0,0 +1,1 @@\n+x\n"
    assert refused(new)[1] == "exists"
    assert refused(new.replace(b"src/one.c", b"src/two.c/x.c"))[1] == "exists"
    part = b"--- a/src/one.c\n+++ /dev/null\n@@ -1,1 +0,0 @@\n-int a;\n"
    assert refused(part)[1] == "not_gone"
    whole = b"--- a/src/two.c\n+++ /dev/null\n@@ -1,1 +0,0 @@\n-x\n"
    assert "src/two.c" not in udiff.applied(udiff.read(whole), TREE)


LINES = st.lists(st.text(alphabet="ab +-@\\", max_size=6), max_size=12)


@given(old=LINES, new=LINES)
def test_what_the_standard_library_says_differs_is_what_comes_out(old, new):
    before, after = ("".join(f"{line}\n" for line in side) for side in (old, new))
    if before == after or not before or not after:
        return
    data = "".join(difflib.unified_diff(before.splitlines(True), after.splitlines(True), "a/x.c", "b/x.c", n=2))
    made = udiff.applied(udiff.read(data.encode()), {"x.c": before.encode()})
    assert made["x.c"].decode() == after


@given(st.binary(max_size=300))
def test_any_bytes_are_a_diff_or_invalid(data):
    for given_ in (data, GOOD[:40] + data, GOOD + data):
        with contextlib.suppress(Invalid):
            udiff.applied(udiff.read(given_), TREE)
