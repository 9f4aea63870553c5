import math

import pytest
from PIL import Image

from core.base.title_nouns import TitleNouns
from core.domain import Box, Match, Query, Strength
from core.errors import SettingsError
from core.search import scoring
from core.search.evidence import Evidence
from core.search.query_words import read
from core.search.relevance import (
    DEFAULT,
    Logistic,
    Relevance,
    Scale,
    features,
    reasons,
    relevance,
)
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
        (Query(item_id="a", region=Box(0, 0, 1, 1)), scoring.PICTURE),
        (Query(image=Image.new("RGB", (1, 1)), item_id="a"), scoring.PICTURE),
        (Query("chair", image=Image.new("RGB", (1, 1))), scoring.PICTURE),
        (Query("chair", item_id="a"), scoring.ITEM),
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


def test_features_are_worked_out_from_place_and_words():
    def of(zscore, **words):
        given = features(Evidence("a", "", 0.1, zscore, 0.7, WordMatch(**words)))
        assert list(given) == [
            "bias", "z", "cover", "head", "exact", "named", "z_exact", "z_other", "text", "colour",
        ]  # fmt: skip
        return tuple(given.values())

    assert of(2.0, cover=0.5, head=1.0) == (1.0, 2.0, 0.5, 1.0, 1.0, 0.5, 2.0, 0.0, 0.7, 0.0)
    assert of(2.0, cover=0.5, head=0.3) == (1.0, 2.0, 0.5, 0.3, 0.0, 0.0, 0.0, 2.0, 0.7, 0.0)
    assert of(-2.0, cover=0.5) == (1.0, -2.0, 0.5, 0.5, 0.5, 0.25, 0.0, 0.0, 0.7, 0.0)
    assert of(4.0, cover=0.25) == (1.0, 4.0, 0.25, 0.25, 0.25, 0.0625, 1.0, 3.0, 0.7, 0.0)
    assert of(99.0)[1] == of(30.0)[1] == 30.0
    assert of(0.0, colour=0.6)[-1] == 0.6


def test_a_probability_is_logistic_and_never_overflows():
    scale = Logistic({"bias": -1.0, "z": 2.0, "unused": 0.0, "cover": 3.0})
    assert scale.logit({"bias": 1.0, "z": 0.5, "unused": math.inf}) == 0.0
    assert scale.probability({"bias": 1.0, "z": 1.0}) == pytest.approx(1 / (1 + math.exp(-1)))
    assert scale.probability({"z": 1e9}) == 1 / (1 + math.exp(-30))
    assert scale.probability({"z": -1e9}) == 1 / (1 + math.exp(30))
    assert [scale.strength(p) for p in (0.34, 0.35, 0.69, 0.7)] == [
        Strength.WEAK, Strength.FAIR, Strength.FAIR, Strength.STRONG
    ]  # fmt: skip


def test_a_file_of_weights_gives_scales_with_defaults(tmp_path):
    path = tmp_path / "search.toml"
    path.write_text(
        "[scales.words.default]\nclose = 0.5\ncut = 0.1\n"
        "photo = { bias = 1, fair = 0.2, strong = 0.9 }\nboth = { z = 2 }\n"
        "[scales.words.mine]\nclose = 1\nclose_unknown = 0.75\ncut = 0.25\nranking = { z = 3 }\n"
        "photo = {}\nboth = {}\nwords = { cover = 1.5 }\n"
    )
    weights = Relevance(path)
    assert weights.scale("words", "other") == Scale(
        photo=Logistic({"bias": 1.0}, 0.2, 0.9), words=None, both=Logistic({"z": 2.0}, 0.35, 0.7),
        ranking={}, close=0.5, close_unknown=0.5, cut=0.1,
    )  # fmt: skip
    assert weights.scale("words", "mine") == Scale(
        photo=Logistic({}), words=Logistic({"cover": 1.5}), both=Logistic({}),
        ranking={"z": 3.0}, close=1.0, close_unknown=0.75, cut=0.25,
    )  # fmt: skip
    assert weights.scale("words", "mine").score({"z": 2.0, "cover": 9.0}) == 6.0
    assert weights.scale("words", "mine").score({}) == 0.0
    assert relevance(path) is relevance(path)
    with pytest.raises(KeyError):
        weights.scale("picture", "mine")


