"""The registries of models, data sets and task metrics, and the decorators that fill them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from harness.core.data import Array, DataSet, RegisteredDataSet
from harness.core.model import Input, Model, TaskMetric
from harness.core.registry import Registry
from harness.core.source import Source

models: Registry[Model] = Registry("model", "Register one with @harness.model in a conftest.py.")
datasets: Registry[RegisteredDataSet] = Registry("data set", "Register one with @harness.dataset in a conftest.py.")
metrics: Registry[TaskMetric] = Registry("task metric", "Register one with @harness.metric in a conftest.py.")

Build = TypeVar("Build", bound=Callable[[], Any])
Load = TypeVar("Load", bound=Callable[[], DataSet])
Correct = TypeVar("Correct", bound=Callable[[Array, Array], Array])
Score = TypeVar("Score", bound=Callable[[Array, Array], float])


def model(
    name: str,
    *,
    dataset: str,
    input: Input,
    framework: str = "torch",
    metric: str = "top1",
    student: Callable[[], Any] | None = None,
) -> Callable[[Build], Build]:
    """Register the decorated function, which returns a trained float model, as the model *name*.

    The function is called in a process of its own; import the framework inside it. So is *student*, which returns an
    untrained smaller model for the recipe step ``distill``.

    Raises:
        InvalidName: the name can't stand in a cell's id.
        DuplicateName: another definition already has this name.
    """

    def register(build: Build) -> Build:
        entry = Model(
            name=name,
            framework=framework,
            build=build,
            input=input,
            dataset=dataset,
            metric=metric,
            student=student,
            source=Source.of(build),
        )
        models.add(entry)
        return build

    return register


def dataset(name: str, *, samples: int | None = None, smallest_class: int | None = None) -> Callable[[Load], Load]:
    """Register the decorated function, which returns a ``DataSet``, as the data set *name*.

    Args:
        name: as models call it.
        samples: of the evaluation split. Declared, limits that it can't decide are errors at collection; else they are
            found once it is loaded.
        smallest_class: of these, how many the smallest class has.
    """

    def register(load: Load) -> Load:
        datasets.add(
            RegisteredDataSet(
                name=name, load=load, samples=samples, smallest_class=smallest_class, source=Source.of(load)
            )
        )
        return load

    return register


def metric(name: str) -> Callable[[Correct], Correct]:
    """Register the decorated function ``(outputs, labels) -> bool per sample`` as the task metric *name*."""

    def register(correct: Correct) -> Correct:
        metrics.add(TaskMetric(name=name, compute=correct, per_sample=True, source=Source.of(correct)))
        return correct

    return register


def score(name: str) -> Callable[[Score], Score]:
    """Register the decorated function ``(outputs, labels) -> float`` as the task metric *name*.

    For what can't be said of one sample: AUC, F1, mAP. Higher is better, from 0 to 1; of an error rate, return one minus
    it. Its drop is judged by a paired bootstrap over the samples, which calls the function some thousand times.
    """

    def register(compute: Score) -> Score:
        metrics.add(TaskMetric(name=name, compute=compute, per_sample=False, source=Source.of(compute)))
        return compute

    return register
