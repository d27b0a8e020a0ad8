"""CSAF 2.1 6.1.60.1: extensions have the form that the standard gives them.

6.1.60.2 and 6.1.60.3 ask whether an extension meets a schema and metadata that lie with whoever made it. Nothing is
fetched here: those two say nothing, and `mandatory.NOT_RUN` names them.
"""

from collections.abc import Iterator
from typing import Final

from comity.errors import Problem
from comity.formats.csaf_rules.paper import items, mapping, text
from comity.formats.csaf_rules_2_1.paper import EXTENSIONS, NewPaper

CATEGORIES: Final = ("essential", "significant", "supplementary")
KEYS: Final = ("$schema", "category", "content", "critical")


def malformed_extensions(paper: NewPaper) -> Iterator[Problem]:
    """6.1.60.1: an extension has a schema, a category, content and a word on whether it is critical; nothing else."""
    for owner in paper.objects():
        for held in items(owner.value, owner.pointer, EXTENSIONS):
            for key in KEYS:
                if key not in held.value:
                    yield Problem(f"{held.pointer}/{key}", "csaf_6.1.60.1", "must be there")
            for key in sorted(held.value.keys() - set(KEYS)):
                yield Problem(f"{held.pointer}/{key}", "csaf_6.1.60.1", "is nothing that an extension has")
            if "category" in held.value and text(held.value["category"]) not in CATEGORIES:
                yield Problem(f"{held.pointer}/category", "csaf_6.1.60.1", f"must be one of: {', '.join(CATEGORIES)}")
            if "content" in held.value and not mapping(held.value["content"]):
                yield Problem(f"{held.pointer}/content", "csaf_6.1.60.1", "must be an object that holds something")
            if "critical" in held.value and not isinstance(held.value["critical"], bool):
                yield Problem(f"{held.pointer}/critical", "csaf_6.1.60.1", "must be true or false")
