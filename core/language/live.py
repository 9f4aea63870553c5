"""Run conversations with a model in parallel threads, until all have ended or a limit is
reached."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from itertools import islice
from threading import Event
from typing import TypeVar

from core.base.counts import counted, verb
from core.errors import BudgetReached, RewritingFailed, StudioError
from core.language.conversations import GIVE_UP, Answerer, Conversation, InBatch, Tally
from core.language.failures import Rejected, Troubled

T = TypeVar("T")


def run_live(
    conversations: Iterable[Conversation[T]],
    call: Answerer,
    on_result: Callable[[str, T], None],
    tally: Tally,
    *,
    concurrency: int = 4,
    should_stop: Callable[[], bool] = lambda: False,
    aborted: Event | None = None,
) -> str:
    """Run all conversations; return why it stopped early, or an empty string.

    The answerer stores each answer, so a stopped run can be resumed. An error of one conversation
    is counted; an error that all would have stops the job.

    Args:
        conversations: The conversations; read as they are started.
        call: Answers one question.
        on_result: Called in this thread with each result.
        tally: Counts failures.
        concurrency: Conversations under way at once.
        should_stop: Called before each start.
        aborted: Set when the job ends early, for conversations that wait for the server.
    """
    queue = iter(conversations)
    reason, in_a_row, waiting = "", 0, 0
    with ThreadPoolExecutor(concurrency, thread_name_prefix="rewriting") as pool:
        running: dict[Future[T], str] = {}
        try:
            while True:
                if not reason and should_stop():
                    reason = "It was stopped."
                if not reason:
                    for conversation in islice(queue, concurrency - len(running)):
                        running[pool.submit(conversation.run, call)] = conversation.name
                if not running:
                    later = (
                        f"{counted(waiting, 'item')} {verb(waiting, 'waits', 'wait')} for answers "
                        "of a batch. Start it again later."
                    )
                    return reason or (later if waiting else "")
                ended, _ = wait(running, return_when=FIRST_COMPLETED)
                for future in ended:
                    name = running.pop(future)
                    try:
                        result = future.result()
                    except (BudgetReached, Troubled, Rejected) as problem:
                        reason = reason or str(problem)
                    except InBatch:
                        waiting += 1
                        tally.waiting(waiting)
                    except StudioError as problem:
                        tally.failed(name, str(problem))
                        in_a_row += isinstance(problem, RewritingFailed)
                        if in_a_row >= GIVE_UP:
                            reason = reason or f"{in_a_row} items in a row failed: {problem}"
                    else:
                        in_a_row = 0
                        on_result(name, result)
        except BaseException:
            if aborted is not None:
                aborted.set()
            for future in running:
                future.cancel()
            raise
