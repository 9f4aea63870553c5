import numpy as np

from core.domain import Box, Detection, Grounding, Mask, Rewrite, Round
from core.store import codec


def test_grounding_round_trip():
    pixels = np.zeros((20, 30), bool)
    pixels[5:15, 10:20] = True
    detections = (
        Detection("wooden chair", 0.8, Box(10, 5, 20, 15), Mask.encode(pixels), 0.93),
        Detection("salient", 0.2, Box(0, 0, 30, 20)),
    )
    grounding = Grounding("wooden chair", 30, 20, detections, 0.35, "some model", "f" * 64)
    back = codec.grounding_from_json(codec.grounding_to_json(grounding))
    assert back == grounding
    assert (back.detections[0].mask.decode() == pixels).all()


def test_grounding_without_detections_round_trip():
    grounding = Grounding("stuhl “grün”", 30, 20, (), 0.35, "some model", "f")
    assert codec.grounding_from_json(codec.grounding_to_json(grounding)) == grounding


def test_rewrite_round_trip():
    rounds = (
        Round("draft"),
        Round("better", 4.5, "says the colour", ("shorter", "no brand"), True),
    )
    rewrite = Rewrite("better", rounds, "rules", "abc")
    assert codec.rewrite_from_json(codec.rewrite_to_json(rewrite)) == rewrite


def test_payloads_are_compact_and_readable():
    text = codec.rewrite_to_json(Rewrite("grün", (Round("a", 1.0, "b", ("c",), True),), "r", "f"))
    assert text == (
        '{"text":"grün","rounds":[{"draft":"a","score":1.0,"justification":"b",'
        '"suggestions":["c"],"stop":true}],"rewriter":"r","fingerprint":"f"}'
    )
