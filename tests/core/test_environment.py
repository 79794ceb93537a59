"""Hardware classes: what of a machine decides which figures and which compiled code are its own."""

from __future__ import annotations

import pytest

from tests.core.records import hardware


@pytest.mark.parametrize(
    ("changed", "same"),
    [
        pytest.param({}, True, id="the same"),
        pytest.param({"cores": 64, "quota_cores": 1.5}, True, id="more of the same cores"),
        pytest.param({"accelerator": "H200"}, True, id="a GPU beside it"),
        pytest.param({"cpu": "Another CPU"}, False, id="another model"),
        pytest.param({"machine": "aarch64"}, False, id="another architecture"),
        pytest.param({"features": ("avx2",)}, False, id="an instruction set less"),
    ],
)
def test_compiled_code_is_kept_by_what_it_runs_on(changed: dict[str, object], same: bool) -> None:
    assert (hardware(**changed).code_class == hardware().code_class) is same


def test_a_kind_of_cpus_is_named_where_there_are_others() -> None:
    assert hardware().name == "Some CPU, 2 cores, x86_64+avx512_vnni"
    big = hardware(cluster="4 of 8 CPUs (capacity 1024)", accelerator="GPU")
    assert big.name == "Some CPU, 2 cores, 4 of 8 CPUs (capacity 1024), x86_64+avx512_vnni, GPU"
