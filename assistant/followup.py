"""Follow-ups written out: "et le bureau de Dakar ?" → the question it stands for."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from assistant import grammar
from assistant.grammar import capital, join
from assistant.kinds import kinds
from assistant.language import Word, is_stop, words
from assistant.mentions import Mention, find_mentions
from assistant.pronouns import Pronoun, agrees, behind, find_pronoun, put
from assistant.types import Corpus
from assistant.wording import Wording, flat, wordings

SURE = 0.6
PREPOSITION = 6
"""Letters up to which "for" at the start is a preposition and not "what about"."""
LONGEST = 12
"""Words of the longest fragment that is read as "the same question about …"."""
SHORT = 2
"""Words that carry meaning in the longest question that cannot stand alone ("dans quels cas ?")."""

__all__ = ["join"]


@dataclass(frozen=True, slots=True)
class Turn:
    """An earlier question, written out; see ``conversation.Query``."""

    text: str
    language: str
    subject: str
    topic: str
    focus: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Rewritten:
    """A follow-up written out. ``own`` are its own words, the rest is borrowed if ``borrows``."""

    text: str
    own: str
    topic: str = ""
    borrows: bool = False


Antecedent = Callable[[str], str | None]


def rewrite(
    text: str,
    wording: Wording,
    past: Sequence[Turn],
    corpus: Corpus,
    antecedent: Antecedent | None = None,
) -> Rewritten | None:
    """Return the fuller question that ``text`` stands for; None when it stands on its own."""
    back = _going_back(text, wording, past, corpus, antecedent)
    if back:
        return back
    corrected = _after(text, wording.start("correction"))
    rest = corrected if corrected is not None else text
    opened = _after(rest, wording.start("and"))
    about = _after(opened or rest, wording.start("about"))
    explicit = corrected is not None or opened is not None
    if about and not explicit:
        explicit = len(rest) - len(about) > PREPOSITION and bool(find_mentions(about, corpus))
        about = about if explicit else None
    fragment = about or opened or rest
    return (
        _ellipsis(fragment, wording, past[-1], corpus, explicit)
        or _pronoun(fragment, wording, past, corpus, antecedent)
        or _that_of(fragment, wording, past[-1], corpus)
        or _bare_question(fragment, wording, past[-1], corpus)
    )


def without_preamble(text: str, wording: Wording) -> tuple[str, bool]:
    """Return ``text`` without "ok merci, sinon …", and whether it announced another subject."""
    aside = False
    while True:
        rest = None
        for name in ("filler", "aside"):
            match = wording.start(name).match(flat(text).replace("’", "'"))
            if match and re.search(r"\w", text[match.end() :]):
                strong = bool(re.search(r"[,.!;:…–-]\s*$", match.group())) or name == "aside"
                if name == "filler" and not strong and not _glides(match.group(), text, wording):
                    continue
                rest = text[match.end() :]
                aside = aside or name == "aside"
                break
        if rest is None:
            return text, aside
        if aside:
            rest = _after(rest, wording.start("and")) or rest
        text = rest


def without_opener(text: str, wording: Wording) -> str:
    """Return a question that stands on its own without "Et", "And", "Y" before it."""
    return _after(text, wording.start("and")) or text


_PLACED = ("à", "a", "em", "in")


def subject_of(text: str, named: Sequence[Mention], language: str) -> str:
    """Return what a question is about, in its own words: the unit it names, with its article."""
    units = {mention.unit for mention in named}
    if len(units) != 1:
        return "" if units else _capitals(text, language)
    mention = named[0]
    if mention.start == mention.name_start and mention.end == mention.name_end:
        before = grammar.slot(text, mention.start, language).preposition
        if before in _PLACED or re.search(r"(?<!\w)(?:en|in|dans|nach)\s+$", text[: mention.start]):
            return ""
    return grammar.phrase(text, mention.start, mention.end, language)


_OPENED = re.compile(
    r"\s*(?:а |и |en |a |oraz |i |ve |peki |ya |و|ماذا عن|那麼|那么|那|那个|それでは|では|じゃあ|"
    r"그럼|그러면|그리고|แล้ว|wat |dan )"
)
_POINTING = re.compile(
    r"(?<!\w)(?:его|ее|их|он|она|они|оно|там|onun|onlar|orada|het|zij|hij|zijn|hun|haar|daar|jego|"
    r"jej|ich|ono|oni|tam|هذا|هذه|그것|그곳)(?!\w)|它|他们|她|该|那里|那裡|それ|そこ|มัน|ที่นั่น"
)


def is_fragment_anywhere(plain: str, language: str) -> bool:
    """Return whether a flat text in a language without tables looks like a follow-up: short, and
    it starts with "and", points at something, or names nothing."""
    found = words(plain, language)
    content = [word for word in found if not is_stop(word.text, language)]
    pointed = bool(_OPENED.match(plain) or _POINTING.search(plain))
    if language in ("zh", "ja", "th"):
        return len(plain) <= 16 and (pointed or len(plain) <= 4)
    return len(content) <= 4 and (pointed or not content)


def swap_names(previous: str, text: str, corpus: Corpus, language: str) -> str:
    """Return ``previous`` about the unit that ``text`` names; empty if there is nothing to swap."""
    new = [m for m in find_mentions(text, corpus) if m.score >= SURE]
    old = [m for m in find_mentions(previous, corpus) if m.score >= SURE]
    if len({m.unit for m in new}) != 1 or not old:
        return ""
    return _swap(previous, old, text, new[0], corpus, language)


# --- "et le bureau de Dakar ?" -----------------------------------------------------------


def _ellipsis(
    fragment: str, wording: Wording, last: Turn, corpus: Corpus, explicit: bool
) -> Rewritten | None:
    """Return the earlier question about something else, when the fragment only names it."""
    fragment = _bare(fragment, wording)
    plain = flat(fragment).replace("’", "'")
    if not fragment or len(plain.split()) > LONGEST or _asks(plain, wording):
        return None
    language = wording.language
    new = [m for m in find_mentions(fragment, corpus) if m.score >= SURE]
    leftover = _leftover(fragment, new, wording)
    if new and len({m.unit for m in new}) == 1:
        if len(leftover) > 1 or (not explicit and leftover):
            return None
        old = [m for m in find_mentions(last.text, corpus) if m.score >= SURE]
        if old:
            text = _swap(last.text, old, fragment, new[0], corpus, language)
            return Rewritten(text, fragment, borrows=True)
    if not explicit and not _is_name(fragment, language):
        return None
    if find_pronoun(fragment, wording, new) and not _replaced_of(plain, wording):
        return None
    swapped = _swap_phrase(last.text, fragment, wording)
    if swapped:
        return Rewritten(swapped, fragment, borrows=True)
    if not explicit:
        return None
    return Rewritten(join(last.text, f"{fragment} ?"), fragment, last.topic, borrows=True)


def _swap(
    previous: str,
    old: Sequence[Mention],
    fragment: str,
    new: Mention,
    corpus: Corpus,
    language: str,
) -> str:
    units = corpus.units
    parent = units[new.unit].parent
    alike = [m for m in old if units[m.unit].parent == parent] or list(old)
    mine = alike[-1]
    old_kinds, new_kinds = _kinds(previous, mine), _kinds(fragment, new)
    if new_kinds and (old_kinds or mine.start == mine.name_start):
        whole = not (old_kinds & new_kinds) or mine.start != mine.name_start or language == "en"
        if old_kinds and whole:
            return grammar.replace(
                previous, mine.start, mine.end, fragment, new.start, new.end, language
            )
    return grammar.replace(
        previous,
        mine.name_start,
        mine.name_end,
        fragment,
        new.name_start,
        new.name_end,
        language,
        keep=mine.name_start == mine.start and mine.name_end < mine.end,
    )


def _swap_phrase(previous: str, fragment: str, wording: Wording) -> str:
    """Return ``previous`` with ``fragment`` in the place of the like phrase at its end."""
    plain = flat(fragment).replace("’", "'")
    before = flat(previous).replace("’", "'")
    language = wording.language
    if of := _replaced_of(plain, wording):
        fragment = fragment[of:].lstrip()
        plain = flat(fragment).replace("’", "'")
    preposition = wording.start("preposition").match(plain)
    if preposition:
        return _swap_after_preposition(previous, before, fragment, plain, wording)
    mine = _last_phrase(previous, wording, _is_acronym(fragment))
    if mine is None:
        return ""
    at = 0
    article = re.match(rf"(?:{wording.raw['determiner']})(?:\s+|(?<='))", plain)
    if article:
        at = article.end()
    return grammar.replace(previous, *mine, fragment, at, len(fragment), language)


def _swap_after_preposition(
    previous: str, before: str, fragment: str, plain: str, wording: Wording
) -> str:
    word = plain.split("'")[0] if "'" in plain.split()[0] else plain.split()[0]
    families = _families(wording.language)
    family = next((f for f in families if word in f), frozenset([word]))
    matches = [
        m
        for m in re.finditer(r"(?<![\w'])([\w]+)(?='|\s)", before)
        if m[1] in family and m.start() > 0
    ]
    if not matches:
        return ""
    start = matches[-1].start()
    end = _end_of_phrase(previous, start)
    return f"{previous[:start]}{fragment}{previous[end:]}"


def _last_phrase(previous: str, wording: Wording, acronym: bool) -> tuple[int, int] | None:
    """Return the last name of a question, or its last noun with what follows, without article."""
    end = len(previous.rstrip(" \t?!.…\u00a0\u202f"))
    if acronym:
        found = list(re.finditer(r"(?<!\w)[A-ZÀ-Ý]{2,}[\w-]*", previous))
        return (found[-1].start(), found[-1].end()) if found else None
    names = list(
        re.finditer(
            r"(?<=[\w’'] )[A-ZÀ-Ý][\w’'-]*(?: (?:d[eu]s? |of |de la )?[A-ZÀ-Ý][\w’'-]*)*|"
            r"(?<=[’'])[A-ZÀ-Ý][\w-]+",
            previous,
        )
    )
    if names:
        return names[-1].start(), names[-1].end()
    plain = flat(previous).replace("’", "'")
    starts = [m.end() for m in wording.word("determiner").finditer(plain[:end])]
    if not starts:
        return None
    start = starts[-1] + len(plain[starts[-1] :]) - len(plain[starts[-1] :].lstrip())
    return (start, end) if 0 < len(plain[start:end].split()) <= 6 else None


def _end_of_phrase(text: str, at: int) -> int:
    match = re.search(r"\s*[,;:?!.…]", text[at:])
    return at + match.start() if match else len(text)


def _families(language: str) -> list[frozenset[str]]:
    """Return prepositions that are one, whatever article they have swallowed."""
    table = {
        "fr": ["de du des d", "a au aux", "en dans", "avec", "pour", "sur", "par", "chez"],
        "es": ["de del", "a al", "en", "con", "para", "por", "sobre"],
        "it": ["di del della dell dei delle", "a al alla all", "in nel nella nell", "con", "per"],
        "pt": ["de do da dos das", "a ao aos", "em no na nos nas", "com", "para", "por pelo pela"],
        "en": ["in at", "with", "for", "of", "to", "from", "by", "on about"],
        "de": ["in im", "mit", "fur", "von vom", "zu zum zur", "bei beim", "uber"],
    }
    return [frozenset(row.split()) for row in table.get(language, [])]


# --- "elle", "ce bureau", "son adresse" --------------------------------------------------


def _pronoun(
    text: str,
    wording: Wording,
    past: Sequence[Turn],
    corpus: Corpus,
    antecedent: Antecedent | None,
) -> Rewritten | None:
    """Return the question with what its pronoun stands for in the pronoun's place."""
    text = _without_dangling(text, wording)
    named = [m for m in find_mentions(text, corpus) if m.score >= SURE]
    pronoun = find_pronoun(text, wording, named)
    language = wording.language
    if pronoun is None:
        return _dropped(text, wording, past[-1], named)
    for turn in reversed(past):
        subject = turn.subject or _answered(turn, corpus, antecedent, language)
        if not subject:
            if turn is past[-1] and not _names_other(pronoun):
                break
            continue
        if turn.language == language and agrees(pronoun, text, subject, language):
            return Rewritten(capital(put(pronoun, text, subject, language)), text, turn.topic)
        if turn.language != language:
            return Rewritten(behind(capital(text), subject), text, turn.topic)
    return Rewritten(join(past[-1].topic or past[-1].text, text), text, past[-1].topic)


