"""A Chroma server: reached within seconds, or ServerGone; its collections made and swept."""

from __future__ import annotations

import contextlib
import hashlib
import os
from collections.abc import Iterator, Mapping, Set
from pathlib import Path
from typing import Any

from assistant import generations
from assistant.chroma.base import create, errors
from assistant.errors import ServerGone

REACH = 2.0
"""Seconds to reach a server that is to answer at all."""
ANSWER = 5.0
"""Seconds a reader waits for an answer before it searches all vectors itself."""
STORE = 600.0
"""Seconds an ingest waits for an answer: with the last vectors a large graph is written."""
_BATCH = 250
_PAGE = 100


class Server:
    """A Chroma server while an index is written: it makes and sweeps that index's collections.

    They bear the mark of the index, which is of its folder and of a file in it: neither another
    index of this server nor one in a folder of the same name elsewhere is ever touched.
    """

    def __init__(self, client: Any, url: str, index: Path) -> None:
        self._client = client
        self._url = url
        self._mark = _mark(index)

    def place(self, folder: Path) -> Collection:
        """Return the place for the generation that is built in ``folder``; raise ServerGone."""
        generation = generations.named(folder)
        metadata = {"index": self._mark, "generation": generation}
        return Collection(self._client, self._url, f"passages-{generation}", metadata)

    def sweep(self, kept: Set[str]) -> None:
        """Delete this index's collections of all generations but ``kept``; raise ServerGone.

        Only the holder of the writer's lock may call this.
        """
        with asked(self._url):
            for name in [name for name, generation in self._own() if generation not in kept]:
                _delete(self._client, name)

    def _own(self) -> Iterator[tuple[str, str]]:
        at = 0
        while found := self._client.list_collections(limit=_PAGE, offset=at):
            for collection in found:
                metadata = collection.metadata or {}
                if metadata.get("index") == self._mark:
                    yield collection.name, str(metadata.get("generation"))
            at += len(found)


class Collection:
    """The collection of a generation in the making (a `Place`)."""

    def __init__(self, client: Any, url: str, name: str, metadata: Mapping[str, Any]) -> None:
        self.name = name
        self._client = client
        self._url = url
        self._metadata = metadata
        with asked(url):
            self.batch = min(_BATCH, int(client.get_max_batch_size()))

    @contextlib.contextmanager
    def created(self, count: int, metadata: Mapping[str, Any]) -> Iterator[Any]:
        """Give the empty collection; raise ServerGone."""
        with asked(self._url):
            made = create(self._client, self.name, count, {**metadata, **self._metadata})
            if not _compares_by_cosine(made):
                raise ValueError("it does not compare by cosine")
            yield made

    @contextlib.contextmanager
    def opened(self) -> Iterator[Any]:
        """Give the collection; raise ServerGone."""
        with asked(self._url):
            yield self._client.get_collection(self.name, embedding_function=None)

    def discard(self) -> None:
        """Delete it; where the server is gone, the next ingest does."""
        with contextlib.suppress(ServerGone), asked(self._url):
            _delete(self._client, self.name)


@contextlib.contextmanager
def serving(url: str, index: Path) -> Iterator[Server | None]:
    """Give the server of an index that is being written, None without ``url``; raise ServerGone."""
    if not url:
        yield None
        return
    with connected(url, STORE) as client:
        yield Server(client, url, index)


@contextlib.contextmanager
def connected(url: str, seconds: float) -> Iterator[Any]:
    """Give a client of the server, which calls nobody else; raise ServerGone.

    Each answer is waited for ``seconds`` at most; Chroma's own client would wait for ever. Its
    settings for a login (``CHROMA_CLIENT_AUTH_PROVIDER`` and others) are read as it documents.
    """
    import chromadb
    import httpx
    from chromadb.config import Settings

    settings = Settings(anonymized_telemetry=False)
    verify = settings.chroma_server_ssl_verify
    with asked(url):
        alive = httpx.get(
            f"{url}/api/v2/heartbeat", timeout=REACH, verify=True if verify is None else verify
        )
        alive.raise_for_status()
        client: Any = chromadb.HttpClient(url, ssl=url.startswith("https:"), settings=settings)
    client._server._session.timeout = httpx.Timeout(seconds, connect=REACH)
    try:
        yield client
    finally:
        client.close()
        for part in (client, client._admin_client):  # Chroma's close leaves connections open
            part._server._session.close()


def holds(url: str, name: str, count: int) -> bool:
    """Return whether the server has the collection with ``count`` vectors; raise ServerGone.

    Without a name, it is only asked whether it answers.
    """
    with connected(url, ANSWER) as client, asked(url):
        collection = found(client, name) if name else None
        return collection is not None and collection.count() == count


def found(client: Any, name: str) -> Any:
    """Return the collection of that name, or None."""
    from chromadb.errors import NotFoundError

    try:
        return client.get_collection(name, embedding_function=None)
    except NotFoundError:
        return None


@contextlib.contextmanager
def asked(url: str) -> Iterator[None]:
    """Raise ServerGone where Chroma's client says in its ways that the server is of no use."""
    import httpx

    try:
        yield
    except Exception as error:
        # An answer that is not Chroma's becomes a plain Exception in its client.
        usual = isinstance(error, (*errors(), httpx.HTTPError, ValueError))
        if not usual and type(error) is not Exception:
            raise
        why = " ".join(str(error).split())[:200] or type(error).__name__
        raise ServerGone(
            f"The Chroma server {url} cannot be used ({why}): start it, or change "
            "ASSISTANT_CHROMA_URL; where that is empty, the vectors are files of the index"
        ) from error


def _delete(client: Any, name: str) -> None:
    from chromadb.errors import NotFoundError

    with contextlib.suppress(NotFoundError):
        client.delete_collection(name)


def _compares_by_cosine(collection: Any) -> bool:
    kinds = (collection.configuration_json.get(kind) or {} for kind in ("hnsw", "spann"))
    return any(kind.get("space") == "cosine" for kind in kinds)


def _mark(index: Path) -> str:
    """Return what tells the collections of an index from all others, made at the first use."""
    path = index / "collections.id"
    if not path.is_file():
        path.write_text(os.urandom(16).hex(), "ascii")
    own = f"{index.resolve()}\n{path.read_text('ascii')}"
    return hashlib.sha256(own.encode("utf-8", "surrogateescape")).hexdigest()[:32]
