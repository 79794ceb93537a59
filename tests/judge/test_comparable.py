"""Whether a figure may be compared with a stored one: decided per figure."""

from __future__ import annotations

from typing import Any

import pytest

from harness.core.environment import Environment
from harness.core.metrics import METRICS
from harness.core.recipe import Precision
from harness.core.samples import Samples
from harness.core.timing import NOT_TIMED
from harness.judge.changes import CHANGE_RULES
from harness.judge.changes.judgement import Moved
from harness.judge.comparable import elsewhere, same_engine, why_other_cpu, why_other_machine
from tests.core.records import case, environment, figure, hardware, result, samples

SAME = environment()
OTHER_ISA = environment(hardware=hardware(features=("avx2",)))
OTHER_CPU = environment(hardware=hardware(cpu="Another CPU"))
OTHER_VERSION = environment(runtime_versions=(("onnxruntime", "1.24.0"),))
SIZE, ACCURACY, MEMORY = "size", "accuracy", "memory"
METRIC_NAMES = (SIZE, ACCURACY, MEMORY)
OUTCOME = samples([True] * 9)


def why(
    name: str,
    now: Environment | None,
    *,
    precision: str = "int8_static",
    before: Environment | None = SAME,
    stored: Samples | None = OUTCOME,
    found: Samples | None = OUTCOME,
) -> str:
    change = METRICS[name].change
    assert change is not None
    baseline = figure(1.0, environment=before, samples=stored)
    moved = Moved(
        case=case(name),
        result=result(environment=now, samples=found),
        figure=change.figure.measured(1.0),
        stored=baseline,
        baseline={change.figure.name: baseline},
        precision=Precision(name=precision),
        timed=NOT_TIMED,
        noise=None,
    )
    return CHANGE_RULES[change.rule].incomparable(moved)


@pytest.mark.parametrize("name", METRIC_NAMES)
@pytest.mark.parametrize("precision", ["fp32", "int8_static"])
def test_the_same_everything_is_comparable(name: str, precision: str) -> None:
    assert why(name, SAME, precision=precision) == ""


@pytest.mark.parametrize(
    "now", [OTHER_ISA, OTHER_CPU, OTHER_VERSION, None], ids=["isa", "cpu", "version", "not recorded"]
)
def test_size_needs_nothing(now: Environment | None) -> None:
    assert why(SIZE, now) == ""
    assert why(SIZE, now, before=None, stored=None, found=None) == ""


@pytest.mark.parametrize(
    ("now", "of_float", "of_int8"),
    [
        pytest.param(OTHER_ISA, "", "hardware: int8 kernels of x86_64+avx512_vnni, now x86_64", id="int8 kernels"),
        pytest.param(OTHER_CPU, "", "", id="another CPU of the same kernels"),
        pytest.param(OTHER_VERSION, "", "environment: onnxruntime 1.23.0, now onnxruntime 1.24.0", id="version"),
        pytest.param(environment(threads=4), "", "", id="threads"),
        pytest.param(environment(hardware=hardware(machine="aarch64")), "", "hardware: int8", id="machine"),
        pytest.param(None, "", "environment: not recorded", id="not recorded"),
    ],
)
def test_accuracy_of_float_and_of_int8(now: Environment | None, of_float: str, of_int8: str) -> None:
    for precision in ("fp32", "fp16", "my_float"):
        assert why(ACCURACY, now, precision=precision) == of_float
    for precision in ("int8_static", "int8_dynamic", "int8_weight_only", "int4"):
        assert why(ACCURACY, now, precision=precision).startswith(of_int8)
        assert bool(why(ACCURACY, now, precision=precision)) == bool(of_int8)


@pytest.mark.parametrize(
    ("stored", "found", "says"),
    [
        pytest.param(None, OUTCOME, "data set: no per-sample outcome", id="none stored"),
        pytest.param(OUTCOME, None, "data set: no per-sample outcome", id="none now"),
        pytest.param(None, None, "data set: no per-sample outcome", id="none at all"),
        pytest.param(
            samples([True] * 9, dataset="e" * 64), OUTCOME, "data set: baseline eeeeeeeeeeee", id="other data"
        ),
        pytest.param(samples([True] * 8), OUTCOME, "(8 samples), now dddddddddddd (9 samples)", id="other n"),
    ],
)
@pytest.mark.parametrize("precision", ["fp32", "int8_static"])
def test_accuracy_needs_the_same_samples(stored: Any, found: Any, says: str, precision: str) -> None:
    assert says in why(ACCURACY, SAME, stored=stored, found=found, precision=precision)


