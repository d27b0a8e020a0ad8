"""A planted mistake does not look planted: classifiers that see many trees with and without one stay near chance.

Naive Bayes over tokens and pairs of tokens, and the best single token by its count (names that mean nothing become one
token, numbers stay as they are), trained on one half of the seeds and tried on the other. What they must not find is a
word, a number or a missing line that gives the site away; the relation that makes the mistake is there to be found.
"""

import math
import re
from collections import Counter
from itertools import pairwise

import pytest

from comity.assess.battery.draw import Draw
from comity.assess.battery.families import FAMILIES, at_level, generate

WITH_TREES = sorted(name for name, family in FAMILIES.items() if family.trees is not None)
TREES = {"parser": 800, "webapp": 800, "rootcause": 120}
"""Per class; half of them train. A tree of `rootcause` costs the search for examples that only one line explains."""
SIGMAS = 4
"""Sixteen comparisons are made: at three, one of them is over the limit by chance in a fiftieth of all seeds."""
TOKEN = re.compile(r"[A-Za-z_]+|\d+|[^\sA-Za-z_\d]+")
WORDS = """
if else for while return free calloc struct box int uint8_t unsigned enum xs min max in def user record state team owner
rank code sum and or not
"""
KEPT = frozenset(WORDS.split())


def features(text: str) -> Counter[str]:
    tokens = [
        t if not t[0].isalpha() or t in KEPT else ("NAME" if t.isupper() else "name") for t in TOKEN.findall(text)
    ]
    return Counter(tokens) + Counter(f"{a} {b}" for a, b in pairwise(tokens))


def trees(name: str, planted: bool, level: int, count: int = 0) -> list[Counter[str]]:
    family = FAMILIES[name]
    assert family.trees is not None
    made = []
    for seed in range(count or TREES[name]):
        files = family.trees(Draw(f"tell-tale {name} {planted} {seed}"), at_level(name, level), planted)
        made.append(features("\n".join(content.decode() for content in files.values())))
    return made


def by_bayes(with_bug: list[Counter[str]], without: list[Counter[str]]) -> float:
    """Share of unseen trees that naive Bayes over the presence of each token tells right."""
    half = len(with_bug) // 2
    held = [Counter(word for tree in side[:half] for word in tree) for side in (with_bug, without)]
    words = {word for word, count in (held[0] + held[1]).items() if count > half // 10}
    weights = {word: math.log((held[0][word] + 1) / (held[1][word] + 1)) for word in words}

    def score(tree: Counter[str]) -> float:
        return sum(weights.get(word, 0.0) for word in tree)

    cut = sorted(score(tree) for tree in (*with_bug[:half], *without[:half]))[half]
    right = sum(score(tree) > cut for tree in with_bug[half:]) + sum(score(tree) <= cut for tree in without[half:])
    return right / (2 * (len(with_bug) - half))


def by_best_token(with_bug: list[Counter[str]], without: list[Counter[str]]) -> float:
    """Share of unseen trees that the best token of the seen ones tells right, by more or fewer than so many of it."""
    half = len(with_bug) // 2
    seen = (with_bug[:half], without[:half])
    best, rule = 0, ("", 0, True)
    held = Counter(word for tree in (*seen[0], *seen[1]) for word in tree)
    for word in sorted(word for word, count in held.items() if count > half // 10):
        for cut in range(4):
            above = sum(tree[word] > cut for tree in seen[0]) + sum(tree[word] <= cut for tree in seen[1])
            for right, more in ((above, True), (2 * half - above, False)):
                if right > best:
                    best, rule = right, (word, cut, more)
    word, cut, more = rule
    told = sum((tree[word] > cut) == more for tree in with_bug[half:])
    told += sum((tree[word] > cut) != more for tree in without[half:])
    return told / (2 * (len(with_bug) - half))


@pytest.mark.parametrize(
    ("name", "level"),
    [
        (name, level) for name in WITH_TREES for level in (0, 2, 4) if (name, level) != ("rootcause", 4)
    ],  # costs a minute
)
def test_classifiers_stay_near_chance_on_trees_with_and_without_a_planted_mistake(name, level):
    sides = trees(name, True, level), trees(name, False, level)
    limit = 0.5 + SIGMAS * math.sqrt(0.25 / TREES[name])
    assert by_bayes(*sides) <= limit
    assert by_best_token(*sides) <= limit


def test_the_classifiers_find_mistakes_that_do_look_planted():
    clean = trees("parser", False, 1, 200)
    marked = [tree + Counter({"goto": 1}) for tree in trees("parser", True, 1, 200)]
    assert by_best_token(marked, clean) == 1
    assert by_bayes(marked, clean) > 0.9


@pytest.mark.parametrize("seed", range(12))
def test_no_number_and_no_limit_of_a_parser_occurs_only_at_its_planted_site(seed):
    item = generate("parser", seed, at_level("parser", seed % 4))
    text = item.public["parser.c"].decode()
    assert isinstance(item.oracle, dict)
    site = item.oracle["sites"][0]
    body = re.search(rf"static int {site}\(.*?\n}}\n", text, re.DOTALL)
    assert body is not None
    rest = text.replace(body[0], "")
    kinds = re.findall(r"type == (\d+)\) {\n +int code = (\w+)", text)
    own = next(kind for kind, name in kinds if name == site)
    assert sum(kind == own for kind, _ in kinds) > 1
    for token in set(re.findall(r"\b\d+u?\b|\b[A-Z]{4,}\b", body[0])):
        assert re.search(rf"\b{token}\b", rest), token