def _names_other(pronoun: Pronoun) -> bool:
    return pronoun.kind == "demonstrative"


def _answered(turn: Turn, corpus: Corpus, antecedent: Antecedent | None, language: str) -> str:
    """Return the unit that answered an earlier question, with its article."""
    unit = corpus.units.get(antecedent(turn.text) or "") if antecedent else None
    if unit is None:
        return ""
    heading = re.sub(r"\s*\([^)]*\)\s*$", "", unit.heading)
    document = corpus.documents[unit.document].language
    article = grammar.guess_article(heading, language) if document == language else ""
    return grammar.compose("", article, heading, language)


def _dropped(text: str, wording: Wording, last: Turn, named: Sequence[Mention]) -> Rewritten | None:
    """Return a question of a language that drops its pronouns with the earlier subject."""
    if wording.language not in ("es", "it", "pt") or not last.subject or named:
        return None
    plain = flat(text).replace("’", "'")
    content = [w for w in words(text, wording.language) if not is_stop(w.text, wording.language)]
    nouns = [m for m in wording.word("determiner").finditer(plain) if m.start() > 4]
    if any(word.text[:1].isupper() for word in content):
        return None
    if len(content) > SHORT or nouns or not wording.word("question").search(plain):
        return None
    ending = re.search(r"\s*[?!.]*\s*$", text)
    end = ending.start() if ending else len(text)
    return Rewritten(capital(f"{text[:end]} {last.subject}{text[end:]}"), text, last.topic)


