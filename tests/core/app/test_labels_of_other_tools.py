"""Labels of other tools from start to end: a set, an evaluation, an export, and back again.

The files are made by hand in their authors' formats: icecat's book of three raters (as Quepid
exports books), ESCI's examples as Parquet, and a judgment list of OpenSearch's API.
"""

from __future__ import annotations

import json
import math
import shutil
from collections.abc import Callable, Mapping
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from core.app.studio import Studio
from core.domain import Query
from core.judging.aggregation import aggregate
from core.judging.importing import carry_out
from core.settings import load_settings
from core.weights import WeightStore

TITLES = {
    "1993197": "Portable bluetooth speaker", "2060476": "Laptop with 15 inch screen",
    "3": "Leather sleeve for a laptop", "4": "Red desk lamp", "5": "Wooden chair",
}  # fmt: skip
#: Grades by the query's words and the item, as each file means them.
Grades = Mapping[tuple[str, str], int]


def icecat(folder: Path) -> Path:
    """Write a book: the raters' columns, and the grade that they agreed on in the end."""
    path = folder / "icecat_individual_ratings.csv"
    path.write_text(
        "query,docid,name,description,agent_1_rating,agent_2_rating,agent_3_rating\n"
        "bluetooth speaker,1993197,Speaker,\"Portable, black\",3,3,2\n"
        "bluetooth speaker,2060476,Laptop,,0,0,0\n"
        "laptop,2060476,Laptop,,3,3,3\n"
        "laptop,3,Sleeve,,1,1,2\n"
        "laptop,4,Lamp,,0,,0\n"
    )  # fmt: skip
    return path


def esci(folder: Path) -> Path:
    """Write rows of the shopping queries data set, whose labels are letters."""
    rows = [("laptop", 7, "2060476", "E"), ("laptop", 7, "3", "C"), ("laptop", 7, "4", "I"),
            ("reading lamp", 8, "4", "S"), ("reading lamp", 8, "5", "I")]  # fmt: skip
    table = pa.Table.from_pylist(
        [
            {"example_id": n, "query": query, "query_id": query_id, "product_id": item,
             "product_locale": "us", "esci_label": label, "small_version": 1, "large_version": 1,
             "split": "test"}
            for n, (query, query_id, item, label) in enumerate(rows)
        ]
    )  # fmt: skip
    path = folder / "shopping_queries_dataset_examples.parquet"
    pq.write_table(table, path)
    return path


def opensearch(folder: Path) -> Path:
    """Write what OpenSearch's search relevance API takes as an imported judgment list."""
    path = folder / "judgments.json"
    body = {
        "name": "Round 1", "description": "", "type": "IMPORT_JUDGMENT",
        "judgmentRatings": [
            {"query": "red lamp", "ratings": [{"docId": "4", "rating": "3.000"},
                                              {"docId": "5", "rating": "0.000"}]},
            {"query": "chair", "ratings": [{"docId": "5", "rating": "2.000"},
                                           {"docId": "3", "rating": "1.000"}]},
        ],
    }  # fmt: skip
    path.write_text(json.dumps(body, indent=2))
    return path


FILES: dict[Callable[[Path], Path], tuple[Grades, int, int]] = {
    # grades by the median of the raters, labels, people
    icecat: (
        {("bluetooth speaker", "1993197"): 3, ("bluetooth speaker", "2060476"): 0,
         ("laptop", "2060476"): 3, ("laptop", "3"): 1, ("laptop", "4"): 0}, 14, 3,
    ),
    esci: (
        {("laptop", "2060476"): 3, ("laptop", "3"): 1, ("laptop", "4"): 0,
         ("reading lamp", "4"): 2, ("reading lamp", "5"): 0}, 5, 1,
    ),
    opensearch: (
        {("red lamp", "4"): 3, ("red lamp", "5"): 0, ("chair", "5"): 2, ("chair", "3"): 1}, 4, 1,
    ),
}  # fmt: skip


