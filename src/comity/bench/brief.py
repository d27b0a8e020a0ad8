"""Bench `brief`: how long a keyless brief takes, how well the article is found in its page, how stories are told apart.

One article of 1,000 words is made of sentences of this file; throughput runs the pages of `article-extraction.jsonl.gz`
(`--articles DIR`) through the whole keyless pipeline (page to text by two readers, class, mentions, draft, gates, text)
in two processes. Extraction is scored as the public benchmark does it: precision and recall of runs of four words, each
averaged over pages. The pages are third-party texts: measured here, never printed.
"""

import argparse
import gzip
import json
import os
import random
import statistics
import time
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from pathlib import Path
from typing import Any, Final

from comity.bench.brief_stories import ITEMS, scores
from comity.brief import cluster, page, told
from comity.brief.extractors import AGREE, extract, runs
from comity.brief.gather import Registered, read
from comity.brief.make import make
from comity.errors import Invalid, Missing
from comity.model.article import Source

FILE: Final = "article-extraction.jsonl.gz"
NOW: Final = datetime(2026, 11, 25, tzinfo=UTC)
_RUNS: Final = 7
_BAD: Final = 0.9
_DRAWS: Final = 1000
_LINES: Final = (
    "The agency may extend its directive to {n} operators by 3 December 2026, according to a draft.",
    "A spokesperson said that CVE-2026-1{n:04d} in Northwind Gateway version 3.0.{n} was exploited in {n} cases.",
    "Utilities asked for more time, and the inspector general reported that {n} percent of them have a plan.",
    "Nobody knows yet whether the costs will stay below ${n} million, but the programme is voluntary.",
    "Example Lab published {n} findings and told vendors to release patches within {n} days.",
)


def run(args: list[str]) -> dict[str, Any]:
    """The JSON object of the bench contract. Without the pages only the made article is measured, and that is said."""
    parser = argparse.ArgumentParser(prog="comity bench brief", description=__doc__)
    parser.add_argument("--articles", default="../shared/data/brief", help="folder with article-extraction.jsonl.gz")
    options = parser.parse_args(args)
    article = made_article(1000)
    _one(article)
    single = statistics.median(_timed(article) for _ in range(_RUNS))
    result: dict[str, Any] = {
        "single_seconds": round(single, 4),
        "single_words": 1000,
        "goal_single_seconds": 2.0,
        "goal_articles_per_s": 20.0,
        "calibration_seconds": round(_calibration(), 4),
        "stories": _stories(),
        "missing": [],
    }
    path = Path(options.articles) / FILE
    try:
        pages = read_pages(path)
    except Missing as error:
        result |= {"articles_per_s": None, "missing": [str(error)]}
        return result
    return result | _throughput([html for html, _ in pages]) | {"extraction": extraction(pages)}


def table(result: dict[str, Any]) -> str:
    """The same for people."""
    single = f"one article of {result['single_words']} words: {result['single_seconds']:.3f} s"
    lines = [f"{single} (goal {result['goal_single_seconds']}); calibration {result['calibration_seconds']:.3f} s"]
    if result.get("articles_per_s") is None:
        lines += [f"missing: {one}" for one in result["missing"]]
    else:
        lines.append(
            f"{result['articles']} pages in {result['processes']} processes on {result['cores']} cores: "
            f"{result['articles_per_s']:.1f} articles/s (goal {result['goal_articles_per_s']:.0f}); one process "
            f"{result['one_process_per_s']:.1f}, {result['processor_seconds_per_article'] * 1000:.0f} ms of processor; "
            f"{result['refused']} refused; {result['blocked']} blocked by a gate"
        )
        found = result["extraction"]
        lines.append(f"article found in its page ({found['pages']} pages): precision, recall, F1 of runs of four words")
        for name in ("comity", "own reader alone"):
            row = found[name]
            low, high = row["interval_95"]
            lines.append(
                f"  {name:<18} {row['precision']:.3f} {row['recall']:.3f} {row['f1']:.3f} [{low:.3f}, {high:.3f}]"
            )
        lines.append(
            f"  agreement below {found['agree']}: {found['sent']} pages sent to a person; it catches "
            f"{found['bad_caught']} of the {found['bad']} pages with F1 below {found['bad_below']}"
        )
    stories = result["stories"]
    lines.append(
        f"stories ({stories['items']} hand-labelled texts): B-cubed F1 {stories['b_cubed_f1']:.3f}, V-measure "
        f"{stories['v_measure']:.3f}, false merges {stories['false_merges']}, false splits {stories['false_splits']}; "
        f"origins counted right in {stories['origins_right']} of {stories['stories']} stories"
    )
    return "\n".join(lines)


def made_article(words_: int) -> str:
    """A page of that many words, the same each time."""
    lines: list[str] = []
    number = 0
    while sum(len(line.split()) for line in lines) < words_:
        lines.append(_LINES[number % len(_LINES)].format(n=number + 3))
        number += 1
    body = "".join(f"<p>{' '.join(lines[at : at + 4])}</p>" for at in range(0, len(lines), 4))
    return f"<html><head><title>Notice of the week</title></head><body><article>{body}</article></body></html>"