def _without_dangling(text: str, wording: Wording) -> str:
    """Return ``text`` without a pronoun set apart before it ("Elle, avec qui …")."""
    plain = flat(text).replace("’", "'")
    match = re.match(rf"\W*(?:{wording.raw['subject']}|{wording.raw['there']})\s*,\s*", plain)
    if match and find_pronoun(text[match.end() :], wording, ()):
        return text[match.end() :]
    return text


# --- "celui de Dakar, …" and "dans quels cas ?" ------------------------------------------


def _that_of(text: str, wording: Wording, last: Turn, corpus: Corpus) -> Rewritten | None:
    """Return a question about "celui de Dakar" with the noun it stands for."""
    plain = flat(text).replace("’", "'")
    of = _replaced_of(plain, wording)
    if not of or not last.subject:
        return None
    named = [m for m in find_mentions(text, corpus) if m.score >= SURE]
    old = [m for m in find_mentions(last.subject, corpus) if m.score >= SURE]
    if not named or not old or not _kinds(last.subject, old[0]):
        return None
    end = named[0].name_end
    phrase = grammar.replace(
        last.subject,
        old[0].name_start,
        old[0].name_end,
        text,
        named[0].name_start,
        end,
        wording.language,
    )
    return Rewritten(capital(f"{phrase}{text[end:]}"), text)


