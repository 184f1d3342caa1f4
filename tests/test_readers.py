"""Readers: bad files first, then each format, then the first document itself."""

from __future__ import annotations

import hashlib
import os
import re
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from assistant.errors import ReadError
from assistant.language import normalise
from assistant.readers import SUFFIXES, discover, messages, read, say
from assistant.readers.encoding import decode
from assistant.readers.files import readable
from assistant.readers.text import is_heading
from assistant.types import Document
from assistant.units import split

ROOT = Path(__file__).parent.parent
LIMIT = 1_000_000


def make(folder: Path, name: str, content: str | bytes) -> Document:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return read(path, folder, max_bytes=LIMIT)


def check(document: Document) -> None:
    assert normalise(document.text) == document.text
    assert all(document.text[h.start : h.end] == h.text for h in document.headings)
    _, passages = split(document)
    for passage in passages:
        assert document.text[passage.start : passage.end] == passage.text
        for begin, end in document.noise:
            assert passage.end <= begin or end <= passage.start


def paths(document: Document) -> list[tuple[str, ...]]:
    return [unit.path for unit in split(document)[0]]


def quotes(document: Document) -> list[str]:
    return [passage.text for passage in split(document)[1]]


# --- bad files ---------------------------------------------------------------------------


@pytest.mark.parametrize("suffix", sorted(SUFFIXES))
@pytest.mark.parametrize("content", [b"", b" \n\t ", b"\xef\xbb\xbf"])
def test_empty_files(tmp_path: Path, suffix: str, content: bytes) -> None:
    with pytest.raises(ReadError) as caught:
        make(tmp_path, f"a{suffix}", content)
    assert caught.value.reason in (messages.EMPTY[0], messages.NO_TEXT[0], messages.BROKEN[0])
    assert caught.value.advice


@pytest.mark.parametrize("suffix", sorted(SUFFIXES))
def test_random_bytes(tmp_path: Path, suffix: str) -> None:
    noise = b"".join(hashlib.sha256(bytes([n])).digest() for n in range(250))
    with pytest.raises(ReadError):
        make(tmp_path, f"a{suffix}", b"\x7fELF" + noise)


def test_too_large(tmp_path: Path) -> None:
    with pytest.raises(ReadError, match="MAX_FILE_MB"):
        make(tmp_path, "a.txt", b"x" * (LIMIT + 1))


def test_unknown_format(tmp_path: Path) -> None:
    with pytest.raises(ReadError, match="format"):
        make(tmp_path, "a.xyz", "texte")


def test_missing_file(tmp_path: Path) -> None:
    with pytest.raises(ReadError, match="gone"):
        read(tmp_path / "a.md", tmp_path, max_bytes=LIMIT)


def test_a_folder_with_the_name_of_a_document(tmp_path: Path) -> None:
    (tmp_path / "a.md").mkdir()
    with pytest.raises(ReadError):
        read(tmp_path / "a.md", tmp_path, max_bytes=LIMIT)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="needs named pipes")
def test_a_named_pipe_does_not_block(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "a.md")
    with pytest.raises(ReadError, match="regular"):
        read(tmp_path / "a.md", tmp_path, max_bytes=LIMIT)


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root reads all")
def test_unreadable_file(tmp_path: Path) -> None:
    (tmp_path / "a.md").write_text("texte")
    (tmp_path / "a.md").chmod(0)
    with pytest.raises(ReadError, match="permitted"):
        read(tmp_path / "a.md", tmp_path, max_bytes=LIMIT)


@pytest.mark.parametrize("language", ["fr", "es"])
def test_every_message_is_translated(language: str) -> None:
    for value in vars(messages).values():
        if isinstance(value, tuple) and len(value) == 2 and all(isinstance(v, str) for v in value):
            assert all(say(text, language) != text and say(text, "en") == text for text in value)


# --- encodings ---------------------------------------------------------------------------

FRENCH = "Le bureau a été créé à Genève ; il gère les données de la région — voilà."


@pytest.mark.parametrize(
    "encoding", ["utf-8", "utf-8-sig", "cp1252", "utf-16", "utf-16-le", "utf-16-be"]
)
def test_encodings(encoding: str) -> None:
    assert decode(FRENCH.encode(encoding)).lstrip("\ufeff") == FRENCH


