from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from core.app import helping
from core.app.experimenting import ExperimentService
from core.app.helping import HelpingService
from core.domain import Hit, Item, Photo, Query, SearchResult
from core.errors import EngineUnavailable, EventsRefused, ExperimentError
from core.experiments.model import Experiment, ExperimentKind, Variant

MIX = Experiment(
    "mix", "Mix", "demo", ExperimentKind.INTERLEAVING,
    (Variant("before", "clip"), Variant("after", "vl-clip")), salt="mix", on_explore=True,
)  # fmt: skip
UNIT, OTHER = "0" * 32, "f" * 32
LISTS = {"clip": "abcdefgh", "vl-clip": "hgbacdij"}
SOFA = Query(text="grey\tsofa")


def search(query: Query, engine: str, catalog: str) -> SearchResult:
    if engine not in LISTS:
        raise EngineUnavailable("It is not there.")
    hits = tuple(
        Hit(rank, Item(i, f"Item {i}", Photo("0" * 64, 9, 9, "0")), 0.5, reasons=("because",),
            rewrite=f"{engine} says", duplicates=("a", "z"))
        for rank, i in enumerate(LISTS[engine][: query.k], 1)
    )  # fmt: skip
    return SearchResult(engine, "f", hits, 5, 2.0, 1.0)


@pytest.fixture
def experiments(tmp_path: Path) -> ExperimentService:
    service = ExperimentService(tmp_path)
    service.create(MIX)
    service.start("mix")
    return service


@pytest.fixture
def service(experiments: ExperimentService) -> HelpingService:
    return HelpingService(experiments, search)


def stored(service: ExperimentService) -> list[dict[str, Any]]:
    return service.log.reader().read_all().to_pylist()


def test_it_is_off_until_somebody_offers_it_and_while_it_runs(
    experiments: ExperimentService, service: HelpingService
) -> None:
    assert service.offered("demo") is not None
    assert service.offered("other") is None
    experiments.offer("mix", False)
    assert service.offered("demo") is None
    experiments.offer("mix", True)
    experiments.stop("mix")
    assert service.offered("demo") is None


@pytest.mark.parametrize(
    "changes", [{"kind": "ab"}, {"catalog": ""}, {"variants": [{"name": "a"}, {"name": "b"}]}]
)
def test_only_engines_over_a_catalogue_can_be_offered(changes: dict[str, Any]) -> None:
    with pytest.raises(ExperimentError, match="Explore mixes"):
        Experiment.from_dict({**MIX.as_dict(), **changes})


def test_a_mixed_list_does_not_tell_who_gave_what(
    experiments: ExperimentService, service: HelpingService
) -> None:
    mixed = service.mixed(experiments.get("mix"), UNIT, SOFA, "mobile")
    assert mixed is not None
    hits = mixed.result.hits
    assert [hit.rank for hit in hits] == list(range(1, len(hits) + 1))
    assert {hit.item.item_id for hit in hits} == set("abcdefghij")
    assert {(hit.reasons, hit.rewrite, hit.duplicates) for hit in hits} == {((), "", ("z",))}
    again = service.mixed(experiments.get("mix"), UNIT, SOFA)
    assert again is not None
    assert again.list_id != mixed.list_id
    assert [h.item.item_id for h in again.result.hits] == [h.item.item_id for h in hits]
    first = stored(experiments)[0]
    assert (first["kind"], first["query"], first["results"]) == ("search", "grey sofa", 10)
    assert (first["device"], first["unit"], first["query_id"]) == ("mobile", UNIT, mixed.list_id)


def test_what_is_reported_gets_item_and_team_from_the_list(
    experiments: ExperimentService, service: HelpingService
) -> None:
    mixed = service.mixed(experiments.get("mix"), UNIT, SOFA)
    assert mixed is not None
    actions = [
        {"kind": kind, "position": place, "team": "after", "item_id": "x", "event_id": "mine"}
        for place, kind in enumerate(["exposure"] * 9 + ["click"], 1)
    ]
    assert service.record(mixed.list_id, UNIT, actions, "192.0.2.1") == 10
    assert service.record(mixed.list_id, UNIT, actions, "192.0.2.1") == 0  # sent again
    rows = {row["position"]: row for row in stored(experiments)}
    shown = [rows[place]["item_id"] for place in range(1, 11)]
    assert shown == [hit.item.item_id for hit in mixed.result.hits]
    assert {row["team"] for row in rows.values() if row["kind"] != "search"} >= {"before", "after"}
    assert {row["experiment"] for row in rows.values()} == {"mix"}
    assert "192.0.2.1" not in str(rows)
    verdict = experiments.analyze("mix")
    assert verdict.experiment == "mix"


@pytest.mark.parametrize(
    "action",
    [
        None, [], {}, {"kind": "click"}, {"kind": "click", "position": 0},
        {"kind": "click", "position": 11}, {"kind": "click", "position": "1"},
        {"kind": "click", "position": 1e300}, {"position": 1}, {"kind": [], "position": 1},
        {"kind": "purchase", "position": 1},
    ],
)  # fmt: skip
def test_a_wrong_action_stores_nothing(
    experiments: ExperimentService, service: HelpingService, action: Any
) -> None:
    mixed = service.mixed(experiments.get("mix"), UNIT, SOFA)
    assert mixed is not None
    good = {"kind": "click", "position": 1}
    with pytest.raises(ExperimentError):
        service.record(mixed.list_id, UNIT, [good, action], "")
    assert [row["kind"] for row in stored(experiments)] == ["search"]


def test_a_list_is_its_visitors_own_and_forgotten_some_day(
    experiments: ExperimentService, service: HelpingService, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(helping, "MOST_LISTS", 1)
    mixed = service.mixed(experiments.get("mix"), UNIT, SOFA)
    assert mixed is not None
    click = [{"kind": "click", "position": 1}]
    with pytest.raises(ExperimentError, match="not open any more"):
        service.record(mixed.list_id, OTHER, click, "")
    service.mixed(experiments.get("mix"), OTHER, SOFA)
    with pytest.raises(ExperimentError, match="not open any more"):
        service.record(mixed.list_id, UNIT, click, "")


def test_an_address_may_not_send_without_end(
    experiments: ExperimentService, service: HelpingService
) -> None:
    mixed = service.mixed(experiments.get("mix"), UNIT, SOFA)
    assert mixed is not None

    actions = [{"kind": "click", "position": 1}] * 500
    for last in range(4):  # one household has a whole network of IPv6
        service.record(mixed.list_id, UNIT, actions, f"2001:db8::{last}")
    with pytest.raises(EventsRefused, match="too much"):
        service.record(mixed.list_id, UNIT, actions, "2001:db8::9")
    assert len(stored(experiments)) == 2  # the search, and one click


def test_who_takes_no_part_gets_a_plain_list(
    experiments: ExperimentService, service: HelpingService
) -> None:
    experiments.store.change("mix", lambda e: Experiment.from_dict({**e.as_dict(), "traffic": 0}))
    assert service.mixed(experiments.get("mix"), UNIT, SOFA) is None
    assert service.mixed(MIX, "<script>", SOFA) is None
    gone = Experiment.from_dict(
        {**MIX.as_dict(), "variants": [{"name": n, "engine": n} for n in ("clip", "gone")]}
    )
    assert service.mixed(gone, UNIT, SOFA) is None
    assert stored(experiments) == []