def _bare_question(text: str, wording: Wording, last: Turn, corpus: Corpus) -> Rewritten | None:
    """Return a question word that cannot stand alone ("avec qui ?") behind the earlier question."""
    language = wording.language
    found = words(text, language)
    content = [word for word in found if not is_stop(word.text, language)]
    plain = flat(text).replace("’", "'")
    if len(found) > 6 or len(content) > 1 or find_mentions(text, corpus):
        return None
    if not wording.word("question").search(plain) or _has_object(plain, content, wording):
        return None
    if any(word.text[:1].isupper() for word in content):
        return None
    return Rewritten(join(last.text, text), text, last.topic)


_WHO = re.compile(r"\W*(?:qui|who|quien|quienes|wer|chi|quem)\b")


def _has_object(plain: str, content: Sequence[Word], wording: Wording) -> bool:
    """Return whether a short question has a subject of its own ("qui gère les médias ?")."""
    if not content:
        return False
    if _WHO.match(plain):
        return True
    before = plain[: content[0].start].replace("'", "' ").split()
    return not before or not wording.word("question").fullmatch(before[-1].strip("¿"))


# --- "revenons à la première" ------------------------------------------------------------


_SAID = re.compile(r"parl|mention|ask|talk|habl|menc|preg|dije|sprach|geredet|fal")


