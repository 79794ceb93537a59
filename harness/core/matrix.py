"""The matrix: models x recipes x runtimes x targets, and what is demanded of them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from harness.core.budgets import Budgets, matches
from harness.core.limits import Limit
from harness.core.metric import Metric
from harness.core.metrics import CHANGES, METRICS, PLACEMENT
from harness.core.names import Cell, RuntimeName
from harness.errors import InvalidMatrix

ALL_OPERATORS = Limit(value=1.0, text="100 %", unit="%")


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One pytest item: a cell and one metric, with the limits that hold for it."""

    suite: str
    """The suite file's path below the root, without ``test_`` and ``.py``; names the baseline folder."""
    cell: Cell
    metric: Metric
    limit: Limit | None
    """None: report only."""
    change_limit: Limit | None
    """How far the figure may move from its baseline; None: noted only."""
    required: bool = False
    """Whether an unavailable runtime is an error here."""
    baseline: bool = True
    """Whether the suite keeps baselines."""
    placement: Limit | None = None
    """The share of operators that the cell's provider must take, whatever is judged; None for cells without a provider."""
    rows: Mapping[str, Limit | None] = field(default_factory=dict, hash=False)
    """What the table's rows say for the cell, by metric; a row replaces the limit that a recipe promises."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Matrix:
    """One side of a suite: what to build and measure; the other side, ``budgets``, is what to demand."""

    models: tuple[str, ...]
    recipes: tuple[str, ...]
    runtimes: tuple[str, ...]
    targets: tuple[str, ...] = ("local",)
    budgets: Budgets = field(default_factory=Budgets)
    required: frozenset[str] = frozenset()
    """Runtimes that must be there: unavailable is then an error."""
    baseline: bool = True

    @classmethod
    def parse(
        cls,
        *,
        models: object,
        recipes: object,
        runtimes: object,
        targets: object = ("local",),
        budgets: object = (),
        required: object = (),
        baseline: bool = True,
    ) -> Matrix:
        """Read what a suite wrote.

        Raises:
            InvalidMatrix: a side is empty, is not a list of names, or names a thing twice.
        """
        canonical = [str(RuntimeName.parse(name)) for name in _names("runtimes", runtimes)]
        runtime_names = _names("runtimes", canonical)  # again: two spellings can be one runtime
        needed = frozenset(_names("required", required)) if required else frozenset()
        engines = {RuntimeName.parse(name).runtime for name in runtime_names}
        if needed - engines:
            raise InvalidMatrix(
                f"required={sorted(needed - engines)} names no runtime of this matrix; it has {sorted(engines)}."
            )
        matrix = cls(
            models=_names("models", models),
            recipes=_names("recipes", recipes),
            runtimes=runtime_names,
            targets=_names("targets", targets),
            budgets=budgets if isinstance(budgets, Budgets) else Budgets.parse(budgets),
            required=needed,
            baseline=baseline,
        )
        matrix._check_patterns()
        return matrix

    def cells(self) -> list[Cell]:
        """All cells: by model, then runtime, then recipe, so that a model's work stays together."""
        return [
            Cell(model=model, recipe=recipe, runtime=runtime, target=target)
            for model in self.models
            for target in self.targets
            for runtime in self.runtimes
            for recipe in self.recipes
        ]

    def case(self, suite: str, cell: Cell, metric: Metric) -> Case:
        """The case of *metric* for *cell*.

        Raises:
            InvalidMatrix: no budget row says what is demanded, not even ``report``.
        """
        limits = self.budgets.limits_for(cell)
        is_reference = metric.relative and cell.is_reference
        if metric.name not in limits and not is_reference:
            raise InvalidMatrix(
                f"no budget row gives {metric.name} a limit for {cell.id}. Add one to the table, "
                f"or ('*', dict({metric.name}='report')) to measure it and demand nothing."
            )
        change_limit = None
        if metric.change is not None:
            change_limit = limits.get(metric.change.name, metric.change.default)
        return Case(
            suite=suite,
            cell=cell,
            metric=metric,
            limit=None if is_reference else limits[metric.name],
            change_limit=change_limit,
            required=RuntimeName.parse(cell.runtime).runtime in self.required,
            baseline=self.baseline,
            placement=limits.get(PLACEMENT.name, ALL_OPERATORS) if RuntimeName.parse(cell.runtime).provider else None,
            rows=limits,
        )

    def cases(self, suite: str, where: str) -> list[Case]:
        """A case for every metric that a budget row names for a cell, cell by cell: here the table is the list of gates.

        *where* names the suite's place in errors.

        Raises:
            InvalidMatrix: a cell of which nothing is demanded, or a limit that no case would hold.
        """
        gates = {cell: self._metrics_of(cell) for cell in self.cells()}
        idle = [cell for cell, named in gates.items() if not named]
        if idle:
            raise InvalidMatrix(
                f"{where}: no budget row names a metric for {idle[0].id}, so it would never be looked at. Add one to the table, "
                "such as ('*', dict(size='report')), or take the cell out of the matrix."
            )
        self.check_gated({metric.name for named in gates.values() for metric in named}, where)
        return [self.case(suite, cell, metric) for cell, named in gates.items() for metric in named]

    def _metrics_of(self, cell: Cell) -> list[Metric]:
        """The metrics that the table names for *cell*, in its order."""
        named = [METRICS[name] for name in self.budgets.limits_for(cell) if name in METRICS]
        if RuntimeName.parse(cell.runtime).provider and len(named) > 1:
            named = [metric for metric in named if metric is not PLACEMENT]  # every other case of the cell holds it
        return named

    def check_gated(self, gated: set[str], where: str) -> None:
        """Raise ``InvalidMatrix`` when the table demands something that none of the *gated* metrics of *where* holds."""
        changes = [METRICS[name].change for name in gated] if self.baseline else []
        useful = gated | {change.name for change in changes if change is not None}
        if any(RuntimeName.parse(name).provider for name in self.runtimes):
            useful.add(PLACEMENT.name)
        idle = sorted(self.budgets.metrics() - useful)
        if idle:
            first = idle[0]
            kind = f"add one: @harness.gate({first!r})"
            if first in CHANGES:
                kind = "no gate compares it with a baseline" if self.baseline else "the matrix says baseline=False"
            raise InvalidMatrix(
                f"{where}: the budget table limits {', '.join(idle)}, but no test gates on it, so nothing would be enforced; {kind}."
            )

    def _check_patterns(self) -> None:
        cells = self.cells()
        for row in self.budgets.rows:
            if not any(matches(row.pattern, cell) for cell in cells):
                raise InvalidMatrix(
                    f"budget row {row.pattern!r} fits no cell of the matrix; its first cell is {cells[0].id}."
                )


def _names(side: str, value: object) -> tuple[str, ...]:
    if isinstance(value, str) or not isinstance(value, (list, tuple)):
        raise InvalidMatrix(f"{side}={value!r}: write a list of names.")
    names = tuple(value)
    if not names:
        raise InvalidMatrix(
            f"{side} is empty: the matrix would have no cells, and a gate with no cells can't be green."
        )
    for name in names:
        if not isinstance(name, str):
            raise InvalidMatrix(f"{side} holds {name!r}; names are texts.")
    if len(set(names)) != len(names):
        raise InvalidMatrix(f"{side} names a thing twice: {sorted(n for n in set(names) if names.count(n) > 1)}.")
    return names
