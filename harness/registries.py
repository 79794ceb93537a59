"""Every registry of what others add, in one view; ``harness.registering`` fills them.

Figures and metrics have theirs in ``core``, because budgets are parsed with them.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

from harness.core.contracts import Exporter, Framework, Meter, Runtime, Target
from harness.core.data import RegisteredDataSet
from harness.core.given import GivenFile
from harness.core.model import Model
from harness.core.names import checked_name
from harness.core.registry import Registry
from harness.core.step_family import Steps
from harness.core.task_metric import TaskMetric
from harness.errors import DuplicateName


class Exporters(Registry[Exporter]):
    """Exporters by name, and by framework and format: of each pair there is one."""

    def add(self, entry: Exporter) -> None:
        """Register *entry*.

        Raises:
            ContractError: it lacks what an exporter must have.
            DuplicateName: another one has its name, or writes the same format of the same framework.
        """
        super().add(entry)
        for other in self._entries.values():
            if (other.framework, other.format) == (entry.framework, entry.format) and other.name != entry.name:
                del self._entries[entry.name]
                raise DuplicateName(
                    f"two exporters from {entry.framework} to {entry.format}: at {other.source} and at {entry.source}."
                )

    def find(self, framework: str, formats: Iterable[str]) -> Exporter | None:
        """The exporter from *framework* to the first of *formats* that there is one to; None when there is none."""
        of_framework = {exporter.format: exporter for exporter in self if exporter.framework == framework}
        return next((of_framework[name] for name in formats if name in of_framework), None)

    def formats_from(self, framework: str) -> list[str]:
        """The formats that *framework* can be exported to."""
        return sorted(exporter.format for exporter in self if exporter.framework == framework)


class GivenFiles(Registry[GivenFile]):
    """Files that somebody else made, by recipe, model and runtime."""

    def add(self, entry: GivenFile) -> None:
        """Register *entry*; the same one read again replaces itself.

        Raises:
            InvalidName: a name can't stand in a cell's id.
            DuplicateName: another file was given for these already, be it on the same line, in a loop or a function.
        """
        known = self._entries.get(entry.name)
        if known is not None and replace(known, source=entry.source) != entry:
            raise DuplicateName(
                f"artifact {entry.recipe!r} of {entry.model!r} on {entry.runtime} is registered twice: {known.file} at {known.source} "
                f"and {entry.file} at {entry.source}. Rename one."
            )
        super().add(entry)

    def _checked(self, entry: GivenFile) -> str:
        for kind, name in (("artifact", entry.recipe), ("model", entry.model), ("runtime", entry.runtime)):
            checked_name(kind, name)
        return entry.name

    def find(self, recipe: str, model: str, runtime: str) -> GivenFile | None:
        """The file that stands for *recipe* of *model* on *runtime*; None where none was given."""
        return self._entries.get(f"{recipe}/{model}/{runtime}")

    def of(self, recipe: str, model: str = "") -> list[GivenFile]:
        """The files that stand for *recipe*, of all models or of one."""
        return [one for one in self if one.recipe == recipe and model in ("", one.model)]


IN_CONFTEST = "in a conftest.py in the suite's folder or above it."
models: Registry[Model] = Registry("model", f"Register one with @harness.model {IN_CONFTEST}")
datasets: Registry[RegisteredDataSet] = Registry("data set", f"Register one with @harness.dataset {IN_CONFTEST}")
task_metrics: Registry[TaskMetric] = Registry("task metric", f"Register one with @harness.task_metric {IN_CONFTEST}")
steps = Steps("recipe step", f"Register one with @harness.step {IN_CONFTEST}")
frameworks: Registry[Framework] = Registry(
    "model framework",
    "Models of others, such as scikit-learn's, can be exported to ONNX and registered by a framework of your own: "
    "@harness.framework and @harness.exporter. A Keras model says framework='keras'.",
    Framework,
)
exporters = Exporters("exporter", "", Exporter)
runtimes: Registry[Runtime] = Registry("runtime", f"Register one with @harness.runtime {IN_CONFTEST}", Runtime)
given_files = GivenFiles("artifact", f"Register one with harness.artifact(...) {IN_CONFTEST}")
targets: Registry[Target] = Registry(
    "target", "Only this machine, 'local', ships; register one with @harness.target.", Target
)
meters: Registry[Meter[Any]] = Registry("meter", "", Meter)