def _going_back(
    text: str,
    wording: Wording,
    past: Sequence[Turn],
    corpus: Corpus,
    antecedent: Antecedent | None,
) -> Rewritten | None:
    """Return the question about an earlier subject that ``text`` goes back to."""
    plain = flat(text).replace("’", "'")
    match = wording.word("back").search(plain)
    if match and len(plain[: match.start()].split()) > 2 and not _SAID.search(match.group()):
        match = None
    ordinal = _ordinal(plain, wording)
    if not match and not (ordinal is not None and _is_pointer(plain, wording)):
        return None
    turn = _pointed_at(plain, wording, past, ordinal)
    head, _, rest = _split_head(text)
    named = [m for m in find_mentions(head, corpus) if m.score >= SURE and m.score < 1.01]
    if match and named and ordinal is None:
        subject, topic = subject_of(head, named[:1], wording.language), ""
    elif turn is not None:
        subject = turn.subject or _answered(turn, corpus, antecedent, wording.language)
        topic = turn.topic
    else:
        return None
    if not re.search(r"\w{2,}", rest):
        text = turn.text if turn is not None else subject
        return Rewritten(text, text, topic, borrows=True)
    return _about(rest.strip(), wording, subject, topic, corpus)


def _about(rest: str, wording: Wording, subject: str, topic: str, corpus: Corpus) -> Rewritten:
    rest = _without_dangling(rest, wording)
    if not subject:
        return Rewritten(join(topic, rest), rest, topic)
    pronoun = find_pronoun(
        rest, wording, [m for m in find_mentions(rest, corpus) if m.score > SURE]
    )
    if pronoun and agrees(pronoun, rest, subject, wording.language):
        return Rewritten(capital(put(pronoun, rest, subject, wording.language)), rest, topic)
    return Rewritten(behind(capital(rest), subject), rest, topic)


def _ordinal(plain: str, wording: Wording) -> int | None:
    for number, pattern in enumerate(wording.ordinals):
        if pattern.search(plain):
            return number
    return -1 if wording.word("last").search(plain) else None


def _is_pointer(plain: str, wording: Wording) -> bool:
    """Return whether an ordinal at the start points at an earlier turn ("pour la première, …")."""
    head = re.split(r"[,:;?]", plain)[0]
    head = _after(head, wording.start("and")) or head
    about = _after(head, wording.start("about"))
    found = (about or head).split()
    return about is not None and len(found) <= 3


def _pointed_at(
    plain: str, wording: Wording, past: Sequence[Turn], ordinal: int | None
) -> Turn | None:
    subjects: list[Turn] = []
    for turn in past:
        if not any(turn.subject == s.subject and turn.topic == s.topic for s in subjects):
            subjects.append(turn)
    if ordinal is not None:
        if ordinal < 0:
            return subjects[-2] if len(subjects) > 1 else subjects[-1]
        return subjects[ordinal] if ordinal < len(subjects) else None
    for word in words(plain, wording.language):
        wanted = kinds(word.text)
        if not wanted:
            continue
        for turn in reversed(past):
            if any(kinds(w.text) & wanted for w in words(turn.subject or turn.text, "fr")):
                return turn
    return subjects[0] if len(subjects) > 1 else past[-1]


