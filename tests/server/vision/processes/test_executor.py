"""Tasks in vision processes: results, pieces, limits, crashes and cancellation."""

import asyncio
import os
import signal
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any, TypeVar

import pytest
from pydantic import SecretStr

from openfrs.core.errors import OperatorError, ServiceError
from openfrs.core.settings import Settings
from openfrs.core.telemetry.metrics import REGISTRY
from openfrs.recognition.executor import Lane, Task
from openfrs.server.vision.executor import VisionError, VisionProcesses
from openfrs.vision.identity import ModelIdentity
from tests.support import vision_jobs
from tests.support.fake_models import FakePipeline, identify, load
from tests.support.waiting import wait_until, wait_until_async

T = TypeVar("T")


def task(job: Callable[..., T], *arguments: Any, lane: Lane = Lane.SMALL, seconds: float = 60) -> Task[T]:
    return Task(job, arguments, lane, seconds)


def with_processes(
    scenario: Callable[[VisionProcesses], Awaitable[T]],
    *,
    threads: int = 1,
    load_pipeline: Callable[[Settings], FakePipeline] = load,
    **settings: Any,
) -> T:
    """Run a scenario with vision processes that are ready."""
    processes = VisionProcesses(Settings(threads=threads, **settings), load_pipeline, identify)

    async def run() -> T:
        await processes.connect()
        try:
            await processes.wait_until_ready()
            return await scenario(processes)
        finally:
            await processes.disconnect()

    try:
        return asyncio.run(run())
    finally:
        processes.close()


async def error_of(work: Awaitable[Any]) -> ServiceError:
    with pytest.raises(ServiceError) as caught:
        await work
    return caught.value


def is_stopped(error: ServiceError) -> bool:
    return (error.entry.status, error.entry.code) == (503, "FRS.0018") and error.headers["Retry-After"].isdigit()


