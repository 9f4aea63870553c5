from core.domain import Hit, Item, Photo, Query, SearchResult
from core.search.engine_comparison import compare, overlaps, ranks


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


def answered(engine, *names):
    photo = Photo("0" * 64, 1, 1, "0" * 16)
    hits = tuple(Hit(n, Item(name, name, photo), 1.0) for n, name in enumerate(names, 1))
    return SearchResult(engine, "f", hits, 0, 0.0, 0.0)


def test_overlap_is_the_share_of_common_hits_per_two_engines():
    results = [answered("a", "x", "y"), answered("b", "y", "z"), answered("c"), answered("d")]
    assert overlaps(results) == {
        ("a", "b"): 1 / 3, ("a", "c"): 0.0, ("a", "d"): 0.0, ("b", "c"): 0.0, ("b", "d"): 0.0,
        ("c", "d"): 1.0,
    }  # fmt: skip
    assert ranks(results) == {"x": {"a": 1}, "y": {"a": 2, "b": 1}, "z": {"b": 2}}
    assert overlaps([answered("a", "x")]) == {}
