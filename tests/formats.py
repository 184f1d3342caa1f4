"""Small documents of each format, made by hand: what the tests of the readers read."""

from __future__ import annotations

import zlib
from collections.abc import Mapping, Sequence
from io import BytesIO
from zipfile import ZIP_DEFLATED, ZipFile

W = 'xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"'
ODF = "urn:oasis:names:tc:opendocument:xmlns"
ODT = f'xmlns:office="{ODF}:office:1.0" xmlns:text="{ODF}:text:1.0" xmlns:table="{ODF}:table:1.0"'


def zipped(members: Mapping[str, str | bytes]) -> bytes:
    """Return a zip archive of ``members``."""
    buffer = BytesIO()
    with ZipFile(buffer, "w", ZIP_DEFLATED) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return buffer.getvalue()


def docx(body: str, styles: str = "") -> bytes:
    """Return a Word document with that body (its XML)."""
    default = "".join(
        f'<w:style w:type="paragraph" w:styleId="{key}"><w:name w:val="{name}"/></w:style>'
        for key, name in [("T", "Title"), ("H1", "heading 1"), ("Titre2", "heading 2")]
    )
    return zipped(
        {
            "[Content_Types].xml": "<Types/>",
            "word/document.xml": f"<w:document {W}><w:body>{body}</w:body></w:document>",
            "word/styles.xml": f"<w:styles {W}>{default}{styles}</w:styles>",
        }
    )


def paragraph(text: str, style: str = "", *, item: bool = False) -> str:
    """Return the XML of a Word paragraph."""
    numbered = "<w:numPr/>" if item else ""
    styled = f'<w:pStyle w:val="{style}"/>' if style else ""
    run = f'<w:r><w:t xml:space="preserve">{text}</w:t></w:r>'
    return f"<w:p><w:pPr>{styled}{numbered}</w:pPr>{run}</w:p>"


def odt(body: str) -> bytes:
    """Return an OpenDocument text with that body (its XML)."""
    return zipped(
        {
            "mimetype": "application/vnd.oasis.opendocument.text",
            "content.xml": f"<office:document-content {ODT}><office:body><office:text>{body}"
            "</office:text></office:body></office:document-content>",
        }
    )


def epub(chapters: Sequence[str]) -> bytes:
    """Return a book with those chapters (the bodies of their pages)."""
    items = "".join(
        f'<item id="c{n}" href="c%20{n}.xhtml" media-type="application/xhtml+xml"/>'
        for n in range(len(chapters))
    )
    order = "".join(f'<itemref idref="c{n}"/>' for n in range(len(chapters)))
    pages = {
        f"OEBPS/c {n}.xhtml": f'<html xmlns="http://www.w3.org/1999/xhtml"><body>{c}</body></html>'
        for n, c in enumerate(chapters)
    }
    return zipped(
        {
            "META-INF/container.xml": '<container><rootfiles><rootfile full-path="OEBPS/p.opf"/>'
            "</rootfiles></container>",
            "OEBPS/p.opf": '<package xmlns:dc="http://purl.org/dc/elements/1.1/"><metadata>'
            f"<dc:title>Le livre</dc:title></metadata><manifest>{items}</manifest>"
            f"<spine>{order}</spine></package>",
            **pages,
        }
    )


def pdf(pages: Sequence[Sequence[tuple[str, float]]], trailer: str = "") -> bytes:
    """Return a PDF whose pages are lines of ``(text, size of the letters)``."""
    objects = ["<< /Type /Catalog /Pages 2 0 R >>", ""]
    objects.append(
        "<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica /Encoding /WinAnsiEncoding >>"
    )
    kids = []
    for lines in pages:
        stream = "BT 50 800 Td "
        for text, size in lines:
            escaped = text.replace("\\", r"\\").replace("(", r"\(").replace(")", r"\)")
            stream += f"/F1 {size} Tf ({escaped}) Tj 0 -{size * 1.5} Td "
        data = zlib.compress((stream + "ET").encode("cp1252")).decode("latin-1")
        objects.append(f"<< /Length {len(data)} /Filter /FlateDecode >>\nstream\n{data}\nendstream")
        kids.append(f"{len(objects) + 1} 0 R")
        objects.append(
            f"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents {len(objects)} 0 R "
            "/Resources << /Font << /F1 3 0 R >> >> >>"
        )
    objects[1] = f"<< /Type /Pages /Count {len(kids)} /Kids [{' '.join(kids)}] >>"
    out, offsets = "%PDF-1.4\n", []
    for number, content in enumerate(objects, 1):
        offsets.append(len(out))
        out += f"{number} 0 obj\n{content}\nendobj\n"
    table = "".join(f"{offset:010d} 00000 n \n" for offset in offsets)
    size = len(objects) + 1
    out += f"xref\n0 {size}\n0000000000 65535 f \n{table}"
    out += (
        f"trailer\n<< /Size {size} /Root 1 0 R {trailer}>>\nstartxref\n{out.index('xref')}\n%%EOF\n"
    )
    return out.encode("latin-1")
