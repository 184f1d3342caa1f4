"""Readers of PDF, office, book, table and mail files: damaged ones first."""

from __future__ import annotations

import struct
from io import BytesIO
from pathlib import Path
from zipfile import ZipFile

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from assistant.errors import ReadError
from tests.formats import docx, epub, odt, paragraph, pdf, zipped
from tests.test_readers import LIMIT, check, make, paths, quotes

SENTENCE = "Le bureau de la région suit les projets et écrit les rapports."
GOOD = {
    ".docx": docx(paragraph("Le titre", "H1") + paragraph(SENTENCE)),
    ".odt": odt(f'<text:h text:outline-level="1">Le titre</text:h><text:p>{SENTENCE}</text:p>'),
    ".epub": epub([f"<h1>Le titre</h1><p>{SENTENCE}</p>"]),
    ".pdf": pdf([[("Le titre", 24), (SENTENCE, 11), (SENTENCE, 11)]]),
    ".eml": f"Subject: Le titre\r\nFrom: a@b.org\r\n\r\n{SENTENCE}\r\n".encode(),
    ".csv": f"Nom;Tâche\nLe titre;{SENTENCE}\n".encode(),
}
ZIPPED = [".docx", ".odt", ".epub"]


@pytest.mark.parametrize("suffix", sorted(GOOD))
def test_each_format(tmp_path: Path, suffix: str) -> None:
    document = make(tmp_path, f"mon_fichier{suffix}", GOOD[suffix])
    check(document)
    assert paths(document)[-1][-1] == "Le titre"
    assert any(SENTENCE in quote for quote in quotes(document))
    assert document.language == "fr"


# --- damaged, locked, hostile ------------------------------------------------------------


@pytest.mark.parametrize("suffix", sorted(GOOD))
@pytest.mark.parametrize("share", [0.05, 0.3, 0.6, 0.9, 0.99])
def test_truncated_files(tmp_path: Path, suffix: str, share: float) -> None:
    whole = GOOD[suffix]
    try:
        check(make(tmp_path, f"a{suffix}", whole[: int(len(whole) * share)]))
    except ReadError as error:
        assert error.reason and error.advice


@settings(max_examples=200, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.sampled_from(sorted(GOOD)), st.data())
def test_flipped_bytes(tmp_path: Path, suffix: str, data: st.DataObject) -> None:
    content = bytearray(GOOD[suffix])
    for _ in range(data.draw(st.integers(1, 8))):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    try:
        check(make(tmp_path, f"a{suffix}", bytes(content)))
    except ReadError as error:
        assert error.reason and error.advice


@pytest.mark.parametrize("suffix", ZIPPED)
@pytest.mark.parametrize("content", [b"PK\x03\x04", b"texte", zipped({}), zipped({"a": "b"})])
def test_not_what_the_name_says(tmp_path: Path, suffix: str, content: bytes) -> None:
    with pytest.raises(ReadError, match="damaged"):
        make(tmp_path, f"a{suffix}", content)


@pytest.mark.parametrize("suffix", ZIPPED)
def test_zip_bombs(tmp_path: Path, suffix: str) -> None:
    with pytest.raises(ReadError, match="far larger"):
        make(tmp_path, f"a{suffix}", zipped({"word/document.xml": b"0" * (LIMIT * 5)}))


def test_a_bomb_that_lies_about_its_size(tmp_path: Path) -> None:
    raw = bytearray(zipped({"word/document.xml": b"<a>" + b"0" * (LIMIT * 5)}))
    central = raw.rindex(b"PK\x01\x02")
    raw[central + 24 : central + 28] = struct.pack("<I", 100)
    with pytest.raises(ReadError, match="damaged"):
        make(tmp_path, "a.docx", bytes(raw))


@pytest.mark.parametrize("suffix", ZIPPED)
def test_locked_archives(tmp_path: Path, suffix: str) -> None:
    raw = bytearray(GOOD[suffix])
    at = raw.index(b"PK\x01\x02")
    raw[at + 8] |= 1
    with pytest.raises(ReadError, match="password"):
        make(tmp_path, f"a{suffix}", bytes(raw))
    with pytest.raises(ReadError, match="password"):
        make(tmp_path, f"b{suffix}", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600))


