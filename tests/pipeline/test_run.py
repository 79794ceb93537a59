"""One run: everything is done once, nothing is done twice, and the order of questions changes no answer."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from fakes.lab import Lab, cases, load
from fakes.processes import ends_within
from fakes.project import HEADER, python_path
from fakes.registries import only_shipped

from harness.core.finding import Verdict
from harness.targets.local import Local

ALL = ["fp32", "fp16", "int8_static", "int8_dynamic"]
BUILT = ["linear/fp32/fakert", "linear/int8_static/fakert"]
EDITED_WEIGHTS = """
@harness.model("linear", dataset="blobs", framework="fake", input=INPUT)
def linear():
    model = trained()
    model["bias"] = model["bias"] + {shift}
    return model
"""
EDITED_FORWARD = """
class Sharper(Linear):
    def forward(self, inputs):
        return 2 * super().forward(inputs)


@harness.model("linear", dataset="blobs", framework="fake", input=INPUT)
def linear():
    return Sharper(trained())
"""


def reregister(lab: Lab, model: str) -> None:
    """The registering module with another definition of the model, as after an edit."""
    head = HEADER.partition('@harness.model("linear"')[0]
    load(lab.write("registering.py", head + model))


def test_everything_is_built_and_measured_once_for_all_cases(lab: Lab) -> None:
    lab.register()
    found = lab.judge(cases("accuracy_drop", "accuracy", "agreement", "size", "size_ratio", "memory", "memory_ratio"))
    assert lab.built() == BUILT
    assert [line for line in lab.lines if line.startswith("reference")] == ["reference 1/1: linear in fake"]
    assert sum(line.startswith("measure") for line in lab.lines) == 2
    assert {finding.verdict for findings in found.values() for finding in findings} == {Verdict.REPORTED}
    accuracy = found["linear/int8_static/fakert/local", "accuracy"][0]
    assert accuracy.value == pytest.approx(0.96, abs=0.02)
    assert accuracy.n == 1000
    ratio = found["linear/int8_static/fakert/local", "size_ratio"][0].value
    assert ratio == pytest.approx(0.34, abs=0.05)


def test_starts_are_timed_over_fresh_processes_and_compared_with_the_references(lab: Lab) -> None:
    lab.register()
    wanted = {"load": "1 ns", "first_inference": "1 s", "load_ratio": "1000 x", "first_inference_ratio": "report"}
    run, planned = lab.run(), cases(*wanted, budgets=[("*", wanted)])
    run.prepare(planned)
    found = {(case.cell.id, case.metric.name): run.judge(case) for case in planned}

    load, first, load_ratio, first_ratio = (found["linear/int8_static/fakert/local", name][0] for name in wanted)

    assert [one.verdict for one in (load, first, load_ratio, first_ratio)] == [
        Verdict.OVER_BUDGET,
        Verdict.PASS,
        Verdict.PASS,
        Verdict.REPORTED,
    ]
    assert load.value is not None and load_ratio.value is not None and load_ratio.reference is not None
    assert load.n >= 5, "processes"
    rounds = run.results[planned[1].cell].latency_rounds
    assert rounds is not None
    assert [len(pair) for pair in rounds.starts] == [2] * load.n
    (files,) = {start.files for pair in rounds.starts for start in pair}
    assert f"{load.n} processes, files {files}" in load.reason
    assert "process pairs" in load_ratio.reason
    assert found["linear/fp32/fakert/local", "load_ratio"][0].verdict is Verdict.REPORTED


def test_a_second_run_builds_nothing_and_measures_anew(lab: Lab) -> None:
    lab.register()
    first = lab.judge(cases("accuracy_drop", "size"))
    second = lab.judge(cases("accuracy_drop", "size"))
    assert lab.built() == []
    assert "artifacts: 2 from the cache, 0 to build" in lab.lines
    assert "reference 1/1: linear in fake" in lab.lines
    assert second == first


def test_a_new_recipe_builds_only_itself_and_shares_the_interchange_file(lab: Lab) -> None:
    lab.register()
    lab.judge(cases("size"))
    before = {path.name for path in (lab.cache / "artifacts").glob("*/*")}
    lab.judge(cases("size", recipes=["fp32", "fp16", "int8_static"]))
    assert lab.built() == ["linear/fp16/fakert"]
    assert len({path.name for path in (lab.cache / "artifacts").glob("*/*")} - before) == 1


@pytest.mark.parametrize("edit", [EDITED_WEIGHTS.format(shift=1e-3), EDITED_FORWARD], ids=["weights", "forward"])
def test_an_edited_model_is_built_anew(lab: Lab, edit: str) -> None:
    lab.register()
    run = lab.run()
    run.prepare(cases("size"))
    before = run.references["linear"]
    with only_shipped():
        reregister(lab, edit)
        run = lab.run()
        run.prepare(cases("size"))
    assert lab.built() == BUILT
    assert run.references["linear"].fingerprint != before.fingerprint
    same_weights = run.references["linear"].weights_sha256 == before.weights_sha256
    assert same_weights is (edit == EDITED_FORWARD)


@pytest.mark.parametrize(
    ("shift", "built"),
    [
        # What it computes was compared on a few samples only: other code is another model.
        pytest.param("0.0 * 1", BUILT, id="code that computes the same"),
        pytest.param("0.0  # no shift", [], id="a comment"),
    ],
)
def test_an_edit_of_code_builds_anew_and_one_of_a_comment_does_not(lab: Lab, shift: str, built: list[str]) -> None:
    for text in ("0.0", shift):
        with only_shipped():
            reregister(lab, EDITED_WEIGHTS.format(shift=text))
            lab.judge(cases("size"))
    assert lab.built() == built


@pytest.mark.parametrize("damage", ["content", "card"])
def test_a_corrupt_cache_entry_is_said_and_built_again(lab: Lab, damage: str) -> None:
    lab.register()
    run = lab.run()
    run.prepare(cases("size"))
    artifact = next(held for cell, held in run.artifacts.items() if cell.recipe == "int8_static")
    match damage:
        case "content":
            held = bytearray(artifact.path.read_bytes())
            held[100] ^= 1
            artifact.path.write_bytes(held)
        case "card":
            (artifact.folder / "artifact.json").write_text("{", encoding="utf-8")
    found = lab.judge(cases("size"))
    assert [line for line in lab.lines if "was corrupt and is built again" in line], lab.lines
    assert lab.built() == ["linear/int8_static/fakert"]
    assert found["linear/int8_static/fakert/local", "size"][0].value == artifact.size_bytes


def test_a_case_can_be_judged_without_preparing_all(lab: Lab) -> None:
    # Under xdist a process doesn't know which items it is going to get.
    lab.register()
    run = lab.run()
    wanted = cases("accuracy_drop", "size_ratio", "memory_ratio", recipes=["int8_static"])
    assert [run.judge(case)[0].verdict for case in wanted] == [Verdict.REPORTED] * 3
    assert all(run.judge(case)[0].value is not None for case in wanted)


def test_latency_alone_and_then_as_a_ratio(lab: Lab) -> None:
    lab.register()
    run = lab.run()
    alone, ratio = cases("latency", "latency_ratio", recipes=["int8_static"])
    assert run.judge(alone)[0].value is not None
    found = run.judge(ratio)[0]
    assert found.verdict is Verdict.REPORTED, found.reason
    assert found.value is not None
    assert found.interval is not None
    rounds = run.results[ratio.cell].latency_rounds
    assert rounds is not None
    assert len(rounds.epochs_ns) == sum(len(pair) for pair in rounds.pairs) > 10


@pytest.mark.parametrize("order", [("5 x", "1.0 x"), ("1.0 x", "5 x")], ids="-".join)
def test_two_limits_on_one_latency_are_each_judged_by_their_own(lab: Lab, order: tuple[str, str]) -> None:
    lab.register('runtimes.add(FakeRuntime("fakert_slow", only=["fp16"], spin_percent=100))')
    verdicts = {"5 x": Verdict.PASS, "1.0 x": Verdict.OVER_BUDGET}
    both = [
        case
        for limit in order
        for case in cases(
            "latency_ratio",
            recipes=["fp16"],
            runtimes=["fakert_slow"],
            budgets=[("*", {"latency_ratio": limit})],
        )
    ]
    run = lab.run()
    run.prepare(both)
    found = [run.judge(case)[0] for case in both]
    assert [finding.verdict for finding in found] == [verdicts[limit] for limit in order], found


def test_a_limit_that_nobody_prepared_for_is_decided_by_rounds_of_its_own(lab: Lab) -> None:
    lab.register('runtimes.add(FakeRuntime("fakert_slow", only=["fp16"], spin_percent=100))')
    cell = {"recipes": ["fp16"], "runtimes": ["fakert_slow"]}
    reported = cases("latency_ratio", **cell)[0]
    limited = cases("latency_ratio", budgets=[("*", {"latency_ratio": "1.0 x"})], **cell)[0]
    run = lab.run()

    def pairs() -> int:
        rounds = run.results[limited.cell].latency_rounds
        return 0 if rounds is None else len(rounds.pairs)

    assert run.judge(reported)[0].verdict is Verdict.REPORTED
    assert pairs() == 1
    assert run.judge(limited)[0].verdict is Verdict.OVER_BUDGET
    assert pairs() > 1


SCRIPT = """
import json
import sys
from pathlib import Path

