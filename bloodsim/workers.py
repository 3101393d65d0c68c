"""Blocks in parallel: worker processes, what can travel to them, and how they are stopped."""

from __future__ import annotations

import os
import pickle
import signal
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Executor, ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from contextlib import ExitStack, contextmanager
from multiprocessing import get_context
from typing import Any

from bloodsim.block import Block

_MOST_ON_WINDOWS = 61
"""Handles that a process pool can wait for there."""
_THREAD_VARIABLES = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")


def run_blocks(
    blocks: Sequence[Block],
    task: Callable[[Block], Any],
    workers: int,
    executor: Executor | None = None,
) -> Iterator[tuple[Block, Any]]:
    """Yield every block with what *task* makes of it, as they finish.

    Whatever ends the loop early (an error, Ctrl-C) stops the workers and drops what is queued.
    """
    if executor is not None:
        yield from _finished(executor, blocks, task)
        return
    if sys.platform == "win32":
        workers = min(workers, _MOST_ON_WINDOWS)
    reason = _stays_here(blocks[0]) if blocks and workers > 1 and len(blocks) > 1 else ""
    if reason:
        print(f"{reason}: running in this process", file=sys.stderr)
    if reason or workers <= 1 or len(blocks) <= 1:
        yield from ((block, task(block)) for block in blocks)
        return
    finished: set[int] = set()
    try:
        for block, result in _in_processes(blocks, min(workers, len(blocks)), task):
            finished.add(block.first)
            yield block, result
    except BrokenProcessPool as error:  # processes cannot start here, or were killed
        print(f"worker processes fail ({error}); going on in this one", file=sys.stderr)
        for block in blocks:
            if block.first not in finished:
                yield block, task(block)


def _in_processes(
    blocks: Sequence[Block], workers: int, task: Callable[[Block], Any]
) -> Iterator[tuple[Block, Any]]:
    pool = ProcessPoolExecutor(
        workers, mp_context=get_context("spawn"), initializer=_leave_interrupts_to_the_parent
    )
    try:
        yield from _finished(pool, blocks, task, _prepared(_is_of_main(blocks[0])))
    except BaseException:
        _stop(pool)
        raise
    pool.shutdown()


def _finished(
    executor: Executor,
    blocks: Sequence[Block],
    task: Callable[[Block], Any],
    prepared: Any = None,
) -> Iterator[tuple[Block, Any]]:
    with prepared or ExitStack():
        futures = {executor.submit(task, block): block for block in blocks}
    try:
        for future in as_completed(futures):
            yield futures[future], future.result()
    finally:
        for future in futures:
            future.cancel()


def _stop(pool: ProcessPoolExecutor) -> None:
    """End the workers now; a part file is complete or absent, so nothing is lost but time."""
    processes = list((getattr(pool, "_processes", None) or {}).values())
    pool.shutdown(wait=False, cancel_futures=True)
    for process in processes:
        process.terminate()


def _leave_interrupts_to_the_parent() -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)


# -------------------------------------------------------------------- what can travel, and how


def _stays_here(block: Block) -> str:
    """Return why a block cannot be sent to another process, or ""."""
    try:
        pickle.dumps(_deciders(block))
    except Exception as error:  # whatever pickling a stranger's object provokes
        return f"a policy cannot be sent to worker processes ({error})"
    if _is_of_main(block) and not getattr(sys.modules["__main__"], "__file__", None):
        return "a policy defined in a notebook or at a prompt is unknown to worker processes"
    return ""


def _is_of_main(block: Block) -> bool:
    """Tell whether a policy's class stands in the script that runs."""
    return b"__main__" in pickle.dumps(_deciders(block))


def _deciders(block: Block) -> list[Any]:
    return [(variant.policy, variant.warmup) for variant in block.variants]


@contextmanager
def _prepared(needs_main: bool) -> Iterator[None]:
    """Surroundings in which processes start well; undone at once, they are the caller's."""
    with ExitStack() as stack:
        stack.enter_context(_one_thread_each())
        stack.enter_context(_interrupts_ignored())
        if not needs_main:
            stack.enter_context(_main_left_alone())
        yield


@contextmanager
def _one_thread_each() -> Iterator[None]:
    """One thread per process: the arrays are small, and threads would fight over the cores."""
    added = [name for name in _THREAD_VARIABLES if name not in os.environ]
    os.environ.update(dict.fromkeys(added, "1"))
    try:
        yield
    finally:
        for name in added:
            os.environ.pop(name, None)


@contextmanager
def _interrupts_ignored() -> Iterator[None]:
    """New processes inherit it: Ctrl-C while they import NumPy would print their tracebacks."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGINT, signal.SIG_IGN) or signal.SIG_DFL
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


@contextmanager
def _main_left_alone() -> Iterator[None]:
    """Start processes without importing the user's script again: the tasks live in this package.

    A spawned process otherwise runs the script once more, which in a script without an
    ``if __name__ == "__main__"`` line starts processes without end.
    """
    main = sys.modules["__main__"]
    names = ("__file__", "__spec__")
    hidden: dict[str, Any] = {name: vars(main).pop(name) for name in names if name in vars(main)}
    main.__spec__ = None
    try:
        yield
    finally:
        vars(main).update(hidden)
