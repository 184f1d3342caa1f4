"""Which units a text names: by their heading, a distinctive part of it, or with a typing error."""

from __future__ import annotations

import math
import re
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

from assistant.kinds import is_plural, kinds, qualities
from assistant.language import Word, fold, is_stop, stem, words
from assistant.names import correct, folded_words, general, per_generation, vocabulary_of
from assistant.types import Corpus, Unit

GAP = 3
"""Words that may stand between two words of one name."""
COMMON = 0.25
"""Share of the units from which on a word in their text does not single one out."""
LIGHT = 0.3
"""What a word counts that says the kind of unit, or stands in brackets."""
WHOLE = 0.75
"""Share of a heading's weight that names it without anything distinctive."""


@dataclass(frozen=True, slots=True)
class Mention:
    """A unit named by ``text[start:end]``; ``text[name_start:name_end]`` is what singles it out."""

    unit: str
    score: float
    start: int
    end: int
    name_start: int
    name_end: int


@dataclass(frozen=True, slots=True)
class _Token:
    """A word of a heading: the keys it is matched by, its weight, and whether it is a name."""

    keys: frozenset[str]
    weight: float
    kind: bool
    name: bool


@dataclass(frozen=True, slots=True, eq=False)
class _Index:
    units: tuple[str, ...]
    headings: tuple[tuple[_Token, ...], ...]
    owners: Mapping[str, tuple[tuple[int, int], ...]]
    languages: tuple[str, ...]
    spellings: Mapping[str, int]
    vocabulary: Mapping[str, int]


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
    return list(_find(text, per_generation("mentions", corpus, _build)))


@lru_cache(maxsize=1024)
def _find(text: str, index: _Index) -> tuple[Mention, ...]:
    found = [word for word in words(text, "en") if word.text.strip("'’")]
    keys = _keys_of(text, found, index)
    hits: dict[int, dict[int, set[int]]] = defaultdict(lambda: defaultdict(set))
    for place, its in enumerate(keys):
        for key in its:
            for unit, token in index.owners.get(key, ()):
                hits[unit][token].add(place)
    candidates = []
    for unit, matched in hits.items():
        candidate = _best_cluster(unit, matched, found, index)
        if candidate:
            candidates.append(candidate)
    return tuple(_without_weaker(candidates, found))


_SPOKEN = ("fr", "en", "es", "de", "it", "pt")

# --- matching ----------------------------------------------------------------------------

_Candidate = tuple[float, float, frozenset[int], frozenset[int], str]


