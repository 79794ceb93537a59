"""The decorators that put what a user defines into the registries."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from harness.core.contracts import Exporter, Framework, Runtime, Target
from harness.core.data import Array, DataSet, RegisteredDataSet
from harness.core.model import Input, Model, TaskMetric
from harness.core.registry import Registry
from harness.core.source import Source
from harness.errors import ContractError
from harness.registries import datasets, exporters, frameworks, models, runtimes, targets, task_metrics

Build = TypeVar("Build", bound=Callable[[], Any])
Load = TypeVar("Load", bound=Callable[[], DataSet])
Correct = TypeVar("Correct", bound=Callable[[Array, Array], Array])
Score = TypeVar("Score", bound=Callable[[Array, Array], float])
ARuntime = TypeVar("ARuntime", bound=Runtime | Callable[[], Runtime])
AnExporter = TypeVar("AnExporter", bound=Exporter | Callable[[], Exporter])
AFramework = TypeVar("AFramework", bound=Framework | Callable[[], Framework])
ATarget = TypeVar("ATarget", bound=Target | Callable[[], Target])


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
        ContractError: *input* is not one ``harness.Input``, or a function can't be called.
        InvalidName: the name can't stand in a cell's id.
        DuplicateName: another definition already has this name.
    """
    if not isinstance(input, Input):
        several = isinstance(input, (list, tuple, dict))
        why = (
            "a model has one input until several are supported; stack them into one array" if several else "write it as"
        )
        raise ContractError(f"model {name!r}: input={input!r}: {why}, harness.Input(shape=(1, 28, 28)).")
    if student is not None and not callable(student):
        raise ContractError(f"model {name!r}: student={student!r} must be a function that returns an untrained model.")

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


def task_metric(name: str) -> Callable[[Correct], Correct]:
    """Register the decorated function ``(outputs, labels) -> bool per sample`` as the task metric *name*."""

    def register(correct: Correct) -> Correct:
        task_metrics.add(TaskMetric(name=name, compute=correct, per_sample=True, source=Source.of(correct)))
        return correct

    return register


def score(name: str) -> Callable[[Score], Score]:
    """Register the decorated function ``(outputs, labels) -> float`` as the task metric *name*.

    For what can't be said of one sample: AUC, F1, mAP. Higher is better, from 0 to 1; of an error rate, return one minus
    it. Its drop is judged by a paired bootstrap over the samples, which calls the function some thousand times.
    """

    def register(compute: Score) -> Score:
        task_metrics.add(TaskMetric(name=name, compute=compute, per_sample=False, source=Source.of(compute)))
        return compute

    return register


def runtime(entry: ARuntime) -> ARuntime:
    """Register *entry*, a class without arguments or an instance, as a runtime; where it was defined is filled in.

    Raises:
        ContractError: it lacks members of ``Runtime``, each named.
        DuplicateName: another definition already has its name.
    """
    _register(entry, runtimes)
    return entry


def exporter(entry: AnExporter) -> AnExporter:
    """Register *entry*, a class without arguments or an instance, as an exporter; errors as of ``runtime``."""
    _register(entry, exporters)
    return entry


def framework(entry: AFramework) -> AFramework:
    """Register *entry*, a class without arguments or an instance, as a model framework; errors as of ``runtime``."""
    _register(entry, frameworks)
    return entry


def target(entry: ATarget) -> ATarget:
    """Register *entry*, a class without arguments or an instance, as a target; errors as of ``runtime``."""
    _register(entry, targets)
    return entry


def _register(entry: Any, registry: Registry[Any]) -> None:
    defined = entry if isinstance(entry, type) else type(entry)
    source = Source.of(defined)
    try:
        instance = entry() if isinstance(entry, type) else entry
    except TypeError as err:
        raise ContractError(
            f"{registry.kind} {defined.__name__} ({source}) can't be made without arguments ({err}). Register an instance of it."
        ) from None
    if not hasattr(instance, "source"):
        try:
            instance.source = source
        except AttributeError:
            raise ContractError(
                f"{registry.kind} {defined.__name__} ({source}) can't be given its source: leave room for an attribute 'source'."
            ) from None
    registry.add(instance)