STRONG, FAIR = Match(0.9, Strength.STRONG), Match(0.5, Strength.FAIR)


@pytest.mark.parametrize(
    ("words", "shared", "phrases"),
    [
        (None, {}, ("photo: strong match",)),
        (FAIR, {}, ("photo: strong match",)),
        (None, {"shared": ("red",)}, ("photo: strong match",)),
        (FAIR, {"shared": ("red", "chair")},
         ("photo: strong match", "words: fair match (red, chair)")),
        (FAIR, {"shared": ("chair",), "missing": ("red", "big"), "seen": ("navy", "blue")},
         ("photo: strong match (navy, blue)", "words: fair match (chair; not: red, big)")),
        (None, {"unwanted": "arms"}, ("photo: strong match", "has what you leave out: arms")),
    ],
)  # fmt: skip
def test_reasons_are_phrases_for_people(words, shared, phrases):
    assert reasons(STRONG, words, WordMatch(**shared)) == phrases


# ── scoring by hand: with this scale the log-odds are the z-score ────────────────────────────────
LINE = Logistic({"z": 1.0})
SCALE = Scale(LINE, Logistic({"cover": 8.0, "bias": -4.0}), LINE, {"z": 1.0}, 0.5, 0.9, 0.25)
TEXT = read("red chair", NOUNS)


def by_hand(*gathered, words=TEXT, items=700, scale=SCALE, **given):
    return scoring.score(gathered, scale, words, NOUNS, items, **given)


def names(candidates):
    return "".join(c.evidence.item_id for c in candidates)


def test_a_candidate_has_its_score_probability_and_matches():
    (candidate,) = by_hand(evidence("a", 1.0, SURE)).candidates
    assert (candidate.score, candidate.excluded) == (1.0, False)
    assert candidate.probability == pytest.approx(1 / (1 + math.exp(-1)))
    assert candidate.photo == Match(candidate.probability, Strength.STRONG)
    assert candidate.words == Match(pytest.approx(1 / (1 + math.exp(-4))), Strength.STRONG)
    plain = Scale(LINE, None, LINE, {}, 0.5, 0.5, 0.25)
    (candidate,) = by_hand(evidence("a", 1.0, SURE), scale=plain).candidates
    assert (candidate.score, candidate.words) == (0.1, None)  # ordered by cosine
    coloured = WordMatch(colour=0.5)
    (candidate,) = by_hand(evidence("a", 1.0, coloured), scale=plain).candidates
    assert candidate.score == 1.0 + scoring.COLOUR_WEIGHT * 0.5
    (candidate,) = by_hand(evidence("a", 1.0, coloured)).candidates
    assert candidate.score == 1.0


def test_candidates_are_ordered_by_score_and_then_by_id():
    other_type = Evidence("t", "", 0.9, 9.0, same_type=False)
    excluded = evidence("x", 8.0, WordMatch(unwanted="arms"))
    scored = by_hand(
        other_type, excluded, evidence("c", 1.0), evidence("a", 2.0), evidence("b", 2.0)
    )
    assert names(scored.candidates) == "abctx"
    assert [c.excluded for c in scored.candidates] == [False] * 4 + [True]


@pytest.mark.parametrize(
    ("zscore", "items", "given", "close"),
    [
        (0.0, 50, {}, True),  # probability 0.5, the least that is close
        (-0.1, 50, {}, False),
        (-0.1, 49, {}, True),  # among few items a word that an item has is the sign
        (0.0, 50, {"foreign": True}, False),
        (2.2, 50, {"foreign": True}, True),
        (-9.0, 49, {"words": None}, True),
        (-9.0, 50, {"words": None}, False),
    ],
)
def test_the_best_candidate_tells_whether_anything_is_close(zscore, items, given, close):
    chair = WordMatch(shared=("chair",), missing=("red",))
    assert by_hand(evidence("a", zscore, chair), items=items, **given).close == close


