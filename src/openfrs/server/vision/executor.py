"""Execution of tasks in the vision processes of a server process, on its event loop."""

import asyncio
import logging
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final, TypeVar

from openfrs.core.errors import OperatorError, work_stopped
from openfrs.core.settings import Settings
from openfrs.core.telemetry.metrics import MODEL_LOAD_SECONDS, STAGE_SECONDS
from openfrs.core.telemetry.stages import record_stages
from openfrs.recognition.executor import Lane, Task, lane_bounds
from openfrs.vision.identity import ModelIdentity

from .messages import Drop, Ended, Paused, Ready, Resume, Start, Unusable
from .process import VisionProcess
from .schedule import Entry, Schedule, finish_piece

if TYPE_CHECKING:
    from openfrs.vision.pipeline import Pipeline

log = logging.getLogger("openfrs.vision")

T = TypeVar("T")

MAX_RESTART_DELAY_SECONDS: Final = 30.0
"""Upper limit of the delay, doubled each time, before a vision process that ended while it loaded models is replaced."""


class VisionError(RuntimeError):
    """A job failed in a vision process; the message is its traceback."""


@dataclass(slots=True, eq=False)
class _Run(Entry):
    """A task, and the future of its result."""

    task_id: int = 0
    future: "asyncio.Future[Ended]" = field(default_factory=lambda: asyncio.get_running_loop().create_future())
    queued: float = field(default_factory=time.perf_counter)
    process: VisionProcess | None = None


