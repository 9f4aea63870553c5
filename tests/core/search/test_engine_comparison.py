from core.domain import Query
from core.search.engine_comparison import compare


def test_engines_side_by_side(shop):
    query = Query("green table", k=10, cutoff=False)
    comparison = compare(shop.searcher, query, [shop.clip, shop.vl_clip])
    first, second = ([hit.item.item_id for hit in r.hits] for r in comparison.results)
    assert [result.engine for result in comparison.results] == ["clip", "vl-clip"]
    common, union = set(first) & set(second), set(first) | set(second)
    assert comparison.overlap == {("clip", "vl-clip"): len(common) / len(union)}
    assert 0 < len(common) < 10
    assert set(comparison.ranks) == union
    for item_id in common:
        expected = {"clip": first.index(item_id) + 1, "vl-clip": second.index(item_id) + 1}
        assert comparison.ranks[item_id] == expected
