"""An Answer as text, Markdown and HTML: what is marked, what is escaped, what is left alone."""

from __future__ import annotations

import html
import io
import json
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from assistant import render
from assistant.readers import SAME_NAME, say
from assistant.readers.messages import EMPTY
from assistant.types import Answer, Citation, IngestReport, Skipped
from assistant.ui.export import as_html, as_json, as_markdown
from assistant.ui.keeping import Turn
from assistant.ui.words import PAGE_LANGUAGES, words


def citation(number: int, quote: str, start: int = 10, marks: tuple = ()) -> Citation:
    path = ("Compagnie", "Atelier")
    return Citation(
        number, "a.md", "u1", "Atelier", path, quote, start, start + len(quote), marks, "fr"
    )


QUOTE = "Il tient le registre [3] des optiques"


def answer(text: str, *citations: Citation, **more: object) -> Answer:
    return Answer("Qui ?", "answered", "fr", text, 0.9, citations, **more)  # type: ignore[arg-type]


def kinds(text: str, *citations: Citation) -> list[tuple[str, str]]:
    return [(r.kind, r.text) for line in render.lines(text, citations) for r in line.runs]


def test_a_number_in_brackets_inside_a_quote_belongs_to_the_document() -> None:
    found = kinds(f"« {QUOTE} » [1]", citation(1, QUOTE))
    assert ("quote", QUOTE) in found
    assert [text for kind, text in found if kind == "cite"] == ["[1]"]


def test_a_number_that_cites_nothing_stays_text() -> None:
    assert kinds("Voir [7].", citation(1, QUOTE)) == [("text", "Voir [7].")]


def test_the_answering_part_is_marked_and_nothing_is_lost() -> None:
    cited = citation(1, QUOTE, marks=((13, 18), (16, 24), (900, 999)))
    found = kinds(f"« {QUOTE} » [1]", cited)
    assert ("mark", QUOTE[3:14].strip()) in found
    assert "".join(text for _, text in found) == f"« {QUOTE} » [1]"


def test_a_quote_of_several_lines_is_one_run() -> None:
    quote = "Premier point ;\nsecond point."
    assert len(render.lines(f"Lead\n\n« {quote} » [1]", [citation(1, quote)])) == 2


def test_two_citations_of_the_same_words_keep_their_numbers() -> None:
    cited = [citation(1, QUOTE), citation(2, QUOTE, start=500)]
    found = render.lines(f"– A : « {QUOTE} » [1]\n– B : « {QUOTE} » [2]", cited)
    numbers = [{r.number for r in line.runs if r.kind == "quote"} for line in found]
    assert numbers == [{1}, {2}]


def test_the_line_that_is_proved_is_not_bounded_by_brackets_inside_a_quote() -> None:
    second = "Deux lignes ;\nla seconde [1]"
    cited = [citation(1, QUOTE), citation(3, second)]
    text = f"Lead [9] :\n\n– A : « {QUOTE} » [1]\n– B : « {second} » [3] (fr)"
    bounds = render.proved(text, cited)
    shown = [text[slice(*bounds[number])] for number in (1, 3)]
    assert shown == [f"– A : « {QUOTE} » [1]", f"– B : « {second} » [3]"]
    written = render.message_markdown(answer(text, *cited))
    start, end = render.proved(written, cited)[3]
    assert written[start:end].startswith("- B") and written[start:end].endswith("[3]")
    assert render.proved("Rien.", cited) == {1: (0, 5), 3: (0, 5)}


@pytest.mark.parametrize(
    "payload",
    [
        "<script>alert(1)</script>",
        '"><img src=x onerror=alert(1)>',
        "![x](https://elsewhere.example/x.png)",
        "[x](javascript:alert(1))",
        "`code` <b>",
        "\u202eevil\u2066",
    ],
)
def test_untrusted_text_is_only_text(payload: str) -> None:
    quote = f"avant {payload} après"
    shown = answer(f"« {quote} » [1]", citation(1, quote))
    page = render.body_html(shown.text, shown.citations, lambda c: "")
    bare = page.replace('<q lang="fr" dir="ltr">', "").replace("</q>", "")
    bare = bare.replace("<p>", "").replace("</p>", "")
    assert "<" not in bare
    assert "\u202e" not in page
    written = render.answer_markdown(shown)
    assert "](" not in written.replace("\\]\\(", "")
    assert "<" not in written.replace("\\<", "")


HOSTILE = [
    "<script>alert(1)</script>",
    "![x](https://elsewhere.example/x.png)",
    "[x](javascript:alert(1)) [1]: https://elsewhere.example",
    "https://elsewhere.example www.elsewhere.example me@elsewhere.example",
    "`code` **bold** __bold__ ~~gone~~ <b>",
    "# heading",
    "- item",
    "12. item",
    "| a | b |",
    "&lt;b&gt; &#91;x](y)",
    r"$x$ \(y\) \[z\]",
    "===",
]