@pytest.mark.parametrize(
    ("now", "says"),
    [
        pytest.param(OTHER_CPU, "hardware: Some CPU, 2 cores, x86_64+avx512_vnni; now Another CPU", id="cpu"),
        pytest.param(environment(hardware=hardware(cores=4)), "hardware: ", id="cores"),
        pytest.param(environment(hardware=hardware(quota_cores=1.5)), "(quota 1.5)", id="quota"),
        pytest.param(environment(hardware=hardware(accelerator="Some GPU")), ", Some GPU", id="accelerator"),
        pytest.param(OTHER_ISA, "hardware: ", id="vector instructions"),
        pytest.param(environment(provider="cuda"), "environment: provider cpu, now cuda", id="provider"),
        pytest.param(environment(threads=4), "environment: threads 1, now 4", id="threads"),
        pytest.param(environment(options=(("arena", "off"),)), "environment: options", id="options"),
        pytest.param(OTHER_VERSION, "", id="a newer engine is what one wants to compare"),
        pytest.param(environment(python="3.13.0"), "", id="python"),
        pytest.param(None, "environment: not recorded", id="not recorded"),
    ],
)
def test_memory_needs_the_same_machine(now: Environment | None, says: str) -> None:
    found = why(MEMORY, now)

    assert says in found
    assert bool(found) == bool(says)


def test_a_baseline_without_its_environment_is_not_comparable() -> None:
    assert why(MEMORY, SAME, before=None) == "environment: not recorded"


@pytest.mark.parametrize(
    ("now", "cpu", "machine"),
    [
        pytest.param(SAME, "", "", id="the same"),
        pytest.param(environment(hardware=hardware(cores=64)), "", "hardware: ", id="more cores"),
        pytest.param(environment(hardware=hardware(quota_cores=1.5)), "", "hardware: ", id="a quota"),
        pytest.param(OTHER_CPU, "hardware: Some CPU, 2 cores", "hardware: ", id="another CPU"),
        pytest.param(OTHER_ISA, "hardware: ", "hardware: ", id="other vector instructions"),
        pytest.param(environment(hardware=hardware(accelerator="Some GPU")), "hardware: ", "hardware: ", id="a GPU"),
        pytest.param(environment(hardware=hardware(machine="aarch64")), "hardware: ", "hardware: ", id="machine"),
        pytest.param(environment(threads=4), "environment: threads 1, now 4", "environment: threads", id="threads"),
        pytest.param(environment(provider="cuda"), "environment: provider", "environment: provider", id="provider"),
        pytest.param(environment(options=(("a", "b"),)), "environment: options", "environment: options", id="options"),
        pytest.param(OTHER_VERSION, "", "", id="a newer engine is what one wants to compare"),
        pytest.param(None, "environment: not recorded", "environment: not recorded", id="not recorded"),
    ],
)
def test_a_ratio_needs_the_cpu_and_a_time_the_whole_machine(now: Environment | None, cpu: str, machine: str) -> None:
    for found, says in ((why_other_cpu(SAME, now), cpu), (why_other_machine(SAME, now), machine)):
        assert found.startswith(says)
        assert bool(found) == bool(says)
    assert bool(why_other_cpu(now, SAME)) == bool(cpu)
    assert bool(why_other_machine(now, SAME)) == bool(machine)


@pytest.mark.parametrize(
    ("now", "same"),
    [
        pytest.param(SAME, True, id="the same"),
        pytest.param(OTHER_CPU, True, id="on another CPU"),
        pytest.param(environment(python="3.13.0"), True, id="another Python"),
        pytest.param(OTHER_VERSION, False, id="another version"),
        pytest.param(environment(threads=4), False, id="threads"),
        pytest.param(environment(provider="cuda"), False, id="provider"),
        pytest.param(environment(options=(("a", "b"),)), False, id="options"),
        pytest.param(None, False, id="not recorded"),
    ],
)
def test_same_engine(now: Environment | None, same: bool) -> None:
    assert same_engine(SAME, now) is same
    assert same_engine(now, SAME) is same
    assert not same_engine(None, None)


@pytest.mark.parametrize(
    ("now", "told"),
    [
        pytest.param(SAME, "", id="the same"),
        pytest.param(environment(threads=4), "", id="how it is run is a reason not to compare"),
        pytest.param(None, "", id="not recorded"),
        pytest.param(
            OTHER_VERSION, "the baseline was taken with onnxruntime 1.23.0, this is onnxruntime 1.24.0", id="version"
        ),
        pytest.param(
            environment(hardware=hardware(cpu="Another CPU"), runtime_versions=(("onnxruntime", "1.24.0"),)),
            "the baseline was taken on Some CPU, 2 cores, x86_64+avx512_vnni, this is Another CPU, 2 cores, "
            "x86_64+avx512_vnni; the baseline was taken with onnxruntime 1.23.0, this is onnxruntime 1.24.0",
            id="machine and version",
        ),
    ],
)
def test_elsewhere(now: Environment | None, told: str) -> None:
    assert elsewhere(SAME, now) == told
