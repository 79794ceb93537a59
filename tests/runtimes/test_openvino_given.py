"""OpenVINO IR that somebody else made: its tensors are read without OpenVINO, and it is measured and judged as any artifact."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from fakes.files import DATA_SET, OTHERS, SCORES, write_onnx
from fakes.lab import Found, cases
from fakes.lab import lab as open_lab
from fakes.no_frameworks import NoFrameworks

from harness.core.file_tensors import FileTensor
from harness.core.finding import Verdict
from harness.errors import ContractError
from harness.runtimes.openvino.tensors import file_tensors

from .shared_builds import ROOT

pytestmark = pytest.mark.runtimes

CONVERT = """
import sys
from pathlib import Path

sys.modules["openvino_telemetry"] = None
import openvino

for path in map(Path, sys.argv[1:]):
    openvino.save_model(openvino.convert_model(path), path.with_suffix(".xml"), compress_to_fp16=False)
"""
LAYER = '<layer id="{id}" name="{name}" type="{type}" version="opset1"{more}>{inside}</layer>'


def net(
    shape: str = "1,3", element: str = "f32", names: str = ' names="x"', output: str = "", precision: str = "FP32"
) -> str:
    """An IR by hand: an input, an operator, an output."""
    dims = "<dim>1</dim><dim>3</dim>"
    data = f'<data shape="{shape}" element_type="{element}" />'
    layers = [
        LAYER.format(id=0, name="in", type="Parameter", more="", inside=f'{data}<output><port id="0"{names} /></output>'),
        LAYER.format(
            id=1, name="op", type="ReLU", more="", inside=f'<output><port id="1" precision="{precision}" names="y">{dims}</port></output>'
        ),
        LAYER.format(id=2, name="out", type="Result", more=output, inside=""),
    ]  # fmt: skip
    edges = '<edge from-layer="0" from-port="0" to-layer="1" to-port="0" /><edge from-layer="1" from-port="1" to-layer="2" to-port="0" />'
    return f"<net><layers>{''.join(layers)}</layers><edges>{edges}</edges></net>"


def read(tmp_path: Path, text: str) -> tuple[FileTensor, FileTensor]:
    path = tmp_path / "m.xml"
    path.write_text(text, encoding="utf-8")
    found = file_tensors(path)
    (taken,), (given,) = found.inputs, found.outputs
    return taken, given


@pytest.mark.parametrize(
    ("what", "name", "dtype", "shape"),
    [
        pytest.param({}, "x", "float32", (1, 3), id="fixed"),
        pytest.param({"shape": "?,3,?"}, "x", "float32", (None, 3, None), id="free"),
        pytest.param({"shape": "-1, 1..8"}, "x", "float32", (None, None), id="bounded"),
        pytest.param({"shape": ""}, "x", "float32", (), id="a number"),
        pytest.param({"shape": "..."}, "x", "float32", None, id="any number of dimensions"),
        pytest.param({"element": "i64"}, "x", "int64", (1, 3), id="tokens"),
        pytest.param({"element": "u8"}, "x", "uint8", (1, 3), id="pixels"),
        pytest.param({"element": "string"}, "x", "object", (1, 3), id="strings"),
        pytest.param({"names": ' names="a:0,b"'}, "a:0", "float32", (1, 3), id="the first of two names"),
        pytest.param({"names": r' names="a\,b,c"'}, "a,b", "float32", (1, 3), id="a comma in a name"),
        pytest.param({"names": ""}, "in", "float32", (1, 3), id="no name but the layer's"),
    ],
)
def test_an_input_is_what_the_xml_says(tmp_path: Path, what: Any, name: str, dtype: str, shape: Any) -> None:
    taken, _ = read(tmp_path, net(**what))
    assert (taken.name, taken.dtype, taken.shape) == (name, dtype, shape)


@pytest.mark.parametrize(
    ("what", "name", "dtype"),
    [
        pytest.param({}, "y", "float32", id="of the tensor"),
        pytest.param({"output": ' output_names="z,y"'}, "z", "float32", id="of the output"),
        pytest.param({"precision": "I64"}, "y", "int64", id="integers"),
        pytest.param({"precision": "FP16"}, "y", "float16", id="half floats"),
        pytest.param({"precision": "BOOL"}, "y", "bool", id="truths"),
    ],
)
def test_an_output_is_what_its_operator_says(tmp_path: Path, what: Any, name: str, dtype: str) -> None:
    _, given = read(tmp_path, net(**what))
    assert (given.name, given.dtype, given.shape) == (name, dtype, (1, 3))


@pytest.mark.parametrize(
    ("text", "says"),
    [
        pytest.param(
            "",
            "is no OpenVINO IR, the .xml beside a .bin that openvino.save_model writes: no element found",
            id="empty",
        ),
        pytest.param(net()[:-9], "is no OpenVINO IR, the .xml", id="cut"),
        pytest.param("<svg></svg>", "is no OpenVINO IR: it holds no layers", id="another XML"),
        pytest.param("<net><layers/></net>", "is no OpenVINO IR: it holds no layers", id="no layers"),
    ],
)
def test_what_is_no_ir_is_told(tmp_path: Path, text: str, says: str) -> None:
    with pytest.raises(ContractError, match=re.escape(f"{tmp_path / 'm.xml'} {says}")):
        read(tmp_path, text)


GIVEN = {
    "float": ("fp32", {}, Verdict.REPORTED, ""),
    "eight_bits": ("int8_weight_only", {"int8": True}, Verdict.REPORTED, ""),
    "says_float": ("fp32", {"int8": True}, Verdict.OVER_BUDGET, "has 0.00 %, limit 95 %; in int8"),
    "odd_names": ("fp32", {"name": "serving_default_x:0", "outputs": {"Call:0": SCORES}}, Verdict.REPORTED, ""),
    "garbage": ("int8_weight_only", {"int8": True, "outputs": {"scores": OTHERS}}, Verdict.ERROR, "have little to do with"),
    "turned": ("fp32", {"outputs": {"others": OTHERS, "scores": SCORES}}, Verdict.REPORTED, ""),
}  # fmt: skip
"""Claim and content of each, and what must come of it."""
MODELS = """
harness.model("cube", file="cube.onnx", dataset="cubes")
harness.model("pair", file="pair.onnx", dataset="cubes", metric="scores_right")