def test_tasks_run_in_processes_without_secrets(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENFRS_MASTER_KEY", "secret of the environment")

    async def scenario(processes: VisionProcesses) -> None:
        assert processes.is_ready
        await wait_until_async(lambda: all(process.is_ready for process in processes.processes))
        jobs = [processes.run(task(vision_jobs.process_id)) for _ in range(6)]
        assert set(await asyncio.gather(*jobs)) <= {process.pid for process in processes.processes}
        assert "secret of" not in await processes.run(task(vision_jobs.environment))

    with_processes(scenario, threads=2, master_key=SecretStr("secret of the settings"))


def test_errors_reach_the_caller() -> None:
    async def scenario(processes: VisionProcesses) -> None:
        error = await error_of(processes.run(task(vision_jobs.refuse)))
        assert (error.entry.key, error.headers) == ("FRS.0302", {"Retry-After": "7"})
        with pytest.raises(VisionError, match="ArithmeticError: no numbers"):
            await processes.run(task(vision_jobs.fail))

    with_processes(scenario)


def test_a_crash_loses_only_the_tasks_of_its_process() -> None:
    async def scenario(processes: VisionProcesses) -> None:
        first = await processes.run(task(vision_jobs.process_id))
        crashing = asyncio.create_task(processes.run(task(vision_jobs.crash)))
        waiting = [asyncio.create_task(processes.run(task(vision_jobs.process_id))) for _ in range(3)]
        assert is_stopped(await error_of(crashing))
        (second,) = set(await asyncio.gather(*waiting))
        assert second != first

    with_processes(scenario)


def test_an_invalid_message_costs_its_process_only() -> None:
    async def scenario(processes: VisionProcesses) -> None:
        first = await processes.run(task(vision_jobs.process_id))
        assert is_stopped(await error_of(processes.run(task(vision_jobs.unknown_result))))
        assert await processes.run(task(vision_jobs.process_id)) != first

    with_processes(scenario)


@pytest.mark.parametrize("job", [vision_jobs.never_end, vision_jobs.work_until])
def test_work_beyond_its_time_limit_is_stopped(tmp_path: Path, job: Callable[..., Any]) -> None:
    async def scenario(processes: VisionProcesses) -> None:
        endless = asyncio.create_task(processes.run(task(job, tmp_path, seconds=0.3)))
        waiting = asyncio.create_task(processes.run(task(vision_jobs.process_id)))
        assert is_stopped(await error_of(endless))
        assert await waiting in {process.pid for process in processes.processes}

    with_processes(scenario)


def test_a_process_beyond_its_memory_limit_is_replaced() -> None:
    async def scenario(processes: VisionProcesses) -> None:
        first = await processes.run(task(vision_jobs.process_id))
        assert is_stopped(await error_of(processes.run(task(vision_jobs.exhaust_memory))))
        assert await processes.run(task(vision_jobs.process_id)) != first

    with_processes(scenario, vision_memory=1024**3)


def test_small_images_run_between_the_pieces_of_a_long_task(tmp_path: Path) -> None:
    async def scenario(processes: VisionProcesses) -> int:
        long = asyncio.create_task(processes.run(task(vision_jobs.work_until, tmp_path)))
        await wait_until_async((tmp_path / "started").exists)
        assert {await processes.run(task(vision_jobs.process_id)) for _ in range(5)} == {processes.processes[0].pid}
        (tmp_path / "end").touch()
        return await long

    assert with_processes(scenario) >= 5


def test_a_cancelled_task_stops_at_its_next_checkpoint(tmp_path: Path) -> None:
    async def scenario(processes: VisionProcesses) -> None:
        first = await processes.run(task(vision_jobs.process_id))
        for lane in Lane:
            folder = tmp_path / lane
            folder.mkdir()
            running = asyncio.create_task(processes.run(task(vision_jobs.work_until, folder, lane=lane)))
            await wait_until_async((folder / "started").exists)
            running.cancel()
            with pytest.raises(asyncio.CancelledError):
                await running
            await wait_until_async((folder / "ended").exists)
            await wait_until_async(lambda: processes.bounds[lane].running == 0)  # noqa: B023
        assert await processes.run(task(vision_jobs.process_id)) == first

    with_processes(scenario)


def test_a_cancelled_task_that_waits_never_runs(tmp_path: Path) -> None:
    async def scenario(processes: VisionProcesses) -> None:
        file, folder = tmp_path / "lines", tmp_path / "running"
        folder.mkdir()
        running = asyncio.create_task(processes.run(task(vision_jobs.never_end, folder, seconds=2)))
        await wait_until_async((folder / "started").exists)
        waiting = [asyncio.create_task(processes.run(task(vision_jobs.append_to, file, text))) for text in "abc"]
        await asyncio.sleep(0)
        assert is_full(await error_of(processes.run(task(vision_jobs.process_id))))
        waiting[1].cancel()
        await asyncio.sleep(0)
        assert is_stopped(await error_of(running))
        await asyncio.gather(waiting[0], waiting[2])
        assert file.read_text() == "ac"

    def is_full(error: ServiceError) -> bool:
        return error.entry.key == "FRS.0033"

    with_processes(scenario, queue=3)


def test_stages_count_without_pauses(tmp_path: Path) -> None:
    def seconds() -> float:
        return REGISTRY.get_sample_value("openfrs_stage_seconds_sum", {"stage": "detect"}) or 0.0

    async def scenario(processes: VisionProcesses) -> None:
        before = seconds()
        long = asyncio.create_task(processes.run(task(vision_jobs.work_until, tmp_path)))
        await wait_until_async((tmp_path / "started").exists)
        await processes.run(task(vision_jobs.staged, 4))
        (tmp_path / "end").touch()
        await long
        assert seconds() - before >= 0.24

    with_processes(scenario)


def test_models_that_cannot_be_loaded_stop_the_start() -> None:
    with pytest.raises(OperatorError, match="model weight sface is gone"):
        with_processes(never, load_pipeline=unusable)


def test_other_models_than_expected_stop_the_start() -> None:
    with pytest.raises(OperatorError, match="it loaded embedder other in place of sface"):
        with_processes(never, load_pipeline=load_other)


def test_vision_processes_end_with_their_server() -> None:
    async def scenario(processes: VisionProcesses) -> list[int]:
        return [await processes.run(task(vision_jobs.process_id))]

    (pid,) = with_processes(scenario)
    wait_until(lambda: not Path(f"/proc/{pid}").exists())


def test_sigterm_is_for_the_server_process() -> None:
    async def scenario(processes: VisionProcesses) -> None:
        pid = await processes.run(task(vision_jobs.process_id))
        for number in (signal.SIGTERM, signal.SIGINT):
            os.kill(pid, number)
        assert await processes.run(task(vision_jobs.process_id)) == pid

    with_processes(scenario)


async def never(_processes: VisionProcesses) -> None:
    pytest.fail("the processes are ready")


def unusable(_settings: Settings) -> FakePipeline:
    raise OperatorError("model weight sface is gone")


class OtherPipeline(FakePipeline):
    embedder = "other"


def load_other(_settings: Settings) -> FakePipeline:
    return OtherPipeline()


def test_the_identity_of_models_is_theirs_once_loaded() -> None:
    async def scenario(processes: VisionProcesses) -> ModelIdentity:
        return processes.models

    assert with_processes(scenario) == ModelIdentity.of(FakePipeline())


def test_all_tasks_are_stopped_when_the_server_stops(tmp_path: Path) -> None:
    async def scenario(processes: VisionProcesses) -> list[ServiceError]:
        running = asyncio.create_task(error_of(processes.run(task(vision_jobs.never_end, tmp_path))))
        await wait_until_async((tmp_path / "started").exists)
        waiting = asyncio.create_task(error_of(processes.run(task(vision_jobs.process_id))))
        await asyncio.sleep(0)
        await processes.disconnect()
        late = await error_of(processes.run(task(vision_jobs.process_id)))
        return [await running, await waiting, late]

    assert all(map(is_stopped, with_processes(scenario)))
