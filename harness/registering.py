"""The decorators that put what a user defines into the registries."""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, TypeVar

from harness.core.contracts import Exporter, Framework, Runtime, Target
from harness.core.data import DataSet, RegisteredDataSet
from harness.core.figure import Better
from harness.core.model import Model
from harness.core.quality import add_quality
from harness.core.registry import Registry
from harness.core.signature import Input, Signature
from harness.core.source import Source
from harness.core.task_metric import Kind, TaskMetric
from harness.core.tensors import Array
from harness.errors import ContractError
from harness.file_models import add_file_model
from harness.registries import datasets, exporters, frameworks, models, runtimes, targets, task_metrics

Build = TypeVar("Build", bound=Callable[[], Any])
Load = TypeVar("Load", bound=Callable[[], DataSet])
Correct = TypeVar("Correct", bound=Callable[[Array, Array], Array])
Score = TypeVar("Score", bound=Callable[..., Any])
Value = TypeVar("Value", bound=Callable[[Any, Any], Any])
ARuntime = TypeVar("ARuntime", bound=Runtime | Callable[[], Runtime])
AnExporter = TypeVar("AnExporter", bound=Exporter | Callable[[], Exporter])
AFramework = TypeVar("AFramework", bound=Framework | Callable[[], Framework])
ATarget = TypeVar("ATarget", bound=Target | Callable[[], Target])


def model(
    name: str,
    *,
    dataset: str,
    input: Input | None = None,
    inputs: Sequence[Input] = (),
    outputs: Sequence[str] | None = None,
    framework: str = "",
    metric: str = "top1",
    student: Callable[[], Any] | None = None,
    file: str | Path = "",
) -> Callable[[Build], Build]:
    """Register the decorated function, which returns a trained float model, as the model *name*; or a *file*, by itself.

    The function is called in a process of its own; import the framework inside it. So is *student*, which returns an
    untrained smaller model for the recipe step ``distill``.

    Args:
        name: as suites call it.
        dataset: of its samples.
        input: what it takes, where that is one tensor.
        inputs: what it takes, where that are several: in the order in which it is called with them.
        outputs: a name for each tensor that it gives: in the order of the tuple, or the keys of the dict, that it returns;
            one called ``output`` unless given.
        framework: that it is written in; torch unless given.
        metric: its task metric.
        student: see above.
        file: the float model as an ``.onnx``, ``.tflite`` or ``.keras`` file, which says itself what it takes and gives;
            its path counts from the folder of the Python file that registers it.

    Raises:
        ContractError: an input is no ``harness.Input``, two tensors have one name, a function can't be called.
        InvalidName: the name can't stand in a cell's id.
        DuplicateName: another definition already has this name.
    """
    if file:
        given = {"input": input, "inputs": inputs, "outputs": outputs, "framework": framework, "student": student}
        return add_file_model(name, file, dataset, metric, Source.of_caller(), given)
    signature = _signature(name, input, inputs, ("output",) if outputs is None else outputs)
    _check_student(name, student)
    entry = functools.partial(
        Model,
        name=name,
        framework=framework or "torch",
        signature=signature,
        dataset=dataset,
        metric=metric,
        student=student,
    )
    return functools.partial(_add_model, entry)


def _check_student(name: str, student: Any) -> None:
    if student is not None and not callable(student):
        raise ContractError(f"model {name!r}: student={student!r} must be a function that returns an untrained model.")


def _add_model(entry: Callable[..., Model], build: Build) -> Build:
    models.add(entry(build=build, source=Source.of(build)))
    return build


def _signature(name: str, one: Input | None, several: Sequence[Input], outputs: Sequence[str]) -> Signature:
    if (one is None) is (not several):
        raise ContractError(
            f"model {name!r}: say what it takes, either input=harness.Input(shape=(1, 28, 28)) or, of several tensors, "
            "inputs=[harness.Input(name='tokens', shape=('length',), dtype='int64'), ...]."
        )
    inputs = (one,) if one is not None else several
    if not isinstance(inputs, list | tuple) or not all(isinstance(entry, Input) for entry in inputs):
        what = "input" if one is not None else "inputs"
        hint = "; several tensors are written inputs=[...]" if isinstance(one, list | tuple | dict) else ""
        raise ContractError(
            f"model {name!r}: {what}={one if one is not None else several!r}: write harness.Input(shape=(1, 28, 28)){hint}."
        )
    given = (outputs,) if isinstance(outputs, str) else tuple(outputs)
    for side, names in (("inputs", tuple(entry.name for entry in inputs)), ("outputs", given)):
        if not names or len(set(names)) != len(names) or not all(isinstance(entry, str) and entry for entry in names):
            raise ContractError(f"model {name!r}: its {side} are called {names!r}: each takes a name of its own.")
    return Signature(inputs=tuple(inputs), outputs=given)


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
        task_metrics.add(TaskMetric(name=name, kind=Kind.OUTCOME, compute=correct, source=Source.of(correct)))
        return correct

    return register


