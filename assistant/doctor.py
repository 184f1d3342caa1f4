"""What is installed, which model, which index, fresh and whole or not: one line each, the fix."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, requires, version
from pathlib import Path

from assistant.errors import AssistantError, IndexDamaged, IndexMissing, ServerGone
from assistant.generations import Manifest
from assistant.settings import Settings

_PYTHON = (3, 11)
_INGEST, _REBUILD = "assistant ingest", "assistant ingest --rebuild"

_WORDS = {
    "python_old": (
        "Python 3.11 ou plus récent est nécessaire",
        "Python 3.11 or newer is needed",
        "hace falta Python 3.11 o posterior",
    ),
    "packages": ("paquets", "packages", "paquetes"),
    "installed": ("{} installés", "{} installed", "{} instalados"),
    "missing": ("il manque {}", "{} missing", "falta {}"),
    "model": ("modèle", "model", "modelo"),
    "reader": ("lecteur", "reader", "lector"),
    "llm": ("modèle de langage", "language model", "modelo de lenguaje"),
    "answers": ("{} répond", "{} answers", "{} responde"),
    "index": ("index", "index", "índice"),
    "none": ("aucun dans {}", "none in {}", "ninguno en {}"),
    "holds": (
        "{} documents, {} unités, {} passages, du {}",
        "{} documents, {} units, {} passages, of {}",
        "{} documentos, {} unidades, {} pasajes, del {}",
    ),
    "match": ("accord", "match", "concordancia"),
    "same": (
        "fait avec ce modèle et ces règles",
        "made with this model and these rules",
        "hecho con este modelo y estas reglas",
    ),
    "other": (
        "fait avec {}, les réglages demandent {}",
        "made with {}, the settings ask for {}",
        "hecho con {}, los ajustes piden {}",
    ),
    "vectors": ("vecteurs", "vectors", "vectores"),
    "in_files": ("fichiers de l’index", "files of the index", "archivos del índice"),
    "in_server": (
        "serveur Chroma {}, qui répond, collection {}",
        "Chroma server {}, which answers, collection {}",
        "servidor Chroma {}, que responde, colección {}",
    ),
    "to_server": (
        "fichiers de l’index, les réglages demandent le serveur Chroma {}",
        "files of the index, the settings ask for the Chroma server {}",
        "archivos del índice, los ajustes piden el servidor Chroma {}",
    ),
    "from_server": (
        "collection {} d’un serveur Chroma, les réglages n’en nomment aucun",
        "collection {} of a Chroma server, the settings name none",
        "colección {} de un servidor Chroma, los ajustes no nombran ninguno",
    ),
    "not_there": (
        "le serveur Chroma {} n’a pas, ou pas entière, la collection {}",
        "the Chroma server {} does not have, or not whole, the collection {}",
        "el servidor Chroma {} no tiene, o no entera, la colección {}",
    ),
    "whole": ("intégrité", "integrity", "integridad"),
    "intact": ("{} fichiers intacts", "{} files intact", "{} archivos intactos"),
    "damaged": ("un fichier est endommagé", "a file is damaged", "un archivo está dañado"),
    "fresh": ("fraîcheur", "freshness", "actualidad"),
    "current": (
        "à jour avec les documents",
        "up to date with the documents",
        "al día con los documentos",
    ),
    "stale": (
        "{} nouveaux, {} modifiés, {} disparus",
        "{} new, {} changed, {} gone",
        "{} nuevos, {} modificados, {} desaparecidos",
    ),
    "no_folder": ("{} n’existe pas", "{} does not exist", "{} no existe"),
    "put_folder": (
        "remettez le dossier, ou indiquez-en un autre à `assistant ingest`",
        "put the folder back, or name another to `assistant ingest`",
        "vuelva a poner la carpeta, o indique otra a `assistant ingest`",
    ),
}


@dataclass(frozen=True, slots=True)
class Check:
    """One line: what was looked at, whether it is well, what was found, and how to mend it."""

    name: str
    ok: bool
    detail: str
    fix: str = ""


def checks(settings: Settings) -> list[Check]:
    """Return all checks, in the language of the settings. Changes nothing."""
    return list(_Doctor(settings).all())


class _Doctor:
    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._column = ("fr", "en", "es").index(settings.language)

    def all(self) -> Iterator[Check]:
        yield self._python()
        if _needed():
            yield self._packages()
        model = self._model()
        yield model
        yield self._reader()
        if self._settings.llm:
            yield self._llm()
        yield from self._index(model)

    def _say(self, key: str, *values: object) -> str:
        return _WORDS[key][self._column].format(*values)

    def _python(self) -> Check:
        ok = sys.version_info >= _PYTHON
        number = ".".join(str(part) for part in sys.version_info[:3])
        return Check("Python", ok, number, "" if ok else self._say("python_old"))

    def _packages(self) -> Check:
        names = _needed()
        missing = [name for name in names if not _installed(name)]
        if missing:
            detail = self._say("missing", ", ".join(missing))
            return Check(self._say("packages"), False, detail, f"pip install {' '.join(missing)}")
        return Check(self._say("packages"), True, self._say("installed", len(names)))

    def _model(self) -> Check:
        from assistant import embeddings

        name = self._say("model")
        try:
            encoder = embeddings.load(self._settings)
            encoder.encode_query("ok")
        except (AssistantError, ImportError) as error:
            return Check(name, False, self._settings.embedding_model, str(error))
        return Check(name, True, f"{encoder.name} ({encoder.dimension})")

    def _reader(self) -> Check:
        from assistant.cut import reader_name

        try:
            return Check(self._say("reader"), True, reader_name())
        except AssistantError as error:
            return Check(self._say("reader"), False, "—", str(error))

    def _llm(self) -> Check:
        """Ask the model for a word: an address or a key can only be tried."""
        from assistant.llm import connect

        name = self._say("llm")
        try:
            model = connect(self._settings)
            if model is not None:
                with closing(model.stream("Answer with one word.", "ok?")) as pieces:  # type: ignore[type-var]
                    next(pieces, "")
        except AssistantError as error:
            return Check(name, False, self._settings.llm, str(error))
        return Check(name, True, self._say("answers", self._settings.llm))

    def _index(self, model: Check) -> Iterator[Check]:
        from assistant import store

        index = self._settings.index
        try:
            _, manifest = store.read_manifest(index)
        except IndexMissing:
            yield Check(self._say("index"), False, self._say("none", index), _INGEST)
            return
        except AssistantError as error:
            yield Check(self._say("index"), False, str(error), _REBUILD)
            return
        yield Check(
            self._say("index"),
            True,
            self._say(
                "holds",
                len(manifest.sources),
                manifest.units,
                manifest.passages,
                manifest.created,
            ),
        )
        if model.ok:
            yield self._match(manifest)
        yield self._vectors(manifest)
        yield self._whole(manifest)
        yield self._fresh(manifest)

    def _match(self, manifest: Manifest) -> Check:
        from assistant import embeddings, store

        wanted = store.identity(embeddings.identity(self._settings))
        stated = manifest.identity
        if stated == wanted:
            return Check(self._say("match"), True, self._say("same"))
        parts = [(getattr(stated, n), getattr(wanted, n)) for n in ("model", "reader")]
        parts.append((f"{stated.chunker}/{stated.terms}", f"{wanted.chunker}/{wanted.terms}"))
        other = next(pair for pair in parts if pair[0] != pair[1])
        return Check(self._say("match"), False, self._say("other", *other), _INGEST)

    def _vectors(self, manifest: Manifest) -> Check:
        """Say where the vectors are, and ask the server that is to have them."""
        name, url = self._say("vectors"), self._settings.chroma_url
        collection = manifest.collection
        if not url and not collection:
            return Check(name, True, self._say("in_files"))
        if not url:
            return Check(name, False, self._say("from_server", collection), _INGEST)
        from assistant import chroma

        try:
            there = chroma.holds(url, collection, manifest.passages)
        except ServerGone as error:
            return Check(name, False, url, str(error))
        if there:
            return Check(name, True, self._say("in_server", url, collection))
        said = self._say("not_there" if collection else "to_server", url, collection)
        return Check(name, False, said, _INGEST)

    def _whole(self, manifest: Manifest) -> Check:
        from assistant import store

        try:
            store.verify(self._settings.index)
        except IndexDamaged as error:
            detail = f"{self._say('damaged')} ({error})"
            return Check(self._say("whole"), False, detail, _REBUILD)
        return Check(self._say("whole"), True, self._say("intact", len(manifest.files)))

    def _fresh(self, manifest: Manifest) -> Check:
        from assistant import ingest

        name = self._say("fresh")
        folders = [Path(folder) for folder in manifest.folders]
        gone = [folder for folder in folders if not folder.exists()]
        if gone:
            return Check(name, False, self._say("no_folder", gone[0]), self._say("put_folder"))
        limit = self._settings.max_file_mb << 20
        files = ingest.find(folders)[0]
        now = {key: ingest.digest(file.path, limit) for key, file in files.items()}
        before = {key: source.digest for key, source in manifest.sources.items()}
        # A file that could not be read is no reason to ingest again: ingest has said so.
        new = sum(key not in before and ingest.readable(files[key], limit) for key in now)
        changed = sum(key in before and before[key] != found for key, found in now.items())
        lost = sum(key not in now for key in before)
        if new or changed or lost:
            return Check(name, False, self._say("stale", new, changed, lost), _INGEST)
        return Check(name, True, self._say("current"))


def _needed() -> list[str]:
    """Return the packages that the default installation needs."""
    try:
        lines = requires("assistant") or []
    except PackageNotFoundError:
        return []
    plain = [line for line in lines if "extra ==" not in line]
    return [line.split(";")[0].split(">")[0].split("=")[0].split("<")[0].strip() for line in plain]


def _installed(name: str) -> bool:
    try:
        return bool(version(name))
    except PackageNotFoundError:
        return False
