from __future__ import annotations

import json
from dataclasses import replace

from core.experiments.model import Experiment, Variant
from core.experiments.shop_script import shop_script

AB = Experiment("e", "E", variants=(Variant("a"), Variant("</script>")), salt="s")


def test_the_script_without_experiments_has_two_kilobytes() -> None:
    assert (
        1000
        < len(shop_script([]).encode())
        <= 2048
        + len(
            'vlclip=()({url:document.currentScript.src.replace("shop.js","events"),experiments:{}});\n'
        )
    )


def test_settings_of_an_experiment_are_in_it_and_end_no_element() -> None:
    script = shop_script([AB, replace(AB, id="f")], "https://studio.example/</script>")
    assert "</script>" not in script
    assert '{url:"https://studio.example/\\u003c/script>"' in script
    settings = json.loads(script.rpartition("experiments:")[2].removesuffix("});\n"))
    assert set(settings) == {"e", "f"}
    assert settings["e"]["variants"] == [["a", 1.0], ["</script>", 1.0]]