def test_xml_bombs_and_outside_entities(tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("SECRET")
    entities = f'<!ENTITY s SYSTEM "file://{tmp_path}/secret"><!ENTITY a0 "aaaaaaaaaa">'
    entities += "".join(f'<!ENTITY a{n} "{f"&a{n - 1};" * 10}">' for n in range(1, 10))
    xml = f"<!DOCTYPE x [{entities}]><x><body><p>&s; &a9; texte</p></body></x>"
    try:
        document = make(tmp_path, "a.odt", zipped({"content.xml": xml}))
    except ReadError:
        return
    assert "SECRET" not in document.text
    assert len(document.text) < 100


def test_paths_in_a_book_stay_in_the_book(tmp_path: Path) -> None:
    raw = epub(["<p>x</p>"])
    with ZipFile(BytesIO(raw)) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    members["OEBPS/p.opf"] = members["OEBPS/p.opf"].replace(b"c%200.xhtml", b"../../../etc/passwd")
    with pytest.raises(ReadError, match="damaged"):
        make(tmp_path, "a.epub", zipped(members))


def test_locked_pdf(tmp_path: Path) -> None:
    locked = (
        "/Encrypt << /Filter /Standard /V 1 /R 2 /P -4 "
        f"/O <{'41' * 32}> /U <{'42' * 32}> >> /ID [<00> <00>] "
    )
    with pytest.raises(ReadError, match="password"):
        make(tmp_path, "a.pdf", pdf([[("x", 10)]], trailer=locked))


def test_scanned_pdf(tmp_path: Path) -> None:
    with pytest.raises(ReadError, match="OCR"):
        make(tmp_path, "a.pdf", pdf([[], []]))


@pytest.mark.parametrize("content", [b"%PDF-1.7", b"%PDF-1.4\n%%EOF", b"x" * 2000])
def test_no_pdf(tmp_path: Path, content: bytes) -> None:
    with pytest.raises(ReadError):
        make(tmp_path, "a.pdf", content)


# --- what is read ------------------------------------------------------------------------


def test_pdf_pages_headings_and_edges(tmp_path: Path) -> None:
    def page(number: int, *lines: tuple[str, float]) -> list[tuple[str, float]]:
        return [("Organisation — Rapport", 8), *lines, (f"Page {number} sur 4", 8)]

    long = "La division suit les relations avec les partenaires et prépare la coor-"
    document = make(
        tmp_path,
        "rapport.pdf",
        pdf(
            [
                page(1, ("Le grand titre", 24), ("Une introduction courte du rapport.", 11)),
                page(2, ("La première partie", 16), (long, 11), ("dination des dons.", 11)),
                page(3, (SENTENCE, 11), ("• le premier point", 11), ("• le second point", 11)),
                page(4, ("La seconde partie", 16), (SENTENCE, 11)),
            ]
        ),
    )
    check(document)
    assert document.title == "Le grand titre"
    assert paths(document) == [
        ("Le grand titre",),
        ("Le grand titre", "La première partie"),
        ("Le grand titre", "La seconde partie"),
    ]
    assert "prépare la coordination des dons." in document.text
    assert "Page" not in document.text and "Organisation" not in document.text
    assert [p.number for p in document.pages] == [1, 2, 3, 4]
    at = document.text.index("dination")
    (number,) = [p.number for p in document.pages if p.start <= at < p.end]
    assert number == 2
    assert document.pages[0].start == 0 and document.pages[-1].end == len(document.text)


def test_docx_structure(tmp_path: Path) -> None:
    cell = "<w:tc>{}</w:tc>".format
    body = (
        paragraph("Le rapport", "T")
        + paragraph("Partie", "H1")
        + paragraph("le premier point de la liste", item=True)
        + paragraph("le second point de la liste", item=True)
        + paragraph("Détail", "Titre2")
        + f"<w:tbl><w:tr>{cell(paragraph('Dakar, bureau'))}{cell(paragraph('Sénégal, Afrique'))}"
        + f"</w:tr></w:tbl><w:sdt><w:sdtContent>{paragraph(SENTENCE)}</w:sdtContent></w:sdt>"
        + "<w:p><w:r><w:t>a</w:t><w:tab/><w:t>b</w:t></w:r><w:del><w:r><w:delText>supprimé"
        + "</w:delText></w:r></w:del><w:r><w:instrText>PAGE</w:instrText></w:r></w:p>"
    )
    document = make(tmp_path, "a.docx", docx(body))
    check(document)
    assert document.title == "Le rapport"
    assert paths(document) == [
        ("Le rapport",),
        ("Le rapport", "Partie"),
        ("Le rapport", "Partie", "Détail"),
    ]
    assert "- le premier point de la liste\n- le second" in document.text
    assert "Dakar, bureau | Sénégal, Afrique" in document.text
    assert document.text.endswith("a b")


def test_odt_structure(tmp_path: Path) -> None:
    body = (
        '<text:p text:style-name="Title">Le rapport</text:p>'
        '<text:h text:outline-level="1">Partie<text:bookmark/> une</text:h>'
        "<text:list><text:list-item><text:p>le premier point de la liste</text:p></text:list-item>"
        "<text:list-item><text:p>le second point</text:p></text:list-item></text:list>"
        "<table:table><table:table-row><table:table-cell><text:p>Dakar</text:p></table:table-cell>"
        "<table:table-cell><text:p>Sénégal</text:p></table:table-cell></table:table-row></table:table>"
        "<text:p>a<text:s/>b<text:span>c</text:span>d<office:annotation><text:p>non</text:p>"
        "</office:annotation></text:p>"
    )
    document = make(tmp_path, "a.odt", odt(body))
    check(document)
    assert paths(document) == [("Le rapport",), ("Le rapport", "Partie une")]
    assert "- le premier point de la liste\n- le second point" in document.text
    assert "Dakar | Sénégal" in document.text
    assert document.text.endswith("a bcd")


def test_epub_order_and_title(tmp_path: Path) -> None:
    document = make(tmp_path, "a.epub", epub(["<h1>Un</h1><p>Texte un.</p>", "<h1>Deux</h1>"]))
    check(document)
    assert document.title == "Le livre"
    assert paths(document) == [("Un",), ("Deux",)]


@pytest.mark.parametrize("mark", [",", ";", "\t", "|"])
def test_csv_rows_are_units(tmp_path: Path, mark: str) -> None:
    rows = [["Bureau", "Ville", "Note"], ["Liaison", "Dakar", ""], ["Soutien", "Nairobi", "été"]]
    text = "\n".join(mark.join(row) for row in rows)
    document = make(tmp_path, "bureaux.csv", text.encode("cp1252"))
    check(document)
    assert paths(document) == [("Liaison",), ("Soutien",)]
    assert document.text == "Liaison\n\nVille: Dakar\n\nSoutien\n\nVille: Nairobi\nNote: été"


def test_csv_with_quotes_and_one_column(tmp_path: Path) -> None:
    document = make(tmp_path, "a.csv", 'a,b\n"un, deux\nlignes","dit ""oui"""\n')
    assert document.text == 'un, deux lignes\n\nb: dit "oui"'
    assert make(tmp_path, "b.csv", "un\ndeux").text == "deux"


def test_mail_with_html_and_attachment(tmp_path: Path) -> None:
    mail = (
        "Subject: =?utf-8?q?R=C3=A9union?=\r\nFrom: A <a@b.org>\r\nMIME-Version: 1.0\r\n"
        'Content-Type: multipart/mixed; boundary="X"\r\n\r\n--X\r\nContent-Type: text/html; '
        "charset=utf-8\r\n\r\n<p>Le <b>texte</b></p><script>x</script>\r\n--X\r\n"
        "Content-Type: application/pdf\r\nContent-Disposition: attachment\r\n\r\nPIECE\r\n--X--"
    )
    document = make(tmp_path, "a.eml", mail)
    check(document)
    assert document.title == "Réunion"
    assert document.text == "Réunion\n\nFrom: A <a@b.org>\n\nLe texte"