@pytest.fixture(scope="module")
def indexed(weights: WeightStore, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data directory with a catalogue of words alone, as these public sets are."""
    folder = tmp_path_factory.mktemp("tools")
    source = folder / "items.csv"
    source.write_text("item_id,title\n" + "".join(f"{i},{t}\n" for i, t in TITLES.items()))
    studio = Studio(load_settings(data_dir=folder / "data"))
    report = studio.indexing.index(source, name="shop", columns={"image": ""}, engines=["clip"])
    assert report.items == len(TITLES)
    return folder / "data"


def copied(indexed: Path, target: Path) -> Studio:
    shutil.copytree(indexed, target)
    return Studio(load_settings(data_dir=target))


def grades_of(studio: Studio, set_id: str) -> Grades:
    """Return the grades by the words of the query and the item."""
    queue = studio.judging.queue("shop")
    words = {query.query_id: query.text for query in queue.sets.get(set_id).queries}
    grades = aggregate(queue.current(set_id))
    return {(words[query], item): grade for (query, item), grade in grades.items()}


def ndcg(studio: Studio, grades: Grades) -> float:
    """Return the mean nDCG@10 of the engine's lists, by its definition in trec_eval."""

    def dcg(gains: list[int]) -> float:
        return sum(gain / math.log2(place + 1) for place, gain in enumerate(gains[:10], 1))

    scores = []
    for text in {query for query, _ in grades}:
        asked = Query(text=text, k=10, cutoff=False, fold_duplicates=False)
        listed = [hit.item.item_id for hit in studio.search(asked, "clip", "shop").hits]
        of_query = {item: grade for (query, item), grade in grades.items() if query == text}
        best = dcg(sorted(of_query.values(), reverse=True))
        scores.append(dcg([of_query.get(item, 0) for item in listed]) / best)
    return sum(scores) / len(scores)


@pytest.mark.parametrize("write", FILES)
def test_labels_of_other_tools_become_a_set_are_evaluated_exported_and_come_back(
    indexed: Path, tmp_path: Path, write: Callable[[Path], Path]
) -> None:
    wanted, labels, people = FILES[write]
    studio = copied(indexed, tmp_path / "here")
    queue = studio.judging.queue("shop")
    plan = studio.labels.plan_import(write(tmp_path), name="Theirs", catalog="shop")
    assert plan.rejected == ()
    assert carry_out(queue, plan) == labels
    set_id = plan.judgment_set.set_id
    assert grades_of(studio, set_id) == wanted
    assert len({event.annotator for event in queue.current(set_id)}) == people

    report = studio.judging.evaluate(set_id, ["clip"], catalog="shop")
    assert report.queries == len({query for query, _ in wanted})
    score = report.engines[0].scores["ndcg@10"].value
    assert score == pytest.approx(ndcg(studio, wanted), abs=1e-6)
    assert 0 < score <= 1

    elsewhere = copied(indexed, tmp_path / "there")
    for format, ending in (("jsonl", "jsonl"), ("csv", "csv"), ("parquet", "parquet"),
                           ("qrels", "qrels"), ("opensearch", "json")):  # fmt: skip
        out = tmp_path / f"out-{format}.{ending}"
        written = studio.labels.export(set_id, out, format, catalog="shop")
        again = elsewhere.labels.plan_import(written, name=f"Back {format}", catalog="shop")
        assert again.rejected == (), format
        carry_out(elsewhere.judging.queue("shop"), again)
        back = again.judgment_set.set_id
        assert grades_of(elsewhere, back) == wanted, format
        if format in ("jsonl", "csv", "parquet"):  # these have every person's label
            assert sorted(map(repr, elsewhere.judging.queue("shop").current(back))) == sorted(
                map(repr, queue.current(set_id))
            )
        second = elsewhere.judging.evaluate(back, ["clip"], catalog="shop")
        assert second.engines[0].scores["ndcg@10"].value == pytest.approx(score, abs=1e-9)


def test_a_plan_names_the_file_that_the_words_come_from(indexed: Path, tmp_path: Path) -> None:
    """On the page, the file of other labels may still be chosen."""
    studio = copied(indexed, tmp_path / "here")
    labels, words = tmp_path / "qrels.dev.small.tsv", tmp_path / "queries.dev.small.tsv"
    labels.write_text("7\t0\t4\t1\n")
    words.write_text("7\tred lamp\n")
    note = "The words of the queries were read from “queries.dev.small.tsv”."
    assert note in studio.labels.plan_import(labels, beside=words, catalog="shop").notes
    assert note not in studio.labels.plan_import(labels, catalog="shop").notes


def test_a_plan_says_of_which_queries_only_the_id_is_known(indexed: Path, tmp_path: Path) -> None:
    studio = copied(indexed, tmp_path / "here")
    labels, words = tmp_path / "some.qrels", tmp_path / "queries.tsv"
    labels.write_text("301 0 4 1\n302 0 4 0\n")
    words.write_text("301\tred lamp\n302\trug\n")
    said = "Of 2 queries only the id is known, such as “301”"
    alone = studio.labels.plan_import(labels, catalog="shop").notes
    assert any(note.startswith(said) for note in alone)
    with_words = studio.labels.plan_import(labels, beside=words, catalog="shop").notes
    assert not any("only the id" in note for note in with_words)
