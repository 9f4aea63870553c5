from core.base.content_key import content_key


def test_key_is_stable_across_runs_and_machines():
    assert content_key("grounding", 1, "ab", {"b": 2, "a": 1}) == "98ad7506769b5aa748905592ca7b1c5a"


def test_key_of_words_in_any_script_is_stable():
    assert content_key("Stühle 🪑") == "b19fbf74d2f60e9e004da8542f26580b"


def test_order_of_a_mapping_does_not_matter_but_boundaries_do():
    assert content_key({"a": 1, "b": 2}) == content_key({"b": 2, "a": 1})
    assert content_key("ab", "c") != content_key("a", "bc")
    assert content_key("1") != content_key(1)
    assert content_key("\ud800") != content_key("ä")  # even broken text has a key
