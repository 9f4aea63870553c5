import pytest

from core.base.title_nouns import TitleNouns
from core.domain import Query, Strength
from core.errors import SettingsError
from core.search import scoring
from core.search.evidence import Evidence
from core.search.query_words import read
from core.search.relevance import DEFAULT, Logistic, Relevance, features, relevance
from core.search.searcher import CALIBRATION
from core.search.word_match import WordMatch
from core.settings import SHIPPED

FILE = SHIPPED / CALIBRATION
NOUNS = TitleNouns(SHIPPED / "vocabularies")
SURE = WordMatch(shared=("red", "chair"), cover=1.0, head=1.0)


def evidence(name, zscore, words=None):
    return Evidence(name, "00" * 8, zscore / 10, zscore, 0.5, words or WordMatch(head=0.0))


def scored(gathered, text="red chair", items=700):
    scale = relevance(FILE).scale(scoring.WORDS, "clip")
    return scoring.score(gathered, scale, read(text, NOUNS), NOUNS, items)


def test_the_shipped_weights_are_complete_and_say_what_they_were_fitted_for():
    weights = Relevance(FILE)
    for kind in (scoring.WORDS, scoring.VECTOR, scoring.PICTURE, scoring.ITEM):
        for engine in ("clip", "vl-clip", "mine"):
            scale = weights.scale(kind, engine)
            assert 0 < scale.cut <= scale.close < 1
            assert (scale.words is not None) == (kind == scoring.WORDS)
    assert weights.scale(scoring.WORDS, "mine") is weights.scale(scoring.WORDS, DEFAULT)
    assert "fitted_for" in FILE.read_text("utf-8")


def test_a_better_photo_and_better_words_make_a_better_match():
    probability = relevance(FILE).scale(scoring.WORDS, "clip").both.probability
    assert probability(features(evidence("a", 4.0, SURE))) > 0.7
    assert probability(features(evidence("a", 4.0, SURE))) >= probability(
        features(evidence("a", 1.0, SURE))
    )
    assert probability(features(evidence("a", 1.0))) < 0.3


def test_words_and_photo_are_told_apart():
    best = scored([evidence("a", -1.0, SURE), evidence("b", 2.0)]).candidates[0]
    assert best.evidence.item_id == "a"
    assert best.words.strength is Strength.STRONG
    assert best.photo.strength is Strength.WEAK


def test_nothing_close_is_told_and_in_a_handful_of_items_by_words():
    far = [evidence("a", 0.5), evidence("b", 0.1)]
    assert not scored(far).close
    assert not scored(far, items=5).close
    assert scored([*far, evidence("c", 0.1, WordMatch(("chair",), ("red",)))], items=5).close
    assert not scored(far, "blorptangle", items=5).close
    assert not scored([]).close


def test_words_of_which_one_is_missing_are_no_strong_match():
    lacking = WordMatch(shared=("chair",), missing=("red",), cover=0.9, head=1.0)
    assert scored([evidence("a", 4.0, lacking)]).candidates[0].words.strength is Strength.FAIR


def test_where_nothing_is_close_no_photo_is_called_a_match():
    photo = relevance(FILE).scale(scoring.WORDS, "clip").photo
    near = evidence("a", 5.0)
    assert photo.strength(photo.probability(features(near))) is not Strength.WEAK
    none = scored([near], "blorptangle")
    assert not none.close
    assert none.candidates[0].photo.strength is Strength.WEAK


def test_what_the_query_excludes_comes_last():
    excluded = WordMatch(shared=("red", "chair"), cover=1.0, head=1.0, unwanted="cushion")
    order = scored([evidence("a", 5.0, excluded), evidence("b", 0.0)]).candidates
    assert [c.evidence.item_id for c in order] == ["b", "a"]


@pytest.mark.parametrize(
    ("query", "kind"),
    [
        (Query("chair"), scoring.WORDS),
        (Query("chair", fulltext=False), scoring.VECTOR),
        (Query(item_id="a"), scoring.ITEM),
    ],
)
def test_kinds_of_queries(query, kind):
    assert scoring.kind_of(query) == kind


def test_strengths_follow_the_probability():
    scale = Logistic({"bias": 0.0, "z": 1.0}, fair=0.4, strong=0.8)
    assert scale.probability({"bias": 1.0, "z": 0.0}) == 0.5
    assert scale.probability({"bias": 1.0, "z": 1e9}) <= 1
    assert [scale.strength(p) for p in (0.3, 0.5, 0.9)] == list(reversed(Strength))


@pytest.mark.parametrize("text", ["", "scales = 3", "[scales.words.default]\nclose = 1"])
def test_a_broken_file_of_weights_is_a_sentence(tmp_path, text):
    path = tmp_path / "search.toml"
    path.write_text(text)
    with pytest.raises(SettingsError, match=r"search\.toml can't be used"):
        Relevance(path)
