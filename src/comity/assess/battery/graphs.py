"""Small graph questions of family `chain`: what is reachable, what a way costs, how many links a cut takes at
least."""

import heapq
from collections.abc import Iterable, Mapping, Sequence

Link = tuple[str, str]


def reaches(links: Iterable[Link], start: str, goal: str) -> bool:
    """Whether some way leads from start to goal."""
    return goal in _tree(_neighbours(links), start)


def cheapest(links: Mapping[Link, int], start: str, goal: str) -> list[str]:
    """Hosts of a cheapest way, both ends included; of equally cheap ones the first by name. [] when there is none."""
    onward: dict[str, list[tuple[str, int]]] = {}
    for (one, other), cost in sorted(links.items()):
        onward.setdefault(one, []).append((other, cost))
    queue: list[tuple[int, list[str]]] = [(0, [start])]
    done: set[str] = set()
    while queue:
        spent, way = heapq.heappop(queue)
        here = way[-1]
        if here == goal:
            return way
        if here in done:
            continue
        done.add(here)
        for other, cost in onward.get(here, ()):
            if other not in done:
                heapq.heappush(queue, (spent + cost, [*way, other]))
    return []


def least_cut(links: Sequence[Link], start: str, goal: str) -> int:
    """How many links must go at least so that no way is left (Menger: as many as there are ways without a common
    link)."""
    left = dict.fromkeys(links, 1)
    count = 0
    while True:
        came = _tree(_neighbours(link for link, free in left.items() if free), start)
        if goal not in came:
            return count
        here = goal
        while (before := came[here]) is not None:
            left[before, here] -= 1
            left[here, before] = left.get((here, before), 0) + 1
            here = before
        count += 1


def _neighbours(links: Iterable[Link]) -> dict[str, list[str]]:
    onward: dict[str, list[str]] = {}
    for one, other in links:
        onward.setdefault(one, []).append(other)
    return onward


def _tree(onward: Mapping[str, Sequence[str]], start: str) -> dict[str, str | None]:
    """Every reachable host with the one it was reached from."""
    came: dict[str, str | None] = {start: None}
    queue = [start]
    for here in queue:
        for other in onward.get(here, ()):
            if other not in came:
                came[other] = here
                queue.append(other)
    return came
