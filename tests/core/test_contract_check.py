"""A registered thing has every member of its contract, or all that is wrong is named at once."""

from __future__ import annotations

from typing import Any, Protocol

import pytest

from harness.core.contract_check import check_contract
from harness.core.source import Source
from harness.errors import ContractError


class Engine(Protocol):
    name: str
    source: Source

    @property
    def packages(self) -> tuple[str, ...]: ...

    def start(self, place: str, threads: int) -> str: ...

    def stop(self) -> None: ...


class Good:
    name = "good"
    source = Source(module="m", path="/p/conftest.py", line=7)
    packages = ("numpy",)

    def start(self, place: str, threads: int, extra: int = 0) -> str:
        return place

    def stop(self) -> None: ...


def changed(**members: Any) -> Any:
    return type("Changed", (Good,), members)()


class Lacking:
    """Nothing but a name and half a contract."""

    name = "lacking"
    source = Source(module="m", path="/p/conftest.py", line=3)

    def start(self, place: str, threads: int) -> str:
        return place


class Delegate:
    def __init__(self) -> None:
        self._other = Good()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._other, name)


@pytest.mark.parametrize(
    "entry",
    [
        pytest.param(Good(), id="all there, and more"),
        pytest.param(changed(packages=property(lambda self: 1 / 0)), id="a property is not computed"),
        pytest.param(changed(start=lambda self, *any_number: ""), id="any number of arguments"),
        pytest.param(changed(stop=staticmethod(lambda: None)), id="a static method"),
        pytest.param(Delegate(), id="by delegation"),
    ],
)
def test_what_keeps_the_contract_passes(entry: Any) -> None:
    check_contract(entry, Engine)


@pytest.mark.parametrize(
    ("entry", "says"),
    [
        pytest.param(Lacking(), ["it has no 'packages'", "it has no 'stop'"], id="missing members, all of them"),
        pytest.param(changed(stop=None), ["'stop' is NoneType, not a method"], id="not callable"),
        pytest.param(
            changed(start=lambda self, place: ""),
            ["'start' takes (place), it is called with (place, threads)"],
            id="an argument too few",
        ),
        pytest.param(
            changed(stop=lambda self, why: None),
            ["'stop' takes (why), it is called with ()"],
            id="an argument too many",
        ),
        pytest.param(object(), ["it has no 'name'", "it has no 'start'"], id="something else altogether"),
    ],
)
def test_what_breaks_it_is_told_with_its_place(entry: Any, says: list[str]) -> None:
    with pytest.raises(ContractError) as caught:
        check_contract(entry, Engine)

    assert not [sentence for sentence in says if sentence not in str(caught.value)]
    if isinstance(entry, Good | Lacking):
        assert f"engine {entry.name!r} ({entry.source})" in str(caught.value)
    assert str(caught.value).endswith("test_contract_check.Engine.")
