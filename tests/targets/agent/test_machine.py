"""Which CPUs of a machine are alike: boards with big and little cores, hybrid PCs, and machines that tell nothing."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

from harness.core.environment import Hardware
from harness.targets.agent.machine import clusters, survey
from harness.targets.hardware import cpus_from, hardware_from
from harness.targets.local import Local

ARM = {0: "446", 1: "446", 2: "446", 3: "446", 4: "871", 5: "871", 6: "871", 7: "1024"}


def devices(folder: Path, capacities: dict[int, str] | None = None, atoms: str | None = None) -> Path:
    """A tree like ``/sys/devices`` that tells the capacity of each CPU, or which of them are atoms."""
    for cpu, capacity in (capacities or {}).items():
        place = folder / f"system/cpu/cpu{cpu}"
        place.mkdir(parents=True)
        (place / "cpu_capacity").write_text(f"{capacity}\n", encoding="ascii")
    if atoms is not None:
        (folder / "cpu_atom").mkdir(parents=True)
        (folder / "cpu_atom/cpus").write_text(f"{atoms}\n", encoding="ascii")
    return folder


@pytest.mark.parametrize(
    ("capacities", "atoms", "allowed", "kinds"),
    [
        pytest.param({}, None, [0, 1], [("", [0, 1])], id="nothing told: all alike"),
        pytest.param({}, None, [], [], id="no CPU"),
        pytest.param({0: "1024", 1: "1024"}, None, [0, 1], [("", [0, 1])], id="one capacity"),
        pytest.param(
            {0: "446", 1: "1024"}, None, [0, 1], [("capacity 1024", [1]), ("capacity 446", [0])], id="little before big"
        ),
        pytest.param(
            {0: "1024", 1: "446"}, None, [0, 1], [("capacity 1024", [0]), ("capacity 446", [1])], id="big before little"
        ),
        pytest.param(
            {0: "998", 1: "1024"},
            None,
            [0, 1],
            [("capacity 1024", [1]), ("capacity 998", [0])],
            id="by number, not by text",
        ),
        pytest.param(
            ARM,
            None,
            range(8),
            [("capacity 1024", [7]), ("capacity 871", [4, 5, 6]), ("capacity 446", [0, 1, 2, 3])],
            id="three kinds",
        ),
        pytest.param(ARM, None, [0, 1, 5], [("capacity 871", [5]), ("capacity 446", [0, 1])], id="only the allowed"),
        pytest.param(ARM, None, [1, 3], [("", [1, 3])], id="only little ones are allowed: all alike"),
        pytest.param({}, "4-7", range(8), [("core", [0, 1, 2, 3]), ("atom", [4, 5, 6, 7])], id="cores and atoms"),
        pytest.param(
            {}, "0-1,6", [0, 1, 2, 6], [("core", [2]), ("atom", [0, 1, 6])], id="a list of ranges and numbers"
        ),
        pytest.param({}, "4-7", [0, 1], [("", [0, 1])], id="atoms that are not allowed"),
        pytest.param({}, "4-7", [5, 6], [("", [5, 6])], id="nothing but atoms is allowed"),
        pytest.param({}, "", [0, 1], [("", [0, 1])], id="an empty list of atoms"),
        pytest.param({}, "4-x", [0, 4], [("", [0, 4])], id="a list that can't be read"),
        pytest.param({0: "n/a", 1: "n/a"}, None, [0, 1], [("", [0, 1])], id="a capacity that can't be read"),
    ],
)
def test_cpus_by_kind_the_fastest_first(
    tmp_path: Path, capacities: dict[int, str], atoms: str | None, allowed: Any, kinds: list[tuple[str, list[int]]]
) -> None:
    assert clusters(allowed, devices(tmp_path, capacities, atoms)) == kinds


BOARD = {
    "machine": "aarch64",
    "cpu": "Cortex-A55",
    "cores": 8,
    "quota_cores": None,
    "flags": ["asimd", "asimddp"],
    "gpus": [],
    "driver": "",
}


@pytest.mark.parametrize(
    ("kinds", "cpus", "cluster"),
    [
        pytest.param([], (), "", id="a system without a choice"),
        pytest.param([("", [0, 1])], (0, 1), "", id="all alike"),
        pytest.param(
            [("capacity 1024", [4, 5]), ("capacity 446", [0, 1, 2])],
            (4, 5),
            "2 of 5 CPUs (capacity 1024)",
            id="big, little",
        ),
        pytest.param(
            [("capacity 1024", [7]), ("capacity 871", [4, 5, 6]), ("capacity 446", [0, 1, 2, 3])],
            (7,),
            "1 of 8 CPUs (capacity 1024)",
            id="three kinds",
        ),
        pytest.param([("core", [0, 1]), ("atom", [2, 3])], (0, 1), "2 of 4 CPUs (core)", id="a hybrid PC"),
        pytest.param([["core", [0]], ["atom", [1]]], (0,), "1 of 2 CPUs (core)", id="as lists, from another machine"),
    ],
)
def test_measurements_use_the_fastest_kind(kinds: Any, cpus: tuple[int, ...], cluster: str) -> None:
    told = {**BOARD, "clusters": kinds}

    assert cpus_from(told) == cpus
    assert hardware_from(told).cluster == cluster


@pytest.mark.parametrize(
    ("cluster", "accelerator", "quota", "name"),
    [
        pytest.param("", "", None, "Some CPU, 8 cores, x86_64+avx512_vnni", id="all alike"),
        pytest.param(
            "2 of 8 CPUs (core)",
            "",
            None,
            "Some CPU, 8 cores, 2 of 8 CPUs (core), x86_64+avx512_vnni",
            id="a hybrid PC",
        ),
        pytest.param(
            "2 of 8 CPUs (core)",
            "A GPU",
            4,
            "Some CPU, 8 cores (quota 4), 2 of 8 CPUs (core), x86_64+avx512_vnni, A GPU",
            id="all there is to say",
        ),
    ],
)
def test_a_name_says_which_cpus_are_used(cluster: str, accelerator: str, quota: float | None, name: str) -> None:
    one = Hardware(
        machine="x86_64",
        cpu="Some CPU",
        cores=8,
        quota_cores=quota,
        features=("avx512_vnni",),
        accelerator=accelerator,
        cluster=cluster,
    )

    assert one.name == name


@pytest.mark.skipif(not hasattr(os, "sched_getaffinity"), reason="a process can't choose its CPU on this system")
def test_a_survey_tells_the_kinds_of_the_cpus_that_may_be_used(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "sched_getaffinity", lambda pid: {5, 0, 4})

    found = survey(devices=devices(tmp_path, ARM))

    assert found["clusters"] == [("capacity 871", [4, 5]), ("capacity 446", [0])]
    assert cpus_from(found) == (4, 5)


def test_a_system_without_affinity_leaves_no_choice(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(os, "sched_getaffinity", raising=False)

    found = survey(devices=devices(tmp_path, ARM))

    assert found["clusters"] == []
    assert cpus_from(found) == ()
    assert hardware_from(found).cluster == ""


@pytest.mark.skipif(not hasattr(os, "sched_getaffinity"), reason="a process can't choose its CPU on this system")
def test_this_machine_uses_none_that_it_may_not() -> None:
    cpus = Local().cpus()

    assert cpus
    assert set(cpus) <= os.sched_getaffinity(0)
    assert list(cpus) == sorted(set(cpus))
