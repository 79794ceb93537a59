"""A machine behind an agent: asked there, sent to there, tried once when it can't be reached, and left without a trace."""

from __future__ import annotations

import gc
import os
import signal
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from fakes.board import Board
from fakes.processes import alive, ends_within

from harness.core.artifact import Artifact
from harness.errors import TargetError
from harness.targets.agent.files import hashes
from harness.targets.local import Local
from harness.targets.remote import CHUNK, Remote
from harness.worker.process import PROGRAM

CONTENTS = {"model.bin": b"\0" * (2 * CHUNK + 5), "parts/empty.txt": b"", "parts/names.txt": "ä\n".encode()}


def artifact(folder: Path, **changed: bytes) -> Artifact:
    for name, content in {**CONTENTS, **changed}.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(content)
    digest = str(hash(tuple(sorted(hashes(str(folder)).items()))))
    return Artifact(key="k", folder=folder, main="model.bin", sha256=digest, size_bytes=1, gzip_bytes=1, zstd_bytes=1)


@pytest.fixture
def hidden(tmp_path: Path) -> Path:
    """What the board can't see."""
    folder = tmp_path / "ours"
    folder.mkdir()
    return folder


@pytest.fixture
def board(tmp_path: Path, hidden: Path) -> Iterator[Board]:
    target = Board(tmp_path / "board", hidden=hidden, missing=["scipy"])
    yield target
    target.close()


def sent(tmp_path: Path) -> list[Path]:
    """The agent's folder, while it lives."""
    return list((tmp_path / "board/tmp").glob("edge-harness-agent-*"))


def test_what_it_says_is_of_its_machine(board: Board) -> None:
    assert (board.hardware().machine, board.hardware().cores) == ("boardarch", 3)
    assert board.hardware() != Local().hardware()
    assert board.hardware().cpu == Local().hardware().cpu
    assert board.moment().monotonic_s > 0
    present, missing = board.installed(["numpy"]), board.installed(["scipy|no-such-dist", "numpy"])
    assert present.ok
    assert [name for name, _ in present.versions] == ["numpy"]
    assert (missing.ok, missing.reason) == (False, "not installed: scipy")
    assert Local().installed(["scipy"]).ok
    assert board.cache(Path("/of/this/machine")) == board.cache(Path("/another")) != "/of/this/machine"


def test_the_agent_is_opened_by_the_first_question_and_once(board: Board, tmp_path: Path) -> None:
    assert sent(tmp_path) == []
    with ThreadPoolExecutor(8) as pool:
        cores = [pool.submit(lambda: board.hardware().cores) for _ in range(8)]
    assert {core.result() for core in cores} == {3}
    assert len(sent(tmp_path)) == 1


def test_files_that_it_cannot_see_are_sent_whole_and_once(board: Board, hidden: Path, tmp_path: Path) -> None:
    ours = artifact(hidden / "a")
    place = Path(board.put(ours))
    assert place != ours.path
    assert {name: (place.parent / name).read_bytes() for name in CONTENTS} == CONTENTS
    written = place.stat().st_mtime_ns
    assert Path(board.put(ours)) == place
    assert place.stat().st_mtime_ns == written
    other = Path(board.put(artifact(hidden / "b", **{"model.bin": b"other"})))
    assert other.read_bytes() == b"other"
    board.close()
    assert sent(tmp_path) == []
    assert Path(board.put(ours)).read_bytes() == CONTENTS["model.bin"], "it is sent again to a new agent"


def test_files_that_it_sees_stay_where_they_are(board: Board, tmp_path: Path) -> None:
    seen = artifact(tmp_path / "seen")
    assert board.put(seen) == str(seen.path)
    assert list(sent(tmp_path)[0].iterdir()) == []


def test_a_damaged_file_under_the_same_path_is_no_reason_not_to_send(board: Board, hidden: Path) -> None:
    ours = artifact(hidden / "a")
    place = Path(board.put(ours))
    place.write_bytes(b"damaged")
    board._folders.clear()  # as another process of ours, which asks anew
    assert Path(board.put(ours)).read_bytes() == CONTENTS["model.bin"]


