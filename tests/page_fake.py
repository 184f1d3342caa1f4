"""A small assistant for tests of the page: a real Corpus of invented documents, a simple search."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from assistant import language, units
from assistant.errors import IndexMissing
from assistant.phrases import say
from assistant.settings import Settings
from assistant.types import Answer, Citation, Document, Heading, Hit, Passage, Unit

COMPANY = """# Compagnie des phares

La Compagnie des phares entretient les feux de la côte. Elle publie chaque année un état des feux.

## Direction technique

La Direction technique répare les optiques et les machines des phares.

### Atelier des optiques

L’Atelier des optiques taille les lentilles ; il contrôle chaque lentille tous les 18 mois ; \
il forme les gardiens à leur entretien. Il tient le registre national des optiques.

### Atelier des machines

L’Atelier des machines entretient les moteurs de rotation. Il est joignable jour et nuit.

## Direction des gardiens

La Direction des gardiens recrute les gardiens de phare. Elle organise les relèves toutes les \
trois semaines.

### Bureau des relèves

Le Bureau des relèves affrète les bateaux ravitailleurs. En savoir plus

### Bureau de la mémoire

Le Bureau de la mémoire conserve les journaux de bord depuis 1863.
"""
MANUAL = """# Lamp manual

This manual tells keepers how to light the lamp.

## Lighting the lamp

Open the oil valve, wait ten seconds, then strike the igniter twice.

## What to do in fog?

Sound the horn every thirty seconds until the fog lifts.
"""


def document(name: str, text: str, spoken: str) -> Document:
    """Return a Document of ``text``, whose heading marks are taken out."""
    out, headings, at = [], [], 0
    for line in text.splitlines():
        if match := re.match(r"(#+) (.*)", line):
            headings.append(Heading(match[2], len(match[1]), at, at + len(match[2])))
            line = match[2]
        out.append(line)
        at += len(line) + 1
    plain = "\n".join(out)
    noise = [m.span() for m in re.finditer("En savoir plus", plain)]
    title = headings[0].text if headings else name
    return Document(name, title, plain, "", spoken, tuple(headings), tuple(noise))


@dataclass
class FakeCorpus:
    """A Corpus in memory."""

    documents: Mapping[str, Document]
    units: Mapping[str, Unit]
    passages: Sequence[Passage]
    generation: str = "fake"


def corpus(*documents: Document) -> FakeCorpus:
    """Return the Corpus of ``documents``, split as an ingest would."""
    parts = [units.split(document) for document in documents]
    return FakeCorpus(
        {d.id: d for d in documents},
        {u.id: u for found, _ in parts for u in found},
        [p for _, found in parts for p in found],
    )


def lighthouse() -> FakeCorpus:
    """Return the usual corpus of these tests."""
    return corpus(
        document("phares/compagnie.md", COMPANY, "fr"), document("manual.md", MANUAL, "en")
    )


@dataclass
class FakeAssistant:
    """Answers with the passage that shares most words with the question, if two do."""

    corpus: FakeCorpus = field(default_factory=lighthouse)
    asked: list[tuple[str, tuple[str, ...]]] = field(default_factory=list)

    def search(self, query: str, top_k: int = 10) -> tuple[Hit, ...]:
        wanted = set(language.terms(query, "fr"))
        best: dict[str, Hit] = {}
        for passage in self.corpus.passages:
            unit = self.corpus.units[passage.unit]
            words = set(language.terms(f"{unit.heading} {passage.text}", "fr"))
            score = float(len(wanted & words))
            if unit.id not in best or score > best[unit.id].score:
                best[unit.id] = Hit(unit, passage, score)
        ranked = sorted(best.values(), key=lambda h: (-h.score, h.unit.id))
        return tuple(ranked[:top_k])

    def ask(self, question: str, history: Sequence[str] = ()) -> Answer:
        self.asked.append((question, tuple(history)))
        spoken = language.detect(question, "fr")
        follow_up = bool(history) and len(question.split()) < 5
        understood = f"{history[-1].rstrip(' ?')} — {question}" if follow_up else None
        hits = self.search(understood or question)
        base = Answer(question, "abstained", spoken, "", 0.2, retrieved=hits, understood=understood)
        if hits[0].score < 2:
            text = "\n".join(
                [
                    say(spoken, "nothing_found"),
                    say(spoken, "looked_for", terms=question),
                    "",
                    say(spoken, "nearest"),
                    *(f"– {h.unit.heading}" for h in hits[:3]),
                ]
            )
            return replace(base, text=text, suggestions=tuple(h.unit for h in hits[:3]))
        kept = [h for h in hits if h.score >= 2 and h.score >= hits[0].score - 1][:2]
        citations = tuple(self.cite(n, h, question) for n, h in enumerate(kept, 1))
        quotes = [f"– {c.unit} : « {c.quote} » [{c.number}]" for c in citations]
        lead = say(spoken, "lead_list", count=len(kept))
        if len(citations) == 1:
            lead = say(spoken, "lead_unit", unit=citations[0].unit)
            quotes = [f"« {citations[0].quote} » [1]"]
        return replace(
            base,
            status="answered",
            text="\n".join([lead, "", *quotes]),
            confidence=0.9,
            citations=citations,
            seconds=0.01,
        )

    def cite(self, number: int, hit: Hit, question: str) -> Citation:
        passage = hit.passage
        assert passage is not None
        wanted = set(language.terms(question, "fr"))
        found = [
            w for w in language.words(passage.text, "fr") if language.stem(w.text, "fr") in wanted
        ]
        marks = ((passage.start + found[0].start, passage.start + found[-1].end),) if found else ()
        return Citation(
            number,
            passage.document,
            hit.unit.id,
            hit.unit.heading,
            hit.unit.path,
            passage.text,
            passage.start,
            passage.end,
            marks,
            self.corpus.documents[passage.document].language,
        )

    def stream(self, question: str, history: Sequence[str] = ()) -> Iterator[str | Answer]:
        answer = self.ask(question, history)
        yield from re.findall(r"\S+\s*", answer.text)
        yield answer


def opened(_: Settings) -> FakeAssistant:
    """Return a fresh assistant, as ``open_assistant`` would."""
    return FakeAssistant()


def opened_late(settings: Settings) -> FakeAssistant:
    """Return a fresh assistant once the index folder exists."""
    if not settings.index.exists():
        raise IndexMissing("There is no index")
    return FakeAssistant()


class BrokenAssistant(FakeAssistant):
    """Fails as nobody foresaw."""

    def ask(self, question: str, history: Sequence[str] = ()) -> Answer:
        raise ZeroDivisionError("a secret")


def opened_broken(_: Settings) -> FakeAssistant:
    """Return an assistant that cannot answer."""
    return BrokenAssistant()
