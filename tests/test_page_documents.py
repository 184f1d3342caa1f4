"""The documents view: bring files, remove them, a new index while the old one answers."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from conftest import Build
from page_server import Visit, browsing, running
from payloads import PAYLOADS
from test_page import AXE, request, violations

from assistant.errors import AssistantError
from assistant.settings import Settings, load_settings
from assistant.store import read_manifest
from assistant.ui.desk import Desk
from assistant.ui.editing import editing
from assistant.ui.holdings import Compared, documents_html
from assistant.ui.reindexing import Reindexing
from assistant.ui.shelf import REMOVED, Refused, Shelf, safe_name
from assistant.ui.words import words

GREENHOUSE = b"# Greenhouse\n\nThe greenhouse opens at nine. It shelters rare orchids.\n"


def part(folder: Path, content: bytes = GREENHOUSE) -> Path:
    place = folder / "part"
    place.write_bytes(content)
    return place


# --- names and the folder ------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "safe"),
    [
        ("plan.md", "plan.md"),
        ("../../etc/passwd.txt", "passwd.txt"),
        ("C:\\Users\\me\\Été 2024.PDF", "Été 2024.pdf"),
        ("..\u202egnp.txt", "gnp.txt"),
        (".hidden.md", "hidden.md"),
        ('a<b>:"|?*.md', "a_b_____.md"),
        ("line\nbreak\x00.md", "line_break_.md"),
    ],
)
def test_names_become_plain(name: str, safe: str) -> None:
    made = safe_name(name)
    assert made == safe or (not set(made) & set('/\\<>:"|?*\n\x00') and made[0] != ".")


@pytest.mark.parametrize("name", ["", "...", "/", ".md", "con.txt", "no-ending", "a/"])
def test_names_that_will_not_do_are_refused(name: str) -> None:
    with pytest.raises(Refused):
        safe_name(name)


@pytest.mark.parametrize("payload", PAYLOADS)
def test_no_name_leads_out_of_the_folder(payload: str, tmp_path: Path) -> None:
    try:
        made = safe_name(f"{payload}.md")
    except Refused:
        return
    assert (tmp_path / made).resolve().parent == tmp_path.resolve()
    assert len(made.encode()) <= 200


def test_a_document_comes_in_and_goes(settings: Settings, tmp_path: Path) -> None:
    shelf = Shelf(settings)
    assert shelf.add("../Greenhouse.MD", part(tmp_path)) == "Greenhouse.md"
    assert list(shelf.files()) == ["Greenhouse.md", "garden.md", "library.md"]
    with pytest.raises(Refused, match="refused_exists"):
        shelf.add("Greenhouse.md", part(tmp_path))
    shelf.add("Greenhouse.md", part(tmp_path, b"# Other\n\nAnother text stands here.\n"), True)
    assert b"Another" in (settings.knowledge / "Greenhouse.md").read_bytes()
    shelf.remove("Greenhouse.md")
    assert list(shelf.files()) == ["garden.md", "library.md"]
    kept = [path.read_bytes() for path in (settings.knowledge / REMOVED).iterdir()]
    assert sorted(kept) == sorted([GREENHOUSE, b"# Other\n\nAnother text stands here.\n"])


@pytest.mark.parametrize(
    ("name", "content", "key"),
    [
        ("photo.png", b"x", "refused_format"),
        ("empty.txt", b" ", "refused_unread"),
        ("broken.pdf", b"%PDF-1.7 nothing", "refused_unread"),
        ("README.md", GREENHOUSE, "refused_left_out"),
    ],
)
def test_what_cannot_be_read_is_refused(
    settings: Settings, tmp_path: Path, name: str, content: bytes, key: str
) -> None:
    shelf = Shelf(settings)
    with pytest.raises(Refused, match=key):
        shelf.add(name, part(tmp_path, content))
    assert list(shelf.files()) == ["garden.md", "library.md"]
    assert not (settings.knowledge / name).exists()


def test_what_would_not_be_read_replaces_nothing(settings: Settings, tmp_path: Path) -> None:
    (settings.knowledge / "README.md").write_text("# Mine\n")
    with pytest.raises(Refused, match="refused_left_out"):
        Shelf(settings).add("README.md", part(tmp_path), True)
    assert (settings.knowledge / "README.md").read_text() == "# Mine\n"


@pytest.mark.parametrize("name", ["../secret.md", "/etc/hostname", "link.md", "nothing.md", ""])
def test_only_documents_of_the_folder_are_removed(
    settings: Settings, tmp_path: Path, name: str
) -> None:
    secret = tmp_path / "secret.md"
    secret.write_text("# Secret\n")
    (settings.knowledge / "link.md").symlink_to(secret)
    with pytest.raises(Refused, match="refused_unknown"):
        Shelf(settings).remove(name)
    assert secret.exists()


def test_a_link_is_replaced_and_not_followed(settings: Settings, tmp_path: Path) -> None:
    secret = tmp_path / "secret.md"
    secret.write_text("# Secret\n")
    (settings.knowledge / "link.md").symlink_to(secret)
    Shelf(settings).add("link.md", part(tmp_path), True)
    assert secret.read_text() == "# Secret\n"


def test_documents_are_changed_by_default_on_this_machine_only() -> None:
    assert load_settings().editable
    assert load_settings(host="::1").editable
    assert not load_settings(host="0.0.0.0").editable
    assert not load_settings(host="intranet.example").editable
    assert not load_settings(auth="readers").editable
    assert load_settings(auth="readers", edit_documents="yes").editable
    assert load_settings(host="0.0.0.0", edit_documents="yes").editable
    assert not load_settings(edit_documents="no").editable


def test_a_file_that_cannot_be_read_does_not_make_the_index_stale(
    settings: Settings, build: Build
) -> None:
    (settings.knowledge / "empty.md").write_bytes(b"")
    build()
    compared = Compared(Shelf(settings))

    def states() -> dict[str, str]:
        _, manifest = read_manifest(settings.index)
        return {entry.name: entry.state for entry in compared.entries(None, manifest)}

    assert states() == {"empty.md": "unread", "garden.md": "", "library.md": ""}
    shown = documents_html(compared, None, settings.index, words("en"), True)
    assert words("en")("state_unread") in shown and 'data-do="reindex"' in shown
    assert 'class="strong" data-do="reindex"' not in shown
    (settings.knowledge / "empty.md").write_bytes(GREENHOUSE)
    assert states()["empty.md"] == "new"


# --- the child that makes the index --------------------------------------------------------


def ended(reindexing: Reindexing) -> Any:
    end = time.monotonic() + 60
    while reindexing.progress.state == "running" and time.monotonic() < end:
        time.sleep(0.05)
    return reindexing.progress


def test_only_one_index_is_made_at_a_time(settings: Settings) -> None:
    reindexing = Reindexing(settings, [sys.executable, "-c", "import time; time.sleep(1)"])
    assert reindexing.start()
    assert not reindexing.start()
    assert ended(reindexing).state == "failed"
    assert reindexing.start()


def test_a_child_that_says_why_it_failed_is_heard(settings: Settings) -> None:
    lines = [{"step": "read", "done": 1, "total": 2}, {"error": "IndexBusy", "detail": "busy"}]
    code = f"print({json.dumps(lines[0])!r}); print('noise'); print({json.dumps(lines[1])!r})"
    reindexing = Reindexing(settings, [sys.executable, "-c", code])
    reindexing.start()
    found = ended(reindexing)
    assert (found.state, found.error, found.detail) == ("failed", "IndexBusy", "busy")


def test_what_a_child_says_to_nobody_is_in_the_log(
    settings: Settings, capfd: pytest.CaptureFixture[str]
) -> None:
    reindexing = Reindexing(settings, [sys.executable, "-c", "raise SystemExit('out of memory')"])
    reindexing.start()
    assert ended(reindexing).state == "failed"
    assert "out of memory" in capfd.readouterr().err


# --- the border ----------------------------------------------------------------------------


@pytest.fixture(scope="module")
def closed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    folder = tmp_path_factory.mktemp("closed")
    (folder / "knowledge").mkdir()
    settings = {"index": folder / "index", "knowledge": folder / "knowledge"}
    with running("page_fake:opened", edit_documents="no", **settings) as url:
        yield url


def test_where_it_is_switched_off_nothing_changes(closed: str) -> None:
    for method, path in (
        ("PUT", "/page/file?name=a.md"),
        ("DELETE", "/page/file?name=a.md"),
        ("POST", "/page/index"),
    ):
        status, _, text = request(closed, path, method=method, body=GREENHOUSE)
        assert (status, json.loads(text)["key"]) == (409, "refused_off")
    assert "data-editable" not in request(closed, "/page/documents")[2]


@pytest.mark.parametrize(
    "headers",
    [
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
        {"Origin": "http://evil.example"},
        {"Origin": "null"},
    ],
)
def test_another_site_changes_nothing(closed: str, headers: dict[str, str]) -> None:
    for method, path in (("PUT", "/page/file?name=a.md"), ("POST", "/page/index")):
        assert request(closed, path, method=method, body=b"x", headers=headers)[0] == 403


def test_what_an_error_says_is_text() -> None:
    def opened(_: Settings) -> Any:
        raise AssistantError("<b>x</b>")

    router = editing(Desk(load_settings(), opened))
    shown = next(r for r in router.routes if r.name == "documents").endpoint("en")  # type: ignore[attr-defined]
    assert b"&lt;b&gt;" in shown.body


# --- in a browser --------------------------------------------------------------------------


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("documents")


@pytest.fixture(scope="module")
def visit(folder: Path) -> Iterator[Visit]:
    """A page that begins with an empty folder and no index, over the real assistant."""
    (folder / "knowledge").mkdir()
    places = {"index": folder / "index", "knowledge": folder / "knowledge", "max_file_mb": 1}
    with running("assistant.build:open_assistant", **places) as url, browsing() as browser:
        made = Visit(browser, url)
        made.page.set_default_timeout(180_000)
        made.page.goto(url)
        yield made
        assert made.outside == []
        made.context.close()


def choose(visit: Visit, *files: tuple[str, bytes]) -> list[str]:
    """Send files by the button; return what is said of each."""
    with visit.page.expect_file_chooser() as chooser:
        visit.page.click("[data-do=choose-files]")
    shown = visit.page.locator(".uploads li").count()
    payloads = [{"name": n, "mimeType": "text/plain", "buffer": c} for n, c in files]
    chooser.value.set_files(payloads)
    visit.page.wait_for_function(
        "n => document.querySelectorAll('.uploads [data-outcome]').length === n",
        arg=shown + len(files),
    )
    return [str(t) for t in visit.page.locator(".uploads .outcome").all_inner_texts()[shown:]]


def renew(visit: Visit) -> None:
    visit.page.click("[data-do=reindex]")
    visit.page.wait_for_selector(".renewal .said[data-state=done] p")


def test_the_first_document_makes_the_first_index(visit: Visit) -> None:
    visit.page.wait_for_selector("#documents .stale-index", state="attached")
    visit.page.click("#tab-documents")
    said = choose(visit, ("Garden.md", b"# Garden\n\nThe gardener waters the roses in March.\n"))
    assert said == ["Ajouté"]
    visit.says(".document .state", "à indexer")
    renew(visit)
    visit.page.wait_for_selector("#outline .outline button:has-text('Garden')", state="attached")
    visit.page.wait_for_selector("body[data-ready]")
    assert "anglais" in visit.text("#documents .facts")
    assert "e5" in visit.text("#documents .about")
    visit.page.wait_for_function(
        "document.querySelector('#welcome .holdings')?.textContent.startsWith('1 document')"
    )


def test_refusals_are_sentences(visit: Visit) -> None:
    said = choose(
        visit,
        ("photo.png", b"x"),
        ("huge.txt", b"word " * 300_000),
        ("empty.txt", b""),
        ("Garden.md", GREENHOUSE),
    )
    assert "format" in said[0]
    assert "taille" in said[1]
    assert "vide" in said[2]
    assert "Remplacer" in said[3]
    assert not AXE.exists() or violations(visit) == []


def test_files_are_dropped_and_the_old_index_answers_meanwhile(visit: Visit, folder: Path) -> None:
    visit.page.evaluate(
        """text => {
          const files = new DataTransfer();
          files.items.add(new File([text], 'greenhouse.md'));
          const how = {dataTransfer: files, bubbles: true, cancelable: true};
          document.querySelector('#talk').dispatchEvent(new DragEvent('drop', how));
        }""",
        GREENHOUSE.decode(),
    )
    visit.page.wait_for_selector(".document .state")
    assert (folder / "knowledge" / "greenhouse.md").read_bytes() == GREENHOUSE
    # One answer that cannot be read does not end the looking.
    seen: list[str] = []

    def once(route: Any) -> None:
        seen.append(route.request.method)
        odd = route.request.method == "GET" and seen.count("GET") == 1
        route.fulfill(status=502, body="x") if odd else route.continue_()

    visit.page.route("**/page/index?*", once)
    visit.page.click("[data-do=reindex]")
    visit.page.wait_for_selector(".renewal .progress:not([hidden])")
    visit.ask("Who waters the roses in March?")
    visit.page.wait_for_selector(".renewal .said[data-state=done] p")
    visit.ask("When does the greenhouse open?")
    visit.page.wait_for_selector("#live .answer >> text=nine")


def test_a_document_is_removed_by_two_clicks(visit: Visit, folder: Path) -> None:
    control = visit.page.locator("[data-name='greenhouse.md']")
    control.click()
    assert (folder / "knowledge" / "greenhouse.md").exists()
    control.click()
    visit.page.wait_for_selector(".document .state")
    visit.says(".document .state", "fichier retiré")
    assert not (folder / "knowledge" / "greenhouse.md").exists()
    renew(visit)
    visit.page.wait_for_function("document.querySelectorAll('.document').length === 1")


def test_a_file_beyond_the_limit_is_not_taken_in(visit: Visit, folder: Path) -> None:
    status, _, _ = request(
        visit.url, "/page/file?name=big.txt", method="PUT", body=b"word " * 300_000
    )
    assert status == 413
    assert not (folder / "knowledge" / "big.txt").exists()
    leftover = [p.name for p in (folder / "knowledge" / REMOVED).iterdir()]
    assert not [name for name in leftover if name.startswith("incoming")]