class VisionProcesses:
    """Runs tasks in ``threads`` vision processes, which start to load their models at once.

    Tasks run after :meth:`connect`, on its event loop. They wait while no process is ready.
    """

    def __init__(
        self,
        settings: Settings,
        load_pipeline: Callable[[Settings], "Pipeline"],
        identify_models: Callable[[Settings], ModelIdentity],
    ) -> None:
        """Start the processes. ``load_pipeline`` is pickled; ``identify_models`` returns what it will load.

        Raises:
            OperatorError: the models cannot be used.
        """
        self.bounds = lane_bounds(running=settings.threads, queue=settings.queue, large_queue=settings.large_queue)
        self._settings = settings
        self._load_pipeline = load_pipeline
        self._schedule = Schedule()
        self._runs: dict[int, _Run] = {}
        self._last_id = 0
        self._first_ready: asyncio.Future[None] | None = None
        self._closing = False
        self._delay = 0.0
        self._restarts: set[asyncio.Task[None]] = set()
        self.processes = [self._start() for _ in range(settings.threads)]
        try:
            self.models = identify_models(settings)
        except BaseException:
            self.close()
            raise

    @property
    def is_ready(self) -> bool:
        """True if a vision process is ready."""
        return any(process.is_ready for process in self.processes)

    async def connect(self) -> None:
        """Use the running event loop from now on."""
        self._first_ready = asyncio.get_running_loop().create_future()
        for process in self.processes:
            await self._connect(process)

    async def wait_until_ready(self) -> None:
        """Wait for the first vision process.

        Raises:
            OperatorError: it cannot load its models.
        """
        assert self._first_ready is not None
        await self._first_ready

    def check_capacity(self, lane: Lane) -> None:
        """Check that another task would be accepted.

        Raises:
            ServiceError: ``FRS.0033`` the queue is full.
        """
        self.bounds[lane].check()

    async def run(self, task: Task[T]) -> T:
        """Return the result of a task.

        Raises:
            ServiceError: as :meth:`~openfrs.recognition.executor.Executor.run`.
        """
        if self._closing:
            raise work_stopped()
        self.bounds[task.lane].acquire()
        self._last_id += 1
        run = _Run(task, task_id=self._last_id)
        self._runs[run.task_id] = run
        self._schedule.add(run)
        self._fill()
        try:
            ended = await run.future
        except asyncio.CancelledError:
            self._cancel(run)
            raise
        record_stages(ended.stages)
        if ended.error is not None:
            raise ended.error
        if ended.traceback:
            raise VisionError(ended.traceback)
        result: T = ended.result
        return result

    async def disconnect(self) -> None:
        """Stop the vision processes; all tasks end with ``FRS.0018/503``."""
        self._closing = True
        self._fail_waiting()
        for restart in self._restarts:
            restart.cancel()
        for process in self.processes:
            process.disconnect()
        await asyncio.sleep(0)  # the transports close on the next turn of the loop

    def close(self) -> None:
        """Stop the vision processes and wait for their end."""
        processes, self.processes = self.processes, []
        for process in processes:
            process.disconnect()
        for process in processes:
            process.join()

    def _start(self) -> VisionProcess:
        return VisionProcess(self._settings, self._load_pipeline)

    def _start_successor(self, process: VisionProcess) -> VisionProcess:
        """Replace a process; the successor is known from now on, also if the caller is cancelled."""
        successor = self.processes[self.processes.index(process)] = self._start()
        return successor

    async def _connect(self, process: VisionProcess) -> None:
        await process.connect(lambda message: self._receive(process, message), lambda: self._end(process))

    def _fill(self) -> None:
        """Give every free process a task."""
        for process in self.processes:
            if process.is_ready and process.place.running is None:
                self._assign(process)

    def _assign(self, process: VisionProcess) -> None:
        run = self._schedule.next_for(process.place)
        if run is None:
            return
        assert isinstance(run, _Run)
        if run.process is None:
            run.process = process
            STAGE_SECONDS.labels("wait").observe(time.perf_counter() - run.queued)
            process.send(Start(run.task_id, run.task.job, run.task.arguments))
        else:
            process.send(Resume(run.task_id))
        process.piece_started = time.monotonic()
        process.piece_deadline = asyncio.get_running_loop().call_later(
            max(0.0, run.remaining_seconds), process.kill, f"its work took more than {run.task.seconds:g} s"
        )

    def _receive(self, process: VisionProcess, message: Any) -> None:
        match message:
            case Paused(task_id):
                run = self._finish_piece(process, task_id)
                if run.future.done():
                    process.send(Drop(task_id))
                    self._forget(run)
                elif run.remaining_seconds <= 0:
                    process.send(Drop(task_id))
                    self._fail(run)
                else:
                    process.place.paused.append(run)
                self._assign(process)
            case Ended(task_id):
                self._record_loading(message.loading_seconds)
                run = self._finish_piece(process, task_id)
                if message.out_of_memory:
                    process.kill("it exceeded its memory")
                    self._fail(run)
                    return
                self._forget(run)
                if not run.future.done():
                    run.future.set_result(message)
                self._assign(process)
            case Ready(models):
                self._record_loading(message.loading_seconds)
                self._become_ready(process, models)
            case Unusable(text):
                process.end_reason = text

    def _finish_piece(self, process: VisionProcess, task_id: int) -> _Run:
        assert process.piece_deadline is not None
        process.piece_deadline.cancel()
        run = self._runs[task_id]
        assert process.place.running is run
        finish_piece(process.place, time.monotonic() - process.piece_started)
        return run

    def _become_ready(self, process: VisionProcess, models: ModelIdentity) -> None:
        if not self.models.agrees_with(models):
            process.kill(f"it loaded embedder {models.embedder} in place of {self.models.embedder}")
            return
        self.models = models
        self._delay = 0.0
        process.is_ready = process.has_loaded = True
        assert self._first_ready is not None
        if not self._first_ready.done():
            self._first_ready.set_result(None)
        self._assign(process)

    def _record_loading(self, loading_seconds: Any) -> None:
        for name, seconds in (loading_seconds or {}).items():
            MODEL_LOAD_SECONDS.labels(name).set(seconds)

    def _cancel(self, run: _Run) -> None:
        """Take back a task whose caller has left; one that runs keeps its place until its piece ends."""
        if run.process is None:
            self._schedule.discard(run)
            self._forget(run)
        elif run in run.process.place.paused:
            run.process.place.paused.remove(run)
            run.process.send(Drop(run.task_id))
            self._forget(run)

    def _forget(self, run: _Run) -> None:
        if self._runs.pop(run.task_id, None) is not None:
            self.bounds[run.task.lane].release()

    def _fail(self, run: _Run) -> None:
        self._forget(run)
        if not run.future.done():
            run.future.set_exception(work_stopped())

    def _fail_waiting(self) -> None:
        """Fail the tasks that no process has started."""
        for run in [run for run in self._runs.values() if run.process is None]:
            self._schedule.discard(run)
            self._fail(run)

    def _end(self, process: VisionProcess) -> None:
        """Fail the tasks of a process that has ended, and replace it."""
        process.is_ready = False
        if process.piece_deadline is not None:
            process.piece_deadline.cancel()
        lost = [*process.place.paused, *([process.place.running] if process.place.running else [])]
        process.place.paused, process.place.running = deque(), None
        for run in lost:
            assert isinstance(run, _Run)
            self._fail(run)
        if not self._closing:
            restart = asyncio.get_running_loop().create_task(self._replace(process))
            self._restarts.add(restart)
            restart.add_done_callback(self._restarts.discard)

    async def _replace(self, process: VisionProcess) -> None:
        pid = process.pid
        reason = await asyncio.to_thread(process.join)
        assert self._first_ready is not None
        if not self._first_ready.done():
            self._first_ready.set_exception(OperatorError(process.end_reason or f"vision process {pid}: {reason}"))
            return
        if self._first_ready.exception() is not None:
            return
        log.error("vision process %s is replaced: %s", pid, reason)
        if not (process.has_loaded or self.is_ready):
            self._fail_waiting()
        if not process.has_loaded:
            self._delay = min(max(1.0, 2 * self._delay), MAX_RESTART_DELAY_SECONDS)
            await asyncio.sleep(self._delay)
        await self._connect(await asyncio.to_thread(self._start_successor, process))
