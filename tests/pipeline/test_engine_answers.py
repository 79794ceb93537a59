"""What engines say of their providers: said once, remembered, and no answer is not taken for one."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
from fakes.fakert import RUN_SIDE, FakeRuntime
from fakes.lab import Lab, cases

from harness.core.contracts import Availability
from harness.core.environment import Hardware
from harness.core.finding import Verdict
from harness.core.offer import Provider
from harness.pipeline.engine_answers import FILE, Answer, EngineAnswers
from harness.targets.local import Local

pytestmark = pytest.mark.slow

HARDWARE = Hardware(machine="x86_64", cpu="a CPU", cores=2)
DSP = Provider(name="dsp", asks_engine=True)
BODIES = {
    "here": 'return ""',
    "not here": 'return f"{provider} finds no device here"',
    "raises": 'raise RuntimeError("the driver is too old")',
    "dies": "os.kill(os.getpid(), signal.SIGSEGV)",
    "hangs": "time.sleep(3600)",
}


class Machine(Local):
    """This one, of another hardware class."""

    def __init__(self, hardware: Hardware) -> None:
        super().__init__()
        self._hardware = hardware

    def hardware(self) -> Hardware:
        return self._hardware


class Desk:
    """Engines that answer as ``BODIES`` say, and what was asked of them."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.lines: list[str] = []

    def runtime(self, body: str, head: str = "") -> FakeRuntime:
        path = self.folder / "run_side.py"
        path.write_text(f"{head}\n{RUN_SIDE.read_text()}\n\ndef missing_device(provider):\n    {BODIES[body]}\n")
        return FakeRuntime(run_side=path)

    def ask(
        self,
        runtime: FakeRuntime,
        provider: Provider = DSP,
        *,
        hardware: Hardware = HARDWARE,
        again: bool = False,
        timeout_s: float = 20.0,
    ) -> Answer:
        """What a new process of ours learns; ``lines`` has what it told meanwhile."""
        self.lines = []
        answers = EngineAnswers(self.folder, self.lines.append, again=again, timeout_s=timeout_s)
        answer = answers.of(runtime, provider, Machine(hardware))
        assert answers.of(runtime, provider, Machine(hardware)) == answer
        # Another test may be timing on this machine meanwhile, and then it is told who is waited for.
        self.lines = [line for line in self.lines if line.startswith("asks ")]
        assert len(self.lines) <= 1, "within a process, it is asked once"
        return answer


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path)


@pytest.mark.parametrize(("body", "reason"), [("here", ""), ("not here", "dsp finds no device here")])
def test_an_answer_is_remembered(desk: Desk, body: str, reason: str) -> None:
    assert desk.ask(desk.runtime(body)) == Answer(reason=reason)
    assert desk.lines == ["asks fakert whether dsp can run here"]
    assert desk.ask(desk.runtime(body)) == Answer(reason=reason)
    assert desk.lines == []


@pytest.mark.parametrize(
    ("body", "doubt"),
    [
        ("raises", "missing_device failed: RuntimeError: the driver is too old"),
        ("dies", "the worker died in 'missing_device': signal SIGSEGV"),
        ("hangs", "the worker hung in 'missing_device': no answer in 2 s"),
    ],
)
def test_an_engine_that_breaks_gave_no_answer_and_is_asked_again(desk: Desk, body: str, doubt: str) -> None:
    for _ in range(2):
        answer = desk.ask(desk.runtime(body), timeout_s=2.0)
        assert answer.reason == ""
        assert answer.doubt.startswith(doubt)
        assert len(desk.lines) == 1
    assert not (desk.folder / FILE).exists()


def test_an_engine_that_cannot_be_imported_is_not_here(desk: Desk) -> None:
    answer = desk.ask(desk.runtime("here", head="import no_such_engine"))
    assert answer.reason == "the engine can't be imported: ModuleNotFoundError: No module named 'no_such_engine'"
    assert not (desk.folder / FILE).exists(), "it may be installed any time"


def test_a_provider_that_needs_no_asking_is_not_asked(desk: Desk) -> None:
    assert desk.ask(desk.runtime("dies"), Provider(name="cpu")) == Answer()
    assert desk.lines == []