@harness.task_metric("scores_right")
def scores_right(outputs, labels):
    return outputs["scores"].argmax(axis=1) == labels
"""


def model_of(name: str) -> str:
    return "pair" if name == "turned" else "cube"


@pytest.fixture(scope="module")
def judged(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Found, NoFrameworks]]:
    folder = tmp_path_factory.mktemp("openvino")
    write_onnx(folder / "cube.onnx")
    write_onnx(folder / "pair.onnx", outputs={"scores": SCORES, "others": OTHERS})
    sources = [write_onnx(folder / f"{name}.onnx", **what) for name, (_, what, _, _) in GIVEN.items()]
    done = subprocess.run(
        [sys.executable, "-c", CONVERT, *map(str, sources)], cwd=ROOT, capture_output=True, text=True, timeout=200
    )
    assert done.returncode == 0, done.stderr[-3000:]
    lines = [
        f"harness.artifact({name!r}, model={model_of(name)!r}, runtime='openvino', file='{name}.xml', claims={claims!r})"
        for name, (claims, *_) in GIVEN.items()
    ]
    no_frameworks = NoFrameworks(folder / "site")
    with pytest.MonkeyPatch.context() as monkeypatch, open_lab(folder) as lab:
        no_frameworks.use(monkeypatch)
        lab.register(DATA_SET, MODELS, *lines)
        wanted = cases("accuracy_drop", models=["cube"], recipes=["fp32"], runtimes=["openvino"])
        for name in GIVEN:
            wanted += cases("accuracy_drop", models=[model_of(name)], recipes=[name], runtimes=["openvino"])
        yield lab.judge(wanted), no_frameworks


@pytest.mark.parametrize("name", ["fp32", *GIVEN])
def test_it_is_judged_by_what_it_holds(judged: tuple[Found, NoFrameworks], name: str) -> None:
    found, _ = judged
    finding = found[f"{model_of(name)}/{name}/openvino/local", "accuracy_drop"][-1]
    _, _, verdict, says = GIVEN.get(name, ("", {}, Verdict.REPORTED, ""))
    assert finding.verdict is verdict, finding.reason
    assert says in finding.reason
    if verdict is Verdict.REPORTED:
        assert finding.value is not None
        assert finding.value <= 0.03


def test_nothing_looks_for_a_training_framework(judged: tuple[Found, NoFrameworks]) -> None:
    _, no_frameworks = judged
    assert no_frameworks.asked == []
    assert no_frameworks.started > len(GIVEN)


@pytest.mark.nightly  # nncf takes seconds to import
@pytest.mark.parametrize("recipe", ["int8_static", "int8_weight_only"])
def test_nncf_quantizes_a_file_without_a_training_framework(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, recipe: str
) -> None:
    """It looks for torch, and does without."""
    write_onnx(tmp_path / "cube.onnx")
    NoFrameworks(tmp_path / "site").use(monkeypatch)
    with open_lab(tmp_path) as lab:
        lab.register(DATA_SET, MODELS)
        (case,) = cases("accuracy_drop", models=["cube"], recipes=[recipe], runtimes=["openvino"])
        (finding,) = lab.judge([case])[case.cell.id, "accuracy_drop"]
    assert finding.verdict is Verdict.REPORTED, finding.reason
