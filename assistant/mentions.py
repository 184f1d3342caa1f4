"""Which units a text names: by their heading, a distinctive part of it, or with a typing error."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from assistant.headings import (
    SPOKEN,
    Headings,
    HeadingWord,
    build_headings,
    keys_of_word,
    known_names,
)
from assistant.kinds import kinds, qualities
from assistant.language import Word, detect, fold, is_stop, words
from assistant.names import correct, per_generation
from assistant.types import Corpus

GAP = 4
"""Words that may stand between two words of one name."""
WHOLE = 0.75
"""Share of a heading's weight that names it without anything distinctive."""
LEAST = 0.3
"""Share of a heading's weight that may name it, if the kind of unit is said too."""
KEPT = 128
"""Texts whose mentions are kept: in a large corpus one may name thousands of units."""


@dataclass(frozen=True, slots=True)
class Mention:
    """A unit named by ``text[start:end]``; ``text[name_start:name_end]`` is what singles it out."""

    unit: str
    score: float
    start: int
    end: int
    name_start: int
    name_end: int


def mentions(text: str, corpus: Corpus) -> list[tuple[str, float]]:
    """Return the units that ``text`` names with a score of 0 to 1, best first, each once.

    From 0.6 on it is safe to say that the unit is meant; several units with one score are equally
    meant ("the partnerships division" where there are two).
    """
    best: dict[str, float] = {}
    for mention in find_mentions(text, corpus):
        best[mention.unit] = max(mention.score, best.get(mention.unit, 0.0))
    return sorted(best.items(), key=lambda item: (-item[1], item[0]))


def find_mentions(text: str, corpus: Corpus) -> list[Mention]:
    """Return where ``text`` names units, in the order of the text."""
    return list(_find(text, per_generation("mentions", corpus, build_headings)))


@lru_cache(maxsize=KEPT)
def _find(text: str, index: Headings) -> tuple[Mention, ...]:
    found = [word for word in words(text, "en") if word.text.strip("'’")]
    keys = _keys_of(text, found, index)
    candidates = []
    for unit, matched in _matched(keys, index):
        candidate = _best_cluster(unit, matched, found, index)
        if candidate:
            candidates.append(candidate)
    return tuple(_without_weaker(candidates, found))


def _matched(
    keys: Sequence[set[str]], index: Headings
) -> Iterator[tuple[int, Mapping[int, set[int]]]]:
    """Yield the units that the text may name; by word of the heading, the text's words it matches.

    Left out are those that ``_score`` gives nothing even if all matched words stand together.
    """
    parts = [(place, index.owners.places(key)) for place, its in enumerate(keys) for key in its]
    if not parts:
        return
    held = np.concatenate([part for _, part in parts])
    said = np.repeat([place for place, _ in parts], [len(part) for _, part in parts])
    once = np.unique(held)
    owner = np.searchsorted(index.first, once, "right") - 1
    units, its = np.unique(owner, return_inverse=True)
    lengths = index.first[units + 1] - index.first[units]
    weights = np.append(0.0, np.cumsum(index.weights))
    total = weights[index.first[units + 1]] - weights[index.first[units]]
    share = np.bincount(its, index.weights[once]) / np.maximum(total, 1e-12) + 1e-6
    kind = np.bincount(its, index.is_kind[once]) > 0
    name = np.bincount(its, index.is_name[once]) > 0
    whole = np.bincount(its) == lengths
    likely = units[whole | name | (share >= WHOLE) | (kind & (share > LEAST))]
    if not len(likely):
        return
    owners = np.searchsorted(index.first, held, "right") - 1
    kept = np.isin(owners, likely)
    hits: dict[int, dict[int, set[int]]] = defaultdict(lambda: defaultdict(set))
    rows = zip(owners[kept].tolist(), held[kept].tolist(), said[kept].tolist(), strict=True)
    for unit, word, place in rows:
        hits[unit][word - int(index.first[unit])].add(place)
    yield from hits.items()


# --- matching ----------------------------------------------------------------------------

_Candidate = tuple[float, float, frozenset[int], frozenset[int], str]