def test_what_is_excluded_is_not_close_and_nothing_is_neither():
    assert not by_hand(evidence("a", 9.0, WordMatch(unwanted="arms"))).close
    assert not by_hand(items=5).close
    assert not by_hand(items=5, words=None).close
    assert by_hand(words=None).candidates == []


@pytest.mark.parametrize(
    ("text", "zscore", "close", "unknown"),
    [
        ("blorp zorbax", 2.1, False, ("blorp", "zorbax")),
        ("blorp zorbax", 2.3, True, ()),
        ("blorp chair", 0.1, True, ()),
        ("blorp chair", -0.1, False, ()),
        ("chair", -0.1, False, ()),
    ],
)
@pytest.mark.parametrize("items", [5, 700])
def test_words_that_nobody_knows_need_a_closer_hit(text, zscore, close, unknown, items):
    shared = WordMatch(shared=("chair",) if "chair" in text and items == 5 and close else ())
    words = read(text, NOUNS)
    scored = by_hand(evidence("a", zscore, shared), words=words, items=items)
    assert (scored.close, scored.unknown) == (close, unknown)
    praised = Strength.STRONG if zscore > 1 else Strength.FAIR
    assert scored.candidates[0].photo.strength is (praised if close else Strength.WEAK)


def test_a_word_that_a_candidate_has_is_known():
    words = read("blorp zorbax chair", NOUNS)
    gathered = [evidence("a", 0.0), evidence("b", 0.0, WordMatch(shared=("zorbax",)))]
    assert scoring.unknown_words(words, gathered, NOUNS) == ("blorp",)
    assert scoring.unknown_words(read("the", NOUNS), gathered, NOUNS) == ()
    assert by_hand(evidence("a", 9.0), words=read("the", NOUNS)).close


def test_the_cut_leaves_out_what_is_excluded_and_what_is_improbable():
    excluded = evidence("x", 8.0, WordMatch(unwanted="arms"))
    third = math.log(1 / 3)  # probability 0.25
    gathered = [excluded, evidence("a", 1.0), evidence("b", third), evidence("c", third - 0.01)]
    close = by_hand(*gathered)
    assert names(scoring.cut(close, SCALE, 50)) == "ab"
    assert names(scoring.cut(close, SCALE, 49)) == "abc"
    far = by_hand(excluded, evidence("c", -3.0), evidence("d", -4.0))
    assert not far.close
    assert names(scoring.cut(far, SCALE, 700)) == "cd"
    unknown = by_hand(evidence("a", 0.5), words=read("blorp", NOUNS))
    assert scoring.cut(unknown, SCALE, 700) == []


def test_only_a_strong_match_of_words_is_lowered_by_a_missing_word():
    def words(**given):
        return by_hand(evidence("a", 1.0, WordMatch(**given))).candidates[0].words.strength

    assert words(cover=1.0) is Strength.STRONG
    assert words(cover=1.0, missing=("red",)) is Strength.FAIR
    assert words(cover=0.5, missing=("red",)) is Strength.FAIR
    assert words(cover=0.1, missing=("red",)) is Strength.WEAK


@pytest.mark.parametrize("engine", ["clip", "vl-clip", "unknown"])
def test_hits_with_the_colour_that_is_asked_for_come_first(engine):
    scale = Relevance(SHIPPED / CALIBRATION).scale("words", engine)
    white, red = (
        features(Evidence("a", "", 0.1, 3.0, 0.5, WordMatch(cover=0.9, head=1.0, colour=colour)))
        for colour in (1.0, 0.0)
    )
    assert scale.score(white) > scale.score(red)