def _best_cluster(
    unit: int, matched: Mapping[int, set[int]], found: Sequence[Word], index: _Index
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


def _score(heading: Sequence[_Token], tokens: Sequence[int]) -> float:
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
    return 0.5 + 0.3 * share if with_kind and share > 0.3 else 0.0


def _joined(before: int, after: int, found: Sequence[Word]) -> bool:
    between = found[before + 1 : after]
    return all(any(is_stop(w.text, code) for code in _SPOKEN) for w in between)


def _without_weaker(candidates: list[_Candidate], found: Sequence[Word]) -> list[Mention]:
    """Return the mentions that no better one explains: of overlapping ones the heaviest stay."""
    candidates.sort(key=lambda c: (-round(c[1], 6), -c[0], c[4]))
    kept: list[_Candidate] = []
    for candidate in candidates:
        rivals = [k for k in kept if k[3] & candidate[3] or k[2] & candidate[3]]
        if all(abs(k[1] - candidate[1]) < 1e-6 and k[3] == candidate[3] for k in rivals):
            kept.append(candidate)
    shared = Counter(k[3] for k in kept)
    made = []
    for score, _, inside, own, unit in kept:
        inside = frozenset(p for p in inside if not _nearer(p, own, kept))
        score = score * 0.65 if shared[own] > 1 else score
        start, end = found[min(inside)].start, found[max(inside)].end
        name_start, name_end = found[min(own)].start, found[max(own)].end
        made.append(Mention(unit, round(score, 4), start, end, name_start, name_end))
    return sorted(made, key=lambda m: (m.start, -m.score, m.unit))


def _nearer(place: int, own: frozenset[int], others: Sequence[_Candidate]) -> bool:
    """Return whether a word around a name belongs to another name that is nearer to it."""
    if place in own:
        return False
    mine = min(abs(place - p) for p in own)
    return any(
        place in inside and min(abs(place - p) for p in theirs) < mine
        for _, _, inside, theirs, _ in others
        if theirs != own
    )


# --- keys --------------------------------------------------------------------------------


def _keys_of(text: str, found: Sequence[Word], index: _Index) -> list[set[str]]:
    keys = [_plain_keys(word.text, index.languages) for word in found]
    for place, name in _places(found, shouting=text.isupper()):
        keys[place].add(name)
    for place, word in enumerate(found):
        if any(key in index.owners for key in keys[place]) or fold(word.text) in index.vocabulary:
            continue
        if len(word.text) < 5 or any(is_stop(word.text, code) for code in _SPOKEN):
            continue
        if corrected := correct(word.text, index.spellings, "fr"):
            keys[place] |= _plain_keys(corrected, index.languages)
    return keys


def _plain_keys(word: str, languages: Sequence[str]) -> set[str]:
    if any(is_stop(word, language) for language in ("fr", "en", "es")) and not word.isupper():
        return set()
    keys = {f"{language}:{stem(word, language)}" for language in languages}
    keys.add(f"={fold(word)}")
    many = "s" if is_plural(word) else ""
    keys |= {f"kind:{kind}{many}" for kind in kinds(word)}
    return keys | {f"quality:{quality}" for quality in qualities(word)}


def _places(found: Sequence[Word], shouting: bool = False) -> list[tuple[int, str]]:
    """Return which words are part of a known name, as (index, key of the place or body)."""
    table = _place_table()
    folded = [fold(word.text).strip("'") for word in found]
    keys = []
    for at in range(len(folded)):
        for length in range(min(4, len(folded) - at), 0, -1):
            its = table.get(tuple(folded[at : at + length]))
            if its and length == 1 and any(is_stop(folded[at], code) for code in _SPOKEN):
                its = its if found[at].text.isupper() and not shouting else None
            if its is None and length == 1:
                its = table.get((stem(folded[at], "ru"),))
            if its:
                keys += [(at + i, key) for i in range(length) for key in its]
                break
    return keys


def _place_table() -> Mapping[tuple[str, ...], tuple[str, ...]]:
    if not _PLACES:
        made: dict[tuple[str, ...], tuple[str, ...]] = {}
        for number, group in enumerate((*general("places.txt"), *general("acronyms.txt"))):
            for name in group:
                key = folded_words(name)
                if not key:
                    continue
                if len(key) > 1 and key[0] in _ARTICLES:
                    key = key[1:]
                made[key] = (*made.get(key, ()), f"place:{number}")
                if len(key) == 1 and "\u0400" <= key[0][0] <= "\u04ff":
                    key = (stem(key[0], "ru"),)
                    made[key] = (*made.get(key, ()), f"place:{number}")
        _PLACES.update(made)
    return _PLACES


_ARTICLES = frozenset(
    ["le", "la", "les", "el", "los", "las", "il", "lo", "gli", "the", "den", "o", "a"]
)
_PLACES: dict[tuple[str, ...], tuple[str, ...]] = {}


# --- the index ---------------------------------------------------------------------------


def _build(corpus: Corpus) -> _Index:
    units = list(corpus.units.values())
    languages = tuple(sorted({d.language for d in corpus.documents.values()}))
    lower, upper = _cases(corpus)
    in_text: Counter[str] = Counter()
    for unit in units:
        in_text.update(_stems(corpus, unit))
    split = [_words_of(corpus, unit) for unit in units]
    in_heading: Counter[str] = Counter()
    for unit, parts in zip(units, split, strict=True):
        language = corpus.documents[unit.document].language
        in_heading.update({stem(word.text, language) for word in parts})
    headings = []
    for unit, parts in zip(units, split, strict=True):
        language = corpus.documents[unit.document].language
        places: dict[int, set[str]] = defaultdict(set)
        for at, key in _places(parts):
            places[at].add(key)
        tokens = []
        for at, word in enumerate(parts):
            its_stem = stem(word.text, language)
            here, everywhere = in_heading[its_stem], in_text[its_stem]
            kind = bool(kinds(word.text) or qualities(word.text))
            single = here <= 2 and everywhere <= max(3, COMMON * len(units))
            weight = _weight(len(units), here, everywhere)
            weight *= LIGHT if kind or _in_brackets(unit.heading, word.start) else 1.0
            name = single and not kind and _is_name(word, at, lower, upper, bool(places[at]))
            keys = _plain_keys(word.text, languages) | places[at] | {f"{language}:{its_stem}"}
            if kinds(word.text) and len(parts) > 1:
                keys -= {f"{language}:{its_stem}" for language in languages}
            if _is_acronym(word.text) and not unit.heading.isupper():
                keys = {f"={fold(word.text)}"}
            tokens.append(_Token(frozenset(keys), weight, kind, name))
        headings.append(tuple(tokens))
    owners: dict[str, list[tuple[int, int]]] = defaultdict(list)
    for number, heading in enumerate(headings):
        for token, its_token in enumerate(heading):
            for key in its_token.keys:
                owners[key].append((number, token))
    spellings = Counter(
        fold(w.text).strip("'")
        for its in split
        for w in its
        if len(w.text) > 3 and not w.text.isupper()
    )
    return _Index(
        tuple(unit.id for unit in units),
        tuple(headings),
        {key: tuple(its) for key, its in owners.items()},
        languages,
        spellings,
        vocabulary_of(corpus),
    )


def _words_of(corpus: Corpus, unit: Unit) -> list[Word]:
    language = corpus.documents[unit.document].language
    found = words(unit.heading, language)
    kept = [word for word in found if not is_stop(word.text, language) or word.text.isupper()]
    return kept or found


def _stems(corpus: Corpus, unit: Unit) -> set[str]:
    document = corpus.documents[unit.document]
    text = f"{unit.heading} {document.text[unit.start : unit.end]}"
    return {stem(word.text, document.language) for word in words(text, document.language)}


def _is_acronym(word: str) -> bool:
    return word.isupper() and len(word) > 1


def _in_brackets(heading: str, at: int) -> bool:
    return heading.rfind("(", 0, at) > heading.rfind(")", 0, at)


def _weight(units: int, headings: int, texts: int) -> float:
    return 0.5 * (math.log1p(units / max(1, headings)) + math.log1p(units / max(1, texts)))


def _is_name(
    word: Word, at: int, lower: frozenset[str], upper: frozenset[str], place: bool
) -> bool:
    """Return whether a heading's word is a name: never written small, and capital elsewhere."""
    text = word.text
    if place or _is_acronym(text):
        return True
    return at > 0 and text[:1].isupper() and fold(text) not in lower and fold(text) in upper


def _cases(corpus: Corpus) -> tuple[frozenset[str], frozenset[str]]:
    """Return the folded words that are written small, and those with a capital in a sentence."""
    lower: set[str] = set()
    upper: set[str] = set()
    for unit in corpus.units.values():
        document = corpus.documents[unit.document]
        body = document.text[unit.start : unit.end]
        for word in words(body, document.language):
            if word.text[:1].islower():
                lower.add(fold(word.text))
            elif word.text[:1].isupper() and not re.search(
                r"(?:^|[.!?:\n•–-])\W*$", body[max(0, word.start - 4) : word.start]
            ):
                upper.add(fold(word.text))
    return frozenset(lower), frozenset(upper)