def _best_cluster(
    unit: int, matched: Mapping[int, set[int]], found: Sequence[Word], index: Headings
) -> _Candidate | None:
    """Return the best place where the words of a heading stand together, if it names the unit."""
    heading = index.headings[unit]
    places = sorted({place for its in matched.values() for place in its})
    clusters: list[list[int]] = []
    for place in places:
        if clusters and place - clusters[-1][-1] <= GAP and _joined(clusters[-1][-1], place, found):
            clusters[-1].append(place)
        else:
            clusters.append([place])
    best: _Candidate | None = None
    for cluster in clusters:
        inside = set(cluster)
        tokens = [t for t, its in matched.items() if its & inside]
        weight = sum(heading[t].weight for t in tokens)
        score = _score(heading, tokens)
        if score and (best is None or (score, weight) > best[:2]):
            own = _own(sorted(inside), found)
            best = (score, weight, frozenset(inside), frozenset(own), index.units[unit])
    return best


def _own(places: Sequence[int], found: Sequence[Word]) -> set[int]:
    """Return the places of what singles a unit out: without "regional office of" around it."""
    own = list(places)
    for end in (0, -1):
        if len(own) > 1 and kinds(found[own[end]].text):
            del own[end]
            while len(own) > 1 and qualities(found[own[end]].text):
                del own[end]
            return set(own)
    while len(own) > 1 and qualities(found[own[0]].text) and kinds(found[own[-1]].text):
        del own[0]
    return set(own)


def _score(heading: Sequence[HeadingWord], tokens: Sequence[int]) -> float:
    total = sum(token.weight for token in heading)
    share = sum(heading[t].weight for t in tokens) / total
    content = [t for t in tokens if not heading[t].kind]
    all_content = [t for t in heading if not t.kind]
    if not all_content:
        return 1.0 if len(tokens) == len(heading) else 0.0
    if not content:
        return 0.0
    if share >= 0.999:
        return 1.0 if len(heading) > 1 or heading[0].name else 0.55
    if any(heading[t].name for t in content):
        return 0.8 + 0.2 * share
    with_kind = len(content) < len(tokens)
    if share >= WHOLE and len(tokens) > 1:
        return 0.6 + 0.4 * share
    return 0.5 + 0.3 * share if with_kind and share > LEAST else 0.0


def _joined(before: int, after: int, found: Sequence[Word]) -> bool:
    between = found[before + 1 : after]
    return all(any(is_stop(w.text, code) for code in SPOKEN) for w in between)


def _without_weaker(candidates: list[_Candidate], found: Sequence[Word]) -> list[Mention]:
    """Return the mentions that no better one explains: of overlapping ones the heaviest stay."""
    candidates.sort(key=lambda c: (-round(c[1], 6), -c[0], c[4]))
    kept: list[_Candidate] = []
    rivals: dict[tuple[float, frozenset[int], frozenset[int]], None] = {}
    for candidate in candidates:
        _, weight, inside, own, _ = candidate
        if all(
            abs(its_weight - weight) < 1e-6 and theirs == own
            for its_weight, whole, theirs in rivals
            if theirs & own or whole & own
        ):
            kept.append(candidate)
            rivals[weight, inside, own] = None
    shared = Counter(k[3] for k in kept)
    others = [(inside, own) for _, inside, own in rivals]
    made = []
    for score, _, inside, own, unit in kept:
        inside = frozenset(p for p in inside if not _nearer(p, own, others))
        score = score * 0.65 if shared[own] > 1 else score
        start, end = found[min(inside)].start, found[max(inside)].end
        name_start, name_end = found[min(own)].start, found[max(own)].end
        made.append(Mention(unit, round(score, 4), start, end, name_start, name_end))
    return sorted(made, key=lambda m: (m.start, -m.score, m.unit))


def _nearer(
    place: int, own: frozenset[int], others: Sequence[tuple[frozenset[int], frozenset[int]]]
) -> bool:
    """Return whether a word around a name belongs to another name that is nearer to it."""
    if place in own:
        return False
    mine = min(abs(place - p) for p in own)
    return any(
        place in inside and min(abs(place - p) for p in theirs) < mine
        for inside, theirs in others
        if theirs != own
    )


# --- keys --------------------------------------------------------------------------------


def _keys_of(text: str, found: Sequence[Word], index: Headings) -> list[set[str]]:
    keys = [keys_of_word(word.text, index.languages) for word in found]
    for place, name in known_names(found, shouting=text.isupper()):
        keys[place].add(name)
    spoken = dict.fromkeys((*index.languages, detect(text)))
    for place, word in enumerate(found):
        if any(key in index.owners for key in keys[place]) or fold(word.text) in index.vocabulary:
            continue
        if len(word.text) < 5 or any(is_stop(word.text, code) for code in SPOKEN):
            continue
        if corrected := correct(word.text, index.spellings, spoken):
            keys[place] |= keys_of_word(corrected, index.languages)
    return keys