@pytest.mark.parametrize(
    ("text", "encoding"),
    [
        ("Организация управляет платформой и отвечает за отчёты по рискам. " * 3, "cp1251"),
        ("組織は世界的なプラットフォームを管理し、報告書を作成します。" * 5, "shift_jis"),
        ("该组织管理全球危机平台并负责编写风险报告。" * 5, "gb18030"),
        (
            "Która jednostka zarządza ryzykiem i jakie są jej zadania w tej organizacji? " * 3,
            "cp1250",
        ),
    ],
)
def test_other_encodings(text: str, encoding: str) -> None:
    assert decode(text.encode(encoding)) == text


def test_declared_encoding_of_a_page(tmp_path: Path) -> None:
    page = f'<html><head><meta charset="iso-8859-15"></head><body><p>{FRENCH[:60]}</p>'
    document = make(tmp_path, "a.html", page.encode("iso-8859-15"))
    assert document.text == FRENCH[:60]


# --- plain text --------------------------------------------------------------------------


def test_headings_of_plain_text(tmp_path: Path) -> None:
    text = (
        "Avant tout.\n\nLe premier titre\n\nUn paragraphe.\n\n2. Portée\n\n"
        "Le texte de la portée est assez long pour que quelqu'un l'ait coupé\n"
        "à la ligne.\n\n2.1 Détails\n\n- un point\n- deux points\n\nEn savoir plus\n"
    )
    document = make(tmp_path, "mon_fichier-1.txt", text)
    check(document)
    assert document.title == "Mon fichier 1"
    assert paths(document) == [
        ("Mon fichier 1",),
        ("Mon fichier 1", "Le premier titre"),
        ("Mon fichier 1", "2. Portée"),
        ("Mon fichier 1", "2. Portée", "2.1 Détails"),
    ]
    assert "quelqu'un l'ait coupé à la ligne." in document.text
    assert [document.text[a:b] for a, b in document.noise] == ["En savoir plus"]


def test_underlined_headings(tmp_path: Path) -> None:
    document = make(tmp_path, "a.txt", "Titre\n=====\n\nTexte.\n\nPartie\n------\n\nFin.")
    assert paths(document) == [("Titre",), ("Titre", "Partie")]
    assert document.title == "Titre"


@pytest.mark.parametrize(
    "line",
    [
        "", " ", "Une phrase.", "Une question ?", "Ceci annonce :", "- un point", "a) un point",
        "Nom | Âge", "a.b@exemple.org", "minuscule au début", "12", "mot " * 13, "x" * 101,
        "Read more", "En savoir plus", "***", "et ainsi de suite",
    ],
)  # fmt: skip
def test_no_heading(line: str) -> None:
    assert not is_heading(line)


@pytest.mark.parametrize(
    "line", ["Le titre", "ÉTÉ", "1. Portée", "2.3 La suite", "组织结构", "من نحن"]
)
def test_heading(line: str) -> None:
    assert is_heading(line)


def test_a_last_short_line_is_no_heading(tmp_path: Path) -> None:
    document = make(tmp_path, "a.txt", "Un texte.\n\nGenève")
    assert document.headings == ()


def test_one_enormous_paragraph(tmp_path: Path) -> None:
    document = make(tmp_path, "a.txt", "mot " * 200_000)
    check(document)
    assert len(quotes(document)) > 1000


# --- Markdown ----------------------------------------------------------------------------

MARKDOWN = """---
title: "Le vrai titre"
tags: [a]
---
Intro **grasse** et [lien](https://exemple.org "t") ici.
Suite du paragraphe.

## Partie *une* `code` {#ancre}

- le premier point de cette liste
- le deuxième point de cette liste
  1. un point dessous, numéroté ici

| Nom du bureau | Ville du bureau |
|---|---|
| Le bureau de liaison | [Dakar](u) |
| Le bureau de soutien | Nairobi |

![image](x.png)

<div>Un bloc <b>HTML</b> ici.<script>alert(1)</script></div>

```python
x = 1
  y
```

Un paragraphe avec <span onclick="x">du HTML</span> & des entités &amp; \\*. [En savoir plus](u)

Souligné
--------

> Une citation de quelqu'un d'autre.
"""