def shown_as(markdown: str) -> str:
    """Return what a Markdown reader makes of it, as HTML."""
    reader = MarkdownIt("commonmark").enable(["table", "strikethrough"])
    return str(reader.render(markdown))


@pytest.mark.parametrize("payload", HOSTILE)
def test_a_message_is_only_text_to_chat_programs(payload: str) -> None:
    quote = f"{payload} après"
    written = render.message_markdown(answer(f"« {quote} » [1]", citation(1, quote)))
    page = shown_as(written)
    assert set(re.findall(r"<(\w+)", page)) <= {"p", "strong", "ol", "li"}
    assert html.unescape(re.sub(r"<[^>]*>", "", page)).startswith(f"« {quote} » [1]")
    for automatic in (" https://", " www.", "me@", "\\[", "\\("):
        assert automatic not in written


@given(st.text())
def test_any_text_is_shown_as_it_is(text: str) -> None:
    page = shown_as(render.escape_message(text))
    assert set(re.findall(r"<(\w+)", page)) <= {"p"}
    words = html.unescape(re.sub(r"<[^>]*>", "", page)).split()
    assert words == render.clean(text).split()


def test_a_message_keeps_plain_prose_and_numbers_its_sources() -> None:
    quote = "Ouvert du lundi au vendredi (9 h - 17 h) ; l’accès est libre : 3 + 4 = 7."
    written = render.message_markdown(answer(f"« {quote} » [1]", citation(1, quote)))
    assert f"« {quote} » [1]" in written
    assert written.endswith("1. a.md › Compagnie › Atelier (10–83)")


WRITTEN = answer("Un registre est tenu [1].", citation(1, QUOTE), written_by="openai:x<b>")


def test_what_a_model_wrote_is_said_to_be_and_shown_with_its_quotes() -> None:
    turns = [Turn("t", WRITTEN)]
    for form in (
        shown_as(render.message_markdown(WRITTEN)),
        shown_as(render.answer_markdown(WRITTEN)),
        as_html("Titre", turns, words("fr")),
    ):
        assert "<b>" not in form
        plain = html.unescape(re.sub(r"<[^>]*>", "", form))
        assert render.written_by(WRITTEN) in plain
        assert f"« {QUOTE} »" in plain


@pytest.mark.parametrize("code", PAGE_LANGUAGES)
def test_exports_mark_what_no_longer_stands_in_its_document(code: str) -> None:
    spoken = words(code)
    fresh, stale = Turn("t", WRITTEN), Turn("t", WRITTEN, frozenset({1}))
    for form in (as_markdown, as_html):
        assert spoken("stale") in form("Titre", [stale], spoken)
        assert spoken("stale") not in form("Titre", [fresh], spoken)
    assert json.loads(as_json("Titre", [fresh, stale]))["turns"][1]["stale"] == [1]


def test_lists_are_lists() -> None:
    page = render.body_html("Deux :\n\n– un\n– deux\nfin")
    assert page == "<p>Deux :</p><ul><li>un</li><li>deux</li></ul><p>fin</p>"


def test_the_terminal_shows_numbered_sources_without_colours_in_a_file() -> None:
    out = io.StringIO()
    render.show_answer(answer(f"« {QUOTE} » [1]", citation(1, QUOTE, marks=((13, 18),))), out)
    assert "[1] a.md › Compagnie › Atelier (10–47)" in out.getvalue()
    assert "\x1b" not in out.getvalue()


def test_brackets_of_a_document_are_no_terminal_markup() -> None:
    out = io.StringIO()
    quote = "[bold]gras[/bold] [link=https://x.example]x[/link]"
    render.show_answer(answer(f"« {quote} » [1]", citation(1, quote)), out)
    assert quote in out.getvalue()


@pytest.mark.parametrize("language", ["fr", "en", "es", "de"])
def test_the_report_is_one_line_and_one_for_each_skipped_file(language: str) -> None:
    skipped = (Skipped("a.pdf", "encrypted", "remove the password"),)
    done = IngestReport("g", 2, 10, 16, 16, ("a",), (), (), skipped, 1.25)
    first, second = render.report(done, language).splitlines()
    assert "16" in first
    assert "a.pdf" in second


@pytest.mark.parametrize(
    ("language", "reason"),
    [("en", "the same name as /a/b.md"), ("fr", "même nom que /a/b.md"), ("es", "que /a/b.md")],
)
def test_the_report_gives_reasons_and_advice_in_the_language_of_the_terminal(
    language: str, reason: str
) -> None:
    same = Skipped("/c/b.md", SAME_NAME[0].format("/a/b.md"), SAME_NAME[1])
    done = IngestReport("g", 1, 1, 1, 1, (), (), (), (same, Skipped("c.md", *EMPTY)), 0.1)
    _, first, second = render.report(done, language).splitlines()
    assert reason in first
    assert second.endswith(f"{say(EMPTY[0], language)} — {say(EMPTY[1], language)}")
    assert language == "en" or not {"rename", "empty", "same"} & set(f"{first} {second}".split())