@pytest.mark.parametrize(
    "hardware",
    [replace(HARDWARE, cpu="another"), replace(HARDWARE, features=("avx2",)), replace(HARDWARE, accelerator="a GPU")],
    ids=["another CPU", "other instructions", "a device more"],
)
def test_on_other_hardware_it_is_asked_again(desk: Desk, hardware: Hardware) -> None:
    desk.ask(desk.runtime("not here"))
    desk.ask(desk.runtime("not here"), hardware=hardware)
    assert len(desk.lines) == 1
    desk.ask(desk.runtime("not here"))
    assert desk.lines == [], "what was known of the first is still known"


def test_another_version_is_asked_again(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    desk.ask(desk.runtime("not here"))
    newer = Availability(ok=True, versions=(("numpy", "99.0"),))
    monkeypatch.setattr(Machine, "installed", lambda self, packages: newer)
    desk.ask(desk.runtime("not here"))
    assert len(desk.lines) == 1


def test_an_edited_question_is_asked_again(desk: Desk) -> None:
    assert desk.ask(desk.runtime("not here")).reason
    assert not desk.ask(desk.runtime("here")).reason
    assert len(desk.lines) == 1


def test_who_wants_to_know_anew_asks_and_corrects_what_is_remembered(desk: Desk) -> None:
    runtime = desk.runtime("here")
    desk.ask(runtime)
    path = desk.folder / FILE
    path.write_text(path.read_text().replace('""', '"no device, once"'))
    assert desk.ask(runtime).reason == "no device, once"
    assert desk.ask(runtime, again=True).reason == ""
    assert desk.ask(runtime).reason == ""
    assert desk.lines == []


@pytest.mark.parametrize(
    "content",
    ["", "{", "[]", "null", '{"schema": 1}', '{"schema": 1, "answers": []}', '{"schema": 2, "answers": {KEY: ""}}',
     '{"schema": 1, "answers": {KEY: 3}}'],
)  # fmt: skip
def test_a_damaged_file_is_no_answer_and_is_replaced(desk: Desk, content: str) -> None:
    runtime = desk.runtime("not here")
    desk.ask(runtime)
    path = desk.folder / FILE
    whole = path.read_text()
    (key,) = json.loads(whole)["answers"]
    path.write_text(content.replace("KEY", json.dumps(key)))
    assert desk.ask(runtime).reason == "dsp finds no device here"
    assert len(desk.lines) == 1
    assert path.read_text() == whole


def test_where_nothing_can_be_written_it_is_asked_each_time(desk: Desk) -> None:
    (desk.folder / FILE).mkdir()
    for _ in range(2):
        assert desk.ask(desk.runtime("not here")).reason == "dsp finds no device here"
        assert len(desk.lines) == 1


ASKED = """
from pathlib import Path
from harness.core.offer import Provider


class Asked(FakeRuntime):
    providers = (Provider(name="cpu"), Provider(name="dsp", asks_engine=True))


runtimes.add(Asked("asked", run_side=Path({run_side!r})))
"""


@pytest.mark.parametrize(
    ("body", "verdict", "reason"),
    [
        ("here", Verdict.REPORTED, ""),
        ("not here", Verdict.UNAVAILABLE, "unavailable: dsp finds no device here"),
        ("dies", Verdict.REPORTED, ""),
    ],
    ids=["here", "not here", "no answer: the cell itself shows what is wrong, if anything is"],
)
def test_a_cell_without_its_device_is_unavailable_and_its_size_is_judged(
    lab: Lab, desk: Desk, body: str, verdict: Verdict, reason: str
) -> None:
    lab.register(ASKED.format(run_side=str(desk.runtime(body).run_side)))
    asked = cases("size", "accuracy", recipes=["fp32"], runtimes=["asked:dsp", "asked"])
    found = {key: findings[0] for key, findings in lab.judge(asked).items()}
    for metric in ("size", "accuracy"):
        assert found["linear/fp32/asked/local", metric].verdict is Verdict.REPORTED
    assert found["linear/fp32/asked:dsp/local", "size"].verdict is Verdict.REPORTED
    accuracy = found["linear/fp32/asked:dsp/local", "accuracy"]
    assert accuracy.verdict is verdict
    assert accuracy.reason.startswith(reason)