def test_markdown(tmp_path: Path) -> None:
    document = make(tmp_path, "sous dossier/é a.md", MARKDOWN)
    check(document)
    assert document.id == "sous dossier/é a.md"
    assert document.title == "Le vrai titre"
    assert paths(document) == [
        ("Le vrai titre",),
        ("Le vrai titre", "Partie une code"),
        ("Le vrai titre", "Souligné"),
    ]
    found = quotes(document)
    for quote in (
        "Intro grasse et lien ici. Suite du paragraphe.",
        "le premier point de cette liste",
        "Le bureau de liaison | Dakar",
        "Le bureau de soutien | Nairobi",
        "Une citation de quelqu'un d'autre.",
    ):
        assert quote in found or quote in " ".join(found[:1]), quote
    assert "Un paragraphe avec du HTML & des entités & *." in document.text
    for gone in ("https", "alert", "onclick", "image", "tags", "**", "#"):
        assert gone not in document.text
    assert [document.text[a:b] for a, b in document.noise] == ["En savoir plus"]


def test_first_heading_is_the_title(tmp_path: Path) -> None:
    assert make(tmp_path, "a.md", "## Deux\n\nx\n\n# Un\n\ny").title == "Un"
    assert make(tmp_path, "b.md", "---\ntitle: T\n---\n# Un\n\ny").title == "Un"
    assert make(tmp_path, "rapport_annuel.md", "x").title == "Rapport annuel"


def test_headings_without_words_are_dropped(tmp_path: Path) -> None:
    document = make(tmp_path, "a.md", "#\n\n# ***\n\n## ![x](y)\n\nTexte.")
    assert document.headings == ()


@pytest.mark.parametrize(
    "text", ["# Un", "#", "| a |\n|---|", "- ", "```", "---\n", "[a]: b", "<!--", "![](x)"]
)
def test_odd_markdown(tmp_path: Path, text: str) -> None:
    try:
        check(make(tmp_path, "a.md", text))
    except ReadError as error:
        assert error.reason == messages.NO_TEXT[0]


@pytest.mark.parametrize("nested", ["> ", "- ", "[", "*", "<div>", "`", "(", "![a]("])
def test_deep_markdown_is_read_in_time(tmp_path: Path, nested: str) -> None:
    check(make(tmp_path, "a.md", nested * 5000 + "fin du texte"))


@pytest.mark.parametrize(
    "remain",
    [
        "En savoir plus",
        "Read more",
        "Learn more →",
        "Leer más",
        "Mehr erfahren",
        "了解更多",
        "En savoir plus.",
    ],
)
@pytest.mark.parametrize("link", ["{}", "[{}](u)", "**{}**"])
def test_link_remains_are_noise(tmp_path: Path, remain: str, link: str) -> None:
    document = make(
        tmp_path,
        "a.md",
        f"# T\n\nLe bureau suit les projets de la région.\u00a0{link.format(remain)}",
    )
    check(document)
    assert [document.text[a:b] for a, b in document.noise] == [remain]
    assert quotes(document) == ["Le bureau suit les projets de la région."]


def test_the_same_words_inside_a_sentence_are_content(tmp_path: Path) -> None:
    document = make(
        tmp_path, "a.md", "En savoir plus est utile. Pour en savoir plus, écrivez au bureau."
    )
    assert document.noise == ()


# --- HTML --------------------------------------------------------------------------------

HTML = """<!doctype html><html><head><title>Page — Site</title><style>p{}</style></head><body>
<nav><ul><li>Accueil</li></ul></nav><header><p>En-tête</p></header>
<main><h1>Le titre<a href="#x">¶</a></h1><p>Un <b>para</b>graphe<br>avec suite. <a>Read more</a></p>
<ul><li>le premier point de la liste</li><li>le deuxième
<ul><li>le troisième point</li></ul></li></ul>
<table><tr><th>Bureau de la région</th><td><p>Dakar</p></td></tr>
<tr><td>c</td><td>d</td></tr></table>
<h2>La s<i>ui</i>te</h2>texte nu<div>une division <p hidden>caché</p></div>
<pre>a
  b</pre><p style="display: none">caché</p><script>alert('x')</script><!-- commentaire -->
<div class="toc"><p>sommaire</p></div></main><footer>pied</footer></body></html>"""