def read_pages(path: Path) -> list[tuple[str, str]]:
    """(page, article's true text). Missing when the file is not there."""
    if not path.is_file():
        raise Missing(f"there is no {FILE} in the folder given")
    with gzip.open(path, "rt", encoding="utf-8") as lines:
        return [(held["html"], held["articleBody"]) for held in map(json.loads, lines)]


def _one(html: str) -> bool | None:
    """One keyless brief, text and all; whether a gate blocks it, None when the page is refused."""
    try:
        sources = read(html.encode(), url="https://example.org/a", retrieved_at=NOW, about=Registered(name="A page"))
    except Invalid:
        return None
    held = make(sources)
    told.text(held)
    return held.checked.blocked


def _timed(html: str) -> float:
    start = time.perf_counter()
    _one(html)
    return time.perf_counter() - start


def _calibration() -> float:
    """A fixed amount of plain work, so that figures of two machines can be compared."""
    start = time.perf_counter()
    sum(number * number for number in range(2_000_000))
    return time.perf_counter() - start


def _throughput(pages: Sequence[str]) -> dict[str, Any]:
    processes = 2
    with ProcessPoolExecutor(max_workers=processes) as pool:
        list(pool.map(_one, pages[:4]))  # both are up before the clock starts
        start = time.perf_counter()
        outcomes = list(pool.map(_one, pages, chunksize=4))
        both = time.perf_counter() - start
    start, used = time.perf_counter(), time.process_time()
    for html in pages[::4]:
        _one(html)
    some = max(1, len(pages[::4]))
    alone, processor = (time.perf_counter() - start) / some, (time.process_time() - used) / some
    return {
        "articles": len(pages),
        "processes": processes,
        "cores": os.cpu_count(),
        "articles_per_s": round(len(pages) / both, 2),
        "one_process_per_s": round(1 / alone, 2),
        "processor_seconds_per_article": round(processor, 4),
        "refused": outcomes.count(None),
        "blocked": outcomes.count(True),
    }


def extraction(pages: Sequence[tuple[str, str]]) -> dict[str, Any]:
    """Scores of the text that a brief is made from, of our plain reader alone, and what the agreement gate catches."""
    ours, own, agreed = [], [], []
    for html, truth in pages:
        seen = page.see(html)
        found = extract(seen)
        ours.append(_counts(truth, found.text))
        own.append(_counts(truth, seen.text))
        agreed.append(found.agreement is not None and found.agreement >= AGREE and not found.needs_person)
    each = [_f1(one) for one in ours]
    bad = [place for place, value in enumerate(each) if value < _BAD]
    return {
        "pages": len(pages),
        "comity": _scored(ours),
        "own reader alone": _scored(own),
        "agree": AGREE,
        "bad_below": _BAD,
        "sent": agreed.count(False),
        "bad": len(bad),
        "bad_caught": sum(not agreed[place] for place in bad),
    }


_Counts = tuple[int, int, int]


def _counts(truth: str, text: str) -> _Counts:
    """Shared runs, runs found, runs that are true."""
    right, given = runs(truth), runs(text)
    return sum((right & given).values()), sum(given.values()), sum(right.values())


def _f1(one: _Counts) -> float:
    return 2 * one[0] / (one[1] + one[2]) if one[1] + one[2] else 1.0


def _scored(rows: Sequence[_Counts]) -> dict[str, Any]:
    precision, recall, f1 = _means(rows)
    draw = random.Random(20261125)  # noqa: S311 - a bootstrap, no secret
    draws = sorted(_means(draw.choices(rows, k=len(rows)))[2] for _ in range(_DRAWS))
    return {
        "precision": precision,
        "recall": recall,
        "f1": f1,
        "interval_95": (draws[int(0.025 * _DRAWS)], draws[int(0.975 * _DRAWS)]),
    }


def _means(rows: Sequence[_Counts]) -> tuple[float, float, float]:
    precisions = [shared / found for shared, found, _ in rows if found]
    recalls = [shared / true for shared, _, true in rows if true]
    precision = sum(precisions) / len(precisions) if precisions else 0.0
    recall = sum(recalls) / len(recalls) if recalls else 0.0
    return precision, recall, 2 * precision * recall / (precision + recall) if precision + recall else 0.0


def sources_of_stories() -> list[Source]:
    """The hand-labelled items as sources, without their labels."""
    first = datetime(2026, 9, 1, tzinfo=UTC)
    return [
        Source(
            name=item.name,
            url=f"https://example.org/{number}",
            title=item.title,
            text=item.text,
            published_at=first + timedelta(days=item.day),
            retrieved_at=NOW,
            sha256=sha256(item.text.encode()).hexdigest(),
            text_sha256=sha256(item.text.encode()).hexdigest(),
        )
        for number, item in enumerate(ITEMS)
    ]


def _stories() -> dict[str, Any]:
    grouped = cluster.stories(sources_of_stories())
    found = [0] * len(ITEMS)
    for number, story in enumerate(grouped):
        for place in story.members:
            found[place] = number
    right = 0
    labels = sorted({item.story for item in ITEMS})
    for label in labels:
        truth = len({item.origin for item in ITEMS if item.story == label})
        places = [place for place, item in enumerate(ITEMS) if item.story == label]
        right += len(cluster.origins(sources_of_stories(), places)[0]) == truth
    return {
        "items": len(ITEMS),
        "stories": len(labels),
        **scores([item.story for item in ITEMS], found),
        "origins_right": right,
    }
