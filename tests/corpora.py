"""Small invented institutions to try things on: none of them exists."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

from assistant.types import Document, Heading, Passage, Unit
from assistant.units import split


@dataclass(frozen=True)
class Small:
    """A corpus in memory."""

    generation: str
    documents: Mapping[str, Document]
    units: Mapping[str, Unit]
    passages: Sequence[Passage]

    def heading(self, unit: str) -> str:
        return self.units[unit].heading


def corpus(*texts: tuple[str, str]) -> Small:
    """Return a corpus of (language, Markdown) documents."""
    documents, units, passages = {}, {}, []
    for number, (language, text) in enumerate(texts):
        document = _document(f"{number}.md", language, text)
        documents[document.id] = document
        its_units, its_passages = split(document)
        units.update({unit.id: unit for unit in its_units})
        passages += its_passages
    digest = hashlib.sha256("".join(d.digest for d in documents.values()).encode()).hexdigest()
    return Small(digest, documents, units, passages)


def _document(name: str, language: str, markdown: str) -> Document:
    text, headings = "", []
    for line in markdown.strip().splitlines():
        if match := re.match(r"(#+) (.*)", line):
            headings.append(Heading(match[2], len(match[1]), len(text), len(text) + len(match[2])))
            line = match[2]
        text += line + "\n"
    digest = hashlib.sha256(text.encode()).hexdigest()
    return Document(name, headings[0].text, text, digest, language, tuple(headings))


@lru_cache(maxsize=1)
def lighthouses() -> Small:
    """An agency in French: a tree of departments, divisions and antennas in cities."""
    return corpus(
        (
            "fr",
            """
# Agence des phares et balises

L’Agence des phares et balises entretient les feux du littoral. Elle collabore avec l’OTAN.

## Département des feux

Le Département des feux entretient les lanternes de l’Agence.

### Division de l’optique

La Division de l’optique taille les lentilles de Fresnel (LDF) et forme les gardiens.

### Division des énergies

La Division des énergies alimente les phares. Elle applique le Plan de sobriété lumineuse.

### Unité VIGIE

L’Unité VIGIE exploite le système VIGIE. Le PSL est suivi chaque mois.

## Département de la navigation

Le Département de la navigation suit le Plan de sobriété lumineuse avec l’Agence.

### Division des cartes marines

La Division des cartes marines publie les cartes et soutient trois bureaux.

## Bureaux régionaux

Les bureaux régionaux représentent l’Agence sur le littoral.

### Bureau régional de Brest (France)

Le Bureau régional de Brest (France) appuie cinq sémaphores avec l’OIT.

### Bureau régional de Lisbonne (Portugal)

Le Bureau régional de Lisbonne (Portugal) appuie l’Agence au Portugal.

### Bureau régional du Caire (Égypte)

Le Bureau régional du Caire (Égypte) suit le canal.
""",
        )
    )


@lru_cache(maxsize=1)
def manual() -> Small:
    """A manual in English with flat headings."""
    return corpus(
        (
            "en",
            """
# Installation

Run the installer. The Package Index Service (PIS) is contacted first.

# Backing up your data

Backups are kept for thirty days in two offices.

# Network settings

PIS (Package Index Service) needs port 443.
""",
        )
    )


@lru_cache(maxsize=1)
def libraries() -> Small:
    """A network of libraries in Spanish."""
    return corpus(
        (
            "es",
            """
# Red de Bibliotecas del Valle

La Red presta libros en todo el valle.

## Departamento de Colecciones

El Departamento de Colecciones compra los libros.

### Unidad de Catalogación

La Unidad de Catalogación describe los libros.

### Unidad de Restauración

La Unidad de Restauración repara los libros antiguos.

## Biblioteca de Viena

La Biblioteca de Viena trabaja con la OMS.
""",
        )
    )