def test_a_folder_that_cannot_be_written_is_told(board: Board, hidden: Path, tmp_path: Path) -> None:
    board.hardware()
    folder = sent(tmp_path)[0]
    folder.rmdir()
    folder.write_text("in the way")
    with pytest.raises(TargetError, match=r"target 'board' refused 'receive': \w+Error"):
        board.put(artifact(hidden / "a"))
    assert board.moment().monotonic_s > 0, "the agent lives on"


@pytest.fixture
def collected() -> Iterator[None]:
    """Collects what execnet leaves open of a process that did not start, while nobody minds."""
    yield
    gc.collect()


left_open = pytest.mark.filterwarnings("ignore::ResourceWarning")


@left_open
@pytest.mark.usefixtures("collected")
@pytest.mark.parametrize(
    ("gateway", "reason"),
    [
        ("popen//python=/no/such/python", "FileNotFoundError"),
        ("popen//python=true", "(EOFError|OSError|BrokenPipeError)"),
        ("pigeon=home", "ValueError"),
    ],
)
def test_a_machine_that_cannot_be_reached_is_told_with_its_gateway(gateway: str, reason: str) -> None:
    with pytest.raises(TargetError, match=rf"^target 'far' can't be reached by '{gateway}': {reason}"):
        Remote("far", gateway).hardware()


@left_open
@pytest.mark.usefixtures("collected")
def test_a_machine_that_cannot_be_reached_is_tried_once(tmp_path: Path) -> None:
    counted = tmp_path / "python"
    counted.write_text(f"#!/bin/sh\necho tried >> {tmp_path}/log\nexit 1\n")
    counted.chmod(0o755)
    far = Remote("far", f"popen//python={counted}")
    for _ in range(3):
        with pytest.raises(TargetError):
            far.moment()
    assert (tmp_path / "log").read_text().count("tried") == 1
    far.close()
    with pytest.raises(TargetError):
        far.moment()
    assert (tmp_path / "log").read_text().count("tried") == 2


def agent_of(worker_pid: int) -> int:
    return int(Path(f"/proc/{worker_pid}/stat").read_text().rpartition(")")[2].split()[1])


@pytest.fixture
def waiting(tmp_path: Path) -> Path:
    """A program that says its process's number and waits."""
    says = "    answers.write(str(os.getpid()).encode())\n    answers.flush()\n    time.sleep(3600)"
    program = tmp_path / "program.py"
    program.write_text(PROGRAM.read_text(encoding="utf-8").replace("    serve(requests, answers)", says))
    return program


def test_closing_ends_its_workers_and_removes_its_folder(
    board: Board, hidden: Path, tmp_path: Path, waiting: Path
) -> None:
    board.put(artifact(hidden / "a"))
    pid = int(board.start(waiting, 1).receive(10))
    agent = agent_of(pid)
    assert alive(pid)
    assert agent != os.getpid()
    board.close()
    assert ends_within(pid, 1)
    assert ends_within(agent, 3)
    assert sent(tmp_path) == []


def test_an_agent_that_dies_takes_its_workers_along_and_is_told(board: Board, waiting: Path) -> None:
    pid = int(board.start(waiting, 1).receive(10))
    os.kill(agent_of(pid), signal.SIGKILL)
    assert ends_within(pid, 3)
    with pytest.raises(TargetError, match="target 'board' broke off in 'moment'"):
        board.moment()


def test_a_worker_whose_agent_died_ended_with_the_connection(board: Board, waiting: Path) -> None:
    process = board.start(waiting, 1)
    os.kill(agent_of(int(process.receive(10))), signal.SIGKILL)
    assert process.receive(10) == b""
    how, log = process.end(5.0)
    assert how.startswith("target 'board' broke off in 'end'")
    assert log == ""
