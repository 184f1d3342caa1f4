"""Every language has every phrase, with the same placeholders."""

from __future__ import annotations

import json
import string
from importlib.resources import files

import pytest

from assistant.phrases import LOCALES, language_name, locale, say, variant

REFERENCE = "fr"
VALUES = {
    "unit": "Unit",
    "parent": "Parent",
    "count": 3,
    "language": "fr",
    "terms": "a, b",
    "question": "Q?",
    "limit": 2000,
    "model": "openai:gpt",
}


def load(code: str) -> dict[str, object]:
    text = files("assistant").joinpath("locales", f"{code}.json").read_text("utf-8")
    loaded: dict[str, object] = json.loads(text)
    return loaded


def placeholders(text: object) -> list[str]:
    return sorted(name for _, name, _, _ in string.Formatter().parse(str(text)) if name)


@pytest.mark.parametrize("code", LOCALES)
def test_no_language_lacks_a_key_or_a_placeholder(code: str) -> None:
    reference, found = load(REFERENCE), load(code)
    assert found.keys() == reference.keys()
    for key in reference.keys() - {"languages"}:
        assert placeholders(found[key]) == placeholders(reference[key]), key


@pytest.mark.parametrize("code", LOCALES)
def test_every_phrase_can_be_said(code: str) -> None:
    for key in load(code).keys() - {"languages"}:
        said = say(code, key, **VALUES)
        assert said.strip() == said
        assert said
        assert "{" not in said


@pytest.mark.parametrize("code", LOCALES)
def test_every_language_is_named_in_every_language(code: str) -> None:
    names = load(code)["languages"]
    assert isinstance(names, dict)
    assert set(names) == set(LOCALES)
    assert len(set(names.values())) == len(LOCALES)


def test_the_folder_holds_exactly_the_locales() -> None:
    found = {entry.name for entry in files("assistant").joinpath("locales").iterdir()}
    assert found == {f"{code}.json" for code in LOCALES}


def test_unknown_languages_fall_back_and_regions_are_served() -> None:
    assert locale("sw") == "en"
    assert locale("") == "en"
    assert locale("pt-BR") == "pt"
    assert locale("zh_Hant_TW") == "zh-TW"
    assert locale("zh-CN") == "zh"
    assert say("sw", "nearest") == say("en", "nearest")


def test_a_quote_says_its_language_in_the_reader_s() -> None:
    assert say("fr", "quote_language", language="fr") == "citation en français"
    assert say("ru", "quote_language", language="fr") == "цитата на французском языке"
    assert language_name("sw", "fr") == "sw"


def test_values_are_never_read_as_templates() -> None:
    assert "{parent}" in say("fr", "lead_unit", unit="{parent}")


def test_missing_value_and_unknown_key_are_errors() -> None:
    with pytest.raises(KeyError):
        say("fr", "lead_unit")
    with pytest.raises(KeyError):
        say("fr", "no_such_phrase")


def test_traditional_characters_are_answered_in_them() -> None:
    assert variant("zh", "誰負責捐助者關係？") == "zh-TW"
    assert variant("zh", "谁负责捐助者关系？") == "zh"
    assert variant("ja", "誰ですか") == "ja"
