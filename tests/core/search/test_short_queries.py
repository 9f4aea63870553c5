from dataclasses import dataclass, field

import pytest

from core.base.title_nouns import TitleNouns
from core.search.short_queries import query_language
from core.settings import SHIPPED
from tests.core.pipeline.small import bench


@pytest.fixture(scope="module")
def nouns():
    return TitleNouns(SHIPPED / "vocabularies")


@dataclass
class Counts:
    """A catalogue's words and language."""

    words: set[str] = field(default_factory=set)
    language: str = "en"

    def have(self, words):
        return set(words) <= self.words


class Dutch:
    """An encoder that takes everything for Dutch."""

    languages = ("ar", "de", "en", "es", "fr", "it", "nl", "pl", "pt", "tr")

    def language_of(self, text):
        return "nl"

    def encode_queries(self, texts, language=""):
        raise NotImplementedError


@pytest.mark.parametrize(
    ("text", "counts", "language"),
    [
        ("toaster", Counts(), "en"),
        ("sofa", Counts(), "en"),
        ("kurta", Counts(), "en"),
        ("zorbax", Counts({"zorbax"}), "en"),
        ("stuhl", Counts({"stuhl"}, "de"), "de"),
        ("stuhl", Counts({"stuhl"}, "xx"), "en"),
        ("fauteuil", Counts(), "nl"),
        ("stoel", Counts(), "nl"),
        ("lamp in the corner of a room", Counts(), "nl"),
    ],
)
def test_a_short_query_is_in_the_language_of_what_has_its_words(text, counts, language, nouns):
    assert query_language(text, Dutch(), counts, nouns) == (language, language != "nl")


def test_an_encoder_of_one_language_has_no_choice(nouns):
    encoder = bench().models.engines[0].encoder
    assert query_language("sofa", encoder, Counts(), nouns) == ("", False)


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("small round table", "en"),
        ("a small round table", "nl"),
        ("the", "nl"),
        ("...", "nl"),
        ("", ""),
        ("toaster zorbax", "nl"),
        ("käse", "nl"),
    ],
)
def test_three_words_are_short_and_each_must_be_known(text, language, nouns):
    assert query_language(text, Dutch(), Counts(), nouns) == (language, language not in ("nl", ""))


def test_a_word_that_another_language_has_for_sure_is_not_english(nouns, monkeypatch):
    for share, language in ((0.5, "nl"), (0.49, "en")):
        likely = {"en": 1 - share, "fr": share}
        monkeypatch.setattr(
            "core.search.short_queries.probabilities",
            lambda text, languages, likely=likely: likely if languages == Dutch.languages else {},
        )
        assert query_language("tabouret", Dutch(), Counts(), nouns)[0] == language
    monkeypatch.setattr("core.search.short_queries.probabilities", lambda *given: {"en": 0.9})
    assert query_language("sofa", Dutch(), Counts(), nouns) == ("en", True)


def test_the_catalogue_s_language_may_be_the_encoder_s_own_reading(nouns):
    assert query_language("stoel", Dutch(), Counts({"stoel"}, "nl"), nouns) == ("nl", False)