def _split_head(text: str) -> tuple[str, str, str]:
    match = re.search(r"\s*[,:;?.]\s*|\s[–-]\s", text)
    if not match:
        return text, "", ""
    return text[: match.start()], match.group(), text[match.end() :]


# --- small parts -------------------------------------------------------------------------


def _after(text: str, pattern: re.Pattern[str]) -> str | None:
    """Return what follows ``pattern`` at the start of ``text``, if anything does; else None."""
    match = pattern.match(flat(text).replace("’", "'"))
    if not match or not re.search(r"\w", text[match.end() :]):
        return None
    return text[match.end() :]


def _bare(fragment: str, wording: Wording) -> str:
    """Return a fragment without punctuation and "aussi", "the sienne" around it."""
    fragment = fragment.strip(' \t?!.…,;:¿¡«»"')
    plain = flat(fragment).replace("’", "'")
    match = re.search(rf"[\s,]+(?:{wording.raw['adverb']})$", plain)
    return fragment[: match.start()].strip(" ,") if match else fragment


def _asks(plain: str, wording: Wording) -> bool:
    """Return whether a fragment is a question of its own: a question word or an inverted verb."""
    if wording.word("question").search(plain):
        return True
    return bool(re.search(r"\w-(?:t-)?(?:ils?|elles?|on|ce)\b", plain))


def _leftover(fragment: str, named: Sequence[Mention], wording: Wording) -> list[str]:
    """Return the words of a fragment that carry meaning and name no unit."""
    inside = [(m.start, m.end) for m in named]
    found = [
        w.text
        for w in words(fragment, wording.language)
        if not is_stop(w.text, wording.language)
        and not any(start <= w.start < end for start, end in inside)
    ]
    return [word for word in found if not kinds(word)]


def _kinds(text: str, mention: Mention) -> frozenset[str]:
    found: frozenset[str] = frozenset()
    for word in words(text[mention.start : mention.end], "fr"):
        found |= kinds(word.text)
    return found


def _replaced_of(plain: str, wording: Wording) -> int:
    """Return where the name begins in "celui de Dakar" (at its preposition); 0 if it is not so."""
    match = re.match(
        rf"\W*(?:{wording.raw['that_of']})(?=\s+(?:{wording.raw['preposition']})(?:\s|'))", plain
    )
    return match.end() if match else 0


def _is_name(fragment: str, language: str) -> bool:
    """Return whether a fragment is nothing but a name: an acronym, or words with capitals."""
    if len(fragment.split()) > 4:
        return False
    found = [w.text for w in words(fragment, language) if not is_stop(w.text, language)]
    return 0 < len(found) <= 4 and all(w[:1].isupper() for w in found) and not fragment.isupper()


def _is_acronym(fragment: str) -> bool:
    return bool(re.search(r"(?<!\w)[A-ZÀ-Ý]{2,}", fragment))


def _glides(matched: str, text: str, wording: Wording) -> bool:
    """Return whether a filler without a comma is one ("ok et le budget ?", "merci qui …")."""
    rest = flat(text[len(matched) :]).replace("’", "'")
    return any(wording.start(name).match(rest) for name in ("and", "question", "filler", "aside"))


def _capitals(text: str, language: str) -> str:
    """Return the name with capitals and an article in a question ("the Risk Management Unit")."""
    article = "|".join(w.raw["determiner"] for w in wordings(language)[:1])
    match = re.search(rf"(?<!\w)(?:{article})\s*((?:[A-ZÀ-Ý][\w-]+\s){{1,5}}[A-ZÀ-Ý][\w-]+)", text)
    return match.group() if match and any(kinds(w) for w in match[1].split()) else ""