def test_html(tmp_path: Path) -> None:
    document = make(tmp_path, "a.html", HTML)
    check(document)
    assert document.title == "Le titre"
    assert paths(document) == [("Le titre",), ("Le titre", "La suite")]
    assert document.text.startswith(
        "Le titre\n\nUn paragraphe avec suite. Read more\n\n- le premier"
    )
    assert "Bureau de la région | Dakar\nc | d" in document.text
    assert "a\n  b" in document.text
    for gone in ("Accueil", "caché", "alert", "commentaire", "pied", "sommaire", "¶"):
        assert gone not in document.text


def test_buttons_above_the_first_heading_are_dropped(tmp_path: Path) -> None:
    page = "<p>Télécharger le livre</p><p>Une phrase.</p><h1>Titre</h1><p>suite"
    assert make(tmp_path, "a.html", page).text == "Une phrase.\n\nTitre\n\nsuite"
    assert make(tmp_path, "b.html", "<p>Télécharger").text == "Télécharger"


def test_title_of_a_page_without_headings(tmp_path: Path) -> None:
    assert make(tmp_path, "a.html", "<title> Mon  titre </title><p>x y z").title == "Mon titre"


@pytest.mark.parametrize(
    "page",
    [
        "<",
        "<p",
        "<html></html>",
        "<!doctype html>",
        "<!-- x",
        "<script>x",
        "&#0;&#xD800;",
        "</p></p>",
    ],
)
def test_odd_pages(tmp_path: Path, page: str) -> None:
    try:
        check(make(tmp_path, "a.html", page))
    except ReadError as error:
        assert error.advice


@pytest.mark.parametrize("tag", ["div", "b", "table", "ul", "blockquote", "pre", "tr", "h1"])
def test_deep_pages(tmp_path: Path, tag: str) -> None:
    try:
        check(make(tmp_path, "a.html", f"<{tag}>" * 20_000 + "fin du texte"))
    except ReadError as error:
        assert error.advice


def test_entities_are_not_expanded_without_end(tmp_path: Path) -> None:
    bomb = '<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;">]><p>&b; texte</p>'
    document = make(tmp_path, "a.html", bomb)
    assert len(document.text) < 200


def test_nothing_outside_is_read(tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("SECRET")
    page = f'<!DOCTYPE x [<!ENTITY s SYSTEM "file://{tmp_path}/secret">]><p>&s; texte</p>'
    assert "SECRET" not in make(tmp_path, "a.html", page).text


# --- any content -------------------------------------------------------------------------


@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.binary(max_size=400), st.sampled_from(sorted(SUFFIXES)))
def test_any_bytes_give_a_document_or_a_clear_refusal(
    tmp_path: Path, content: bytes, suffix: str
) -> None:
    try:
        check(make(tmp_path, f"a{suffix}", content))
    except ReadError as error:
        assert error.reason and error.advice


MARKUP = st.lists(
    st.sampled_from(
        [*"#*_`>|-[]()<&!\n \t1.", "mot", "é", "\n\n", "<p>", "</p>", "<li>", "<tr>", "<td>",
         "<h2>", "<pre>", "</pre>", "<ul>", "</ul>", "| a | b |\n|---|---|\n",
         "---\n", "En savoir plus", "\u00a0",
         "\u202e", "\0", "\r", "。"]
    ),
    max_size=60,
).map("".join)  # fmt: skip