from fakes.lab import Lab, cases, load
from harness.pipeline.catalog import load_catalog

load_catalog()
load(Path({registering!r}))
lab = Lab(Path({folder!r}))
lab.cache = Path({cache!r})
print("ready", flush=True)
sys.stdin.readline()
run = lab.run()
run.prepare(cases("size", recipes=["fp32", "fp16", "int8_static", "int8_dynamic"]))
print(json.dumps([lab.built(), {{cell.id: held.sha256 for cell, held in run.artifacts.items()}}]), flush=True)
"""


@contextmanager
def another_process(lab: Lab, name: str) -> Iterator[subprocess.Popen[str]]:
    """A process with the lab's cache and registrations; it waits for a line before it runs."""
    folder = lab.folder / name
    folder.mkdir()
    places = {"registering": lab.folder / "registering.py", "folder": folder, "cache": lab.cache}
    script = lab.write(f"{name}.py", SCRIPT.format(**{key: str(at) for key, at in places.items()}))
    with subprocess.Popen(
        [sys.executable, str(script)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        bufsize=1,
        env={**os.environ, "PYTHONPATH": python_path()},
    ) as process:
        assert process.stdout is not None
        try:
            assert process.stdout.readline() == "ready\n"
            yield process
        finally:
            process.kill()


def test_two_runs_at_once_on_one_cache_give_the_same_artifacts(lab: Lab) -> None:
    lab.register()
    with another_process(lab, "first") as first, another_process(lab, "second") as second:
        for process in (first, second):
            assert process.stdin is not None
            process.stdin.write("\n")
        told = [json.loads(process.communicate(timeout=60)[0]) for process in (first, second)]
        assert [first.returncode, second.returncode] == [0, 0]
    assert len(told[0][1]) == 4
    assert told[0][1] == told[1][1]
    assert not list((lab.cache / "staging").iterdir())


def test_a_run_killed_in_a_build_leaves_nothing_that_stops_the_next(lab: Lab) -> None:
    flag, pid_file = lab.folder / "flag", lab.folder / "pid"
    lab.register(
        "import os",
        "from pathlib import Path",
        f"if os.environ.get('EDGE_HARNESS_CHILD'): Path({str(pid_file)!r}).write_text(str(os.getpid()))",
        f"runtimes.add(FakeRuntime(build='' if Path({str(flag)!r}).exists() else 'hang'))",
    )
    with another_process(lab, "killed") as process:
        assert process.stdin is not None
        process.stdin.write("\n")
        deadline = time.monotonic() + 20
        while not _building(lab):
            assert time.monotonic() < deadline, "the build did not begin"
            time.sleep(0.02)
        process.send_signal(signal.SIGKILL)
        process.wait(timeout=5)
    builder = int(pid_file.read_text(encoding="utf-8"))
    assert ends_within(builder, 3), "the build process outlived its run and holds the lock"
    flag.touch()
    found = lab.judge(cases("size", recipes=ALL))
    assert {finding.verdict for findings in found.values() for finding in findings} == {Verdict.REPORTED}
    assert len(lab.built()) == len(ALL)


def _building(lab: Lab) -> bool:
    """Whether the interchange file is done, so that what is staged now is the artifact that hangs."""
    return bool(list(lab.cache.glob("artifacts/*/*/model.npz")) and list(lab.cache.glob("staging/*")))


def test_compiled_code_is_kept_apart_by_cpu(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    """A cache may be shared: what was compiled with AVX-512 gave NaN as AVX2's."""
    lab.register()
    folders: list[Path] = []

    def cache(self: Local, here: Path) -> str:
        folders.append(here)
        return str(here)

    monkeypatch.setattr(Local, "cache", cache)
    lab.judge(cases("size", recipes=["fp32"]))

    assert folders
    assert set(folders) == {lab.cache / "compiled" / Local().hardware().code_class}
