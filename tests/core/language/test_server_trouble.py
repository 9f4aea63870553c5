"""The agent with the real client, where the server answers oddly or not at all."""

from __future__ import annotations

import logging
import threading

import pytest

from tests.core.language.claude_agent import ITEM, KEY, PHOTO, agent, failure
from tests.core.language.messages_server import Answer, MessagesServer, draft, trouble, verdict

# ── broken answers ───────────────────────────────────────────────────────────────────────────


def test_a_refusal_is_a_sentence_and_not_asked_again(server: MessagesServer) -> None:
    server.script = [Answer(text="", stop_reason="refusal")]
    rewriter = agent(server)
    assert "refused" in failure(rewriter)
    assert rewriter.usage.calls == 1


def test_a_cut_off_answer_is_told_and_paid_for(server: MessagesServer) -> None:
    server.script = [Answer(text='{"description": "Orange dr', stop_reason="max_tokens")]
    rewriter = agent(server)
    assert "cut off" in failure(rewriter)
    assert rewriter.usage.calls == 2
    assert rewriter.usage.output_tokens == 20


@pytest.mark.parametrize(
    "answer",
    [
        Answer(text="Sure! Here is the description: an orange dress"),
        Answer(text='{"description": 7}'),
        Answer(text="[]"),
        Answer(text='{"score": 5}'),
        Answer(raw=b"<html>gateway</html>"),
        Answer(raw=b"\xff\xfe"),
        Answer(raw=b"{}"),
    ],
)
def test_an_answer_in_another_form_is_told(server: MessagesServer, answer: Answer) -> None:
    server.script = [answer]
    assert failure(agent(server)).endswith(".")


@pytest.mark.parametrize("broken", [Answer(text="no json"), verdict(99)])
def test_a_failing_evaluator_leaves_the_draft_and_the_reason(
    server: MessagesServer, broken: Answer
) -> None:
    server.script = [draft("Orange dress"), broken]
    rewrite = agent(server).rewrite(ITEM, PHOTO)
    assert rewrite.text == "Orange dress"
    assert rewrite.rounds[-1].justification.startswith("The loop ended early: ")
    assert rewrite.rounds[-1].score is None


# ── trouble with the server ──────────────────────────────────────────────────────────────────


@pytest.mark.parametrize(
    ("status", "words"),
    [
        (400, "VLCLIP_REWRITE_MODEL"),
        (401, "Check ANTHROPIC_API_KEY"),
        (403, "may not use claude-test"),
        (404, "no model “claude-test”"),
        (429, "rate-limited"),
        (500, "has trouble"),
        (529, "overloaded"),
    ],
)
def test_every_status_is_a_sentence_for_the_person(
    server: MessagesServer, status: int, words: str
) -> None:
    server.script = [trouble(status)]
    assert words in failure(agent(server))


def test_a_rate_limit_is_waited_for_as_the_server_asks(server: MessagesServer) -> None:
    server.script = [
        trouble(429, retry_after="1"),
        draft("Orange dress"),
        trouble(529),
        verdict(5, stop=True),
    ]
    rewriter = agent(server, retries=2)
    assert rewriter.rewrite(ITEM, PHOTO).text == "Orange dress"
    assert server.at[1] - server.at[0] >= 0.99
    assert rewriter.usage.calls == 2


def test_a_refused_key_is_not_tried_again(server: MessagesServer) -> None:
    server.script = [trouble(401)]
    failure(agent(server, retries=3))
    assert len(server.questions) == 1


def test_a_timeout_is_a_sentence(server: MessagesServer) -> None:
    server.script = [Answer({"description": "late"}, delay=3)]
    assert "did not answer in time" in failure(agent(server, timeout=0.3))


def test_a_reset_connection_is_tried_again_and_else_told(server: MessagesServer) -> None:
    server.script = [Answer(reset=True), draft("Orange dress"), verdict(5, stop=True)]
    assert agent(server, retries=1).rewrite(ITEM, PHOTO).text == "Orange dress"
    server.script = [Answer(reset=True)]
    assert "can't be reached" in failure(agent(server))


def test_nobody_there_is_a_sentence(server: MessagesServer) -> None:
    server.script = [draft("x")]
    rewriter = agent(server)
    server.close()
    assert "can't be reached" in failure(rewriter)


def test_the_key_is_sent_but_never_logged(
    server: MessagesServer, caplog: pytest.LogCaptureFixture
) -> None:
    server.script = [trouble(529), draft("Orange dress"), verdict(5, stop=True)]
    with caplog.at_level(logging.DEBUG):
        agent(server, retries=1).rewrite(ITEM, PHOTO)
    sent = " ".join(server.headers[0].values())
    assert KEY in sent
    assert caplog.records
    assert KEY not in caplog.text
    assert all(KEY not in repr(vars(record)) for record in caplog.records)


def test_several_threads_share_one_rewriter(server: MessagesServer) -> None:
    server.script = [draft("Orange dress")]
    rewriter = agent(server)
    threads = [threading.Thread(target=rewriter.rewrite, args=(ITEM, None)) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert rewriter.usage.calls == 8  # a draft, and a verdict that has not the agreed form, each
