"""The door for extensions: contracts, the records that they speak in, and the decorators that register them.

```python
from harness.extending import Lowered, Provider, refused_precision, runtime
```

A decorator takes a class without arguments or an instance, fills in where it was defined, and refuses what lacks members of
its contract. Registrations belong at the top level of a ``conftest.py``: processes that build read the file again.
"""

from harness.core.adaptation import InFile
from harness.core.artifact import Artifact
from harness.core.contracts import (
    Availability,
    Exporter,
    FileFramework,
    Framework,
    Meter,
    ReadingRuntime,
    Runtime,
    Target,
)
from harness.core.data import DataSet, Split
from harness.core.engine_facts import EngineFacts
from harness.core.figure import Better, Column, Figure, add_figure, ratio_of
from harness.core.file_tensors import FileTensor, FileTensors
from harness.core.lowering import Lowered, Lowering
from harness.core.measurement import Measurement
from harness.core.metric import Change, ChangeRule, Metric, Rule, Stage
from harness.core.metrics import add_metric, ratio_metric
from harness.core.offer import Choice, Option, Provider
from harness.core.recipe import Precision
from harness.core.signature import Input, Signature
from harness.core.source import Source
from harness.core.tensors import Array, Tensors
from harness.core.weights import WeightTensor
from harness.core.work import Work
from harness.errors import UnsupportedModel
from harness.meters.registry import FunctionMeter, add_meter, meter
from harness.recipes.given import artifact
from harness.recipes.steps import step
from harness.registering import dataset, exporter, framework, model, runtime, sample_metric, score, target, task_metric
from harness.runtimes.options import refused_precision
from harness.runtimes.scales import check_scales
from harness.targets.remote import Remote

__all__ = [
    "Array",
    "Artifact",
    "Availability",
    "Better",
    "Change",
    "ChangeRule",
    "Choice",
    "Column",
    "DataSet",
    "EngineFacts",
    "Exporter",
    "Figure",
    "FileFramework",
    "FileTensor",
    "FileTensors",
    "Framework",
    "FunctionMeter",
    "InFile",
    "Input",
    "Lowered",
    "Lowering",
    "Measurement",
    "Meter",
    "Metric",
    "Option",
    "Precision",
    "Provider",
    "ReadingRuntime",
    "Remote",
    "Rule",
    "Runtime",
    "Signature",
    "Source",
    "Split",
    "Stage",
    "Target",
    "Tensors",
    "UnsupportedModel",
    "WeightTensor",
    "Work",
    "add_figure",
    "add_meter",
    "add_metric",
    "artifact",
    "check_scales",
    "dataset",
    "exporter",
    "framework",
    "meter",
    "model",
    "ratio_metric",
    "ratio_of",
    "refused_precision",
    "runtime",
    "sample_metric",
    "score",
    "step",
    "target",
    "task_metric",
]