def sample_metric(
    name: str, *, unit: str, better: str, title: str = "", of_reference: bool = False
) -> Callable[[Value], Value]:
    """Register the decorated function ``(outputs, labels) -> a number per sample`` as the task metric *name*; their mean counts.

    For word errors, absolute error, IoU, negative log likelihood. Budgets limit the mean by ``NAME``, and what it loses
    against the float model by ``NAME_drop`` where higher is better, ``NAME_rise`` where lower is.

    Args:
        name: as models and budgets call it.
        unit: ``fraction`` is shown in percent, any other word as it is: ``nats``, ``mm``.
        better: ``higher`` or ``lower``.
        title: what tables and sentences call it; the name unless given.
        of_reference: whether the function compares with the float model's outputs, which it then gets as labels.

    Raises:
        ContractError: *better* is neither, or there is no unit.
        InvalidName, DuplicateName: the name can't be used, or stands for something else already.
    """

    def register(compute: Value) -> Value:
        _add_numbers(name, Kind.VALUE, compute, unit, better, title, of_reference, source=Source.of(compute))
        return compute

    return register


def score(
    name: str,
    *,
    of: Callable[[Any, Any], Any] | None = None,
    unit: str = "fraction",
    better: str = "higher",
    title: str = "",
    of_reference: bool = False,
    weighted: bool = False,
    packages: Sequence[str] = (),
) -> Callable[[Score], Score]:
    """Register the decorated function as the task metric *name*: a score that can't be said of one sample.

    With *of*, a function ``(outputs, labels) -> what each sample adds``, an array (n, ...) or a dict of arrays, the
    decorated one makes the score of the sums: mIoU of confusion matrices, F1 of counts, perplexity of a sum of log
    likelihoods. Its loss is judged by a paired bootstrap that draws what samples added, so outputs are looked at once;
    budgets say ``NAME`` and ``NAME_drop`` or ``NAME_rise``, as of ``sample_metric``.

    With *weighted* it makes scores that no sum gives, of ranks such as AUC and mAP: it is
    ``(what samples added, weights) -> scores``, weights (resamples, n) being how often each sample was drawn, scores
    (resamples,) one for each row, NaN where there is none. What samples add may differ in length: it comes as an array,
    or a list of arrays where it does, and by name where *of* gave names.

    Without *of* the decorated function is ``(outputs, labels) -> float``, from 0 to 1, higher is better, called some
    thousand times; budgets say ``accuracy`` and ``accuracy_drop``.

    Args:
        name, unit, better, title, of_reference: as of ``sample_metric``.
        of: see above.
        weighted: see above.
        packages: distributions that it imports: where one is missing, cells are ``unavailable`` and told so.

    Raises:
        ContractError, InvalidName, DuplicateName: as ``sample_metric``; *weighted* without *of*.
    """
    if weighted and of is None:
        raise ContractError(f"task metric {name!r}: weighted=True weighs what samples add: name the function, of=...")

    def register(compute: Score) -> Score:
        if of is None:
            entry = TaskMetric(
                name=name, kind=Kind.SCORE, compute=compute, packages=tuple(packages), source=Source.of(compute)
            )
            task_metrics.add(entry)
        else:
            numbers = dict(combine=compute, weighted=weighted, packages=tuple(packages), source=Source.of(compute))
            _add_numbers(name, Kind.SCORE, of, unit, better, title, of_reference, **numbers)
        return compute

    return register


def _add_numbers(
    name: str,
    kind: Kind,
    compute: Callable[..., Any],
    unit: str,
    better: str,
    title: str,
    of_reference: bool,
    **more: Any,
) -> None:
    if better not in tuple(Better):
        raise ContractError(f"task metric {name!r}: better={better!r} is neither 'higher' nor 'lower'.")
    if not isinstance(unit, str) or not unit.strip():
        raise ContractError(
            f"task metric {name!r}: unit={unit!r}: write 'fraction' for a share, else a word such as 'nats'."
        )
    entry = TaskMetric(
        name=name,
        title=title or name,
        kind=kind,
        compute=compute,
        better=Better(better),
        unit=unit,
        of_reference=of_reference,
        **more,
    )
    task_metrics.add(entry)
    add_quality(entry)


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