@settings(max_examples=300, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(MARKUP, st.sampled_from([".md", ".html", ".txt"]))
def test_any_markup(tmp_path: Path, content: str, suffix: str) -> None:
    try:
        check(make(tmp_path, f"a{suffix}", content))
    except ReadError as error:
        assert error.reason and error.advice


# --- folders -----------------------------------------------------------------------------


def names(folder: Path) -> tuple[list[str], dict[str, str]]:
    files, skipped = discover(folder)
    return (
        [path.relative_to(folder).as_posix() for path in files],
        {item.file: item.reason for item in skipped},
    )


def test_an_empty_or_missing_folder(tmp_path: Path) -> None:
    assert discover(tmp_path) == ([], [])
    with pytest.raises(ReadError, match="no such folder"):
        discover(tmp_path / "x")


def test_what_is_found_and_what_is_passed_over(tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "secret.md").write_text("x")
    folder = tmp_path / "in"
    for name in (
        "b.md", "a.txt", "README.md", "sub/README.md", "sub/c.HTML", ".hidden.md", ".git/d.md",
        "image.png", "brouillons/e.md", "f.tmp.md", "é ü 'q\" \n.md",
    ):  # fmt: skip
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text("x")
    (folder / ".assistantignore").write_text("# commentaire\nbrouillons/\n*.tmp.md\n")
    (folder / "out.md").symlink_to(outside / "secret.md")
    (folder / "outdir").symlink_to(outside)
    (folder / "loop").symlink_to(folder)
    (folder / "in.md").symlink_to(folder / "b.md")
    (folder / "broken.md").symlink_to(outside / "nothing.md")
    found, skipped = names(folder)
    assert found == ["a.txt", "b.md", "in.md", "sub/README.md", "sub/c.HTML", "é ü 'q\" \n.md"]
    assert skipped == {
        ".git": messages.HIDDEN[0],
        ".hidden.md": messages.HIDDEN[0],
        "broken.md": messages.OUTSIDE[0],
        "image.png": messages.FORMAT[0],
        "loop": messages.LOOP[0],
        "out.md": messages.OUTSIDE[0],
        "outdir": messages.OUTSIDE[0],
    }


def test_the_order_does_not_depend_on_the_disk(tmp_path: Path) -> None:
    for name in ("z/a.md", "a/z.md", "m.md", "a.md"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text("x")
    assert names(tmp_path)[0] == ["a/z.md", "a.md", "m.md", "z/a.md"]


def test_an_ignore_file_may_bring_back_the_note(tmp_path: Path) -> None:
    (tmp_path / "README.md").write_text("x")
    (tmp_path / ".assistantignore").write_text("!README.md")
    assert names(tmp_path)[0] == ["README.md"]


def test_readable() -> None:
    assert readable("rapport_annuel-2024") == "Rapport annuel 2024"
    assert readable("") == ""


# --- the first document ------------------------------------------------------------------


def first() -> Document:
    folder = ROOT / "knowledge"
    return read(folder / "oim-bureau-executif.md", folder, max_bytes=LIMIT)


def test_its_words_are_untouched() -> None:
    raw = (ROOT / "knowledge/oim-bureau-executif.md").read_text("utf-8")
    words = [word for word in raw.split() if not re.fullmatch("#+", word)]
    title = ["Bureau", "exécutif"]
    assert words[:2] == title
    digest = hashlib.sha256(" ".join(words[2:]).encode()).hexdigest()
    assert len(words) - 2 == 4865
    assert digest == "c73f21c452e516e73e9ceda2bb90d2d4b06773988ecc82ce55f6674ee9fbee9a"


def test_its_hierarchy() -> None:
    units, _ = split(first())
    assert len(units) == 29
    children = {unit.path[1]: 0 for unit in units if len(unit.path) == 2}
    for unit in units:
        if len(unit.path) == 3:
            children[unit.path[1]] += 1
    assert sorted(children.values()) == [0, 0, 0, 0, 0, 0, 4, 6, 9]
    assert children["Bureaux régionaux"] == 9


def test_its_passages() -> None:
    document = first()
    check(document)
    _, passages = split(document)
    assert document.language == "fr"
    assert len(document.noise) == document.text.count("En savoir plus") == 17
    assert not any("En savoir plus" in passage.text for passage in passages)
    assert 125 <= len(passages) <= 145
    assert max(len(passage.text) for passage in passages) < 600


def test_the_plain_version_gives_the_same_passages(tmp_path: Path) -> None:
    raw = (ROOT / "knowledge/oim-bureau-executif.md").read_text("utf-8")
    plain = re.sub(r"^#+ (?!Bureau exécutif$)", "", raw, flags=re.MULTILINE)
    plain = plain.removeprefix("# Bureau exécutif\n\n")
    document = make(tmp_path, "a.txt", plain)
    assert quotes(document) == quotes(first())
    assert [path[-1] for path in paths(document)][1:] == [path[-1] for path in paths(first())][1:]


def test_the_note_beside_it_is_not_knowledge() -> None:
    assert names(ROOT / "knowledge")[0] == ["oim-bureau-executif.md"]
