"""Files that can't be judged, as a user meets them: what was found, what was expected, what to do, and no more than their own cells end."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import pytest
from fakes.files import BATCH, DATA_SET, OTHERS, SAMPLE, SCORES, TfliteWriter, onnx_model, tflite_content
from fakes.lab import Found, cases
from fakes.lab import lab as open_lab

from harness.core.finding import Finding, Verdict

pytestmark = pytest.mark.runtimes

CUBE_ONNX = onnx_model().SerializeToString()
CUBE_TFLITE = tflite_content()
PAIR = {"a": SCORES, "b": OTHERS}


def onnx_bytes(change: Callable[[Any, Any], object], **what: Any) -> bytes:
    """The model after *change*, a function of it and the package ``onnx``."""
    import onnx

    model = onnx_model(**what)
    change(model, onnx)
    return bytes(model.SerializeToString())


def taken_as(kind: str, shape: Any = (BATCH, *SAMPLE), name: str = "x") -> Callable[[Any, Any], object]:
    def change(model: Any, onnx: Any) -> None:
        entry = onnx.helper.make_tensor_value_info(name, getattr(onnx.TensorProto, kind), list(shape))
        model.graph.input[0].CopyFrom(entry)

    return change


def cast_to_float(kind: str, **what: Any) -> bytes:
    """The model of an input of another type, which it casts."""

    def change(model: Any, onnx: Any) -> None:
        taken_as(kind)(model, onnx)
        model.graph.node.insert(0, onnx.helper.make_node("Cast", ["x"], ["cast"], to=onnx.TensorProto.FLOAT))
        model.graph.node[1].input[0] = "cast"

    return onnx_bytes(change, **what)


def two_inputs(model: Any, onnx: Any) -> None:
    model.graph.input.append(onnx.helper.make_tensor_value_info("mask", onnx.TensorProto.FLOAT, [BATCH, 3]))


def in_a_sequence(model: Any, onnx: Any) -> None:
    model.graph.node.append(onnx.helper.make_node("SequenceConstruct", ["scores"], ["list"]))
    kind = onnx.helper.make_sequence_type_proto(onnx.helper.make_tensor_type_proto(1, [BATCH, 6]))
    model.graph.output.append(onnx.ValueInfoProto(name="list", type=kind))


def unknown_operator(model: Any, onnx: Any) -> None:
    model.graph.node[-1].op_type = "Ad"


def unknown_domain(model: Any, onnx: Any) -> None:
    model.graph.node[-1].domain = "of.a.vendor"
    model.opset_import.append(onnx.helper.make_opsetid("of.a.vendor", 1))


def own_weights_elsewhere(model: Any, onnx: Any, location: str = "gone.bin") -> None:
    tensor = next(one for one in model.graph.initializer if one.name == "kernel0")
    onnx.external_data_helper.set_external_data(tensor, location)
    tensor.ClearField("raw_data")
    tensor.data_location = onnx.TensorProto.EXTERNAL


def unknown_tflite_operator() -> bytes:
    file = TfliteWriter()
    places = [file.tensor("x", (1, *SAMPLE), "float32"), file.tensor("y", (1, *SAMPLE), "float32")]
    file.operator("CUSTOM", places[:1], places[1:])
    file.model.operatorCodes[0].customCode = "OfAVendor"
    file.graph.inputs, file.graph.outputs = places[:1], places[1:]
    return file.content()


@dataclass(frozen=True, kw_only=True)
class Bad:
    """A file that is registered as a model, and what must be said of it."""

    content: bytes | None
    phase: str
    says: tuple[str, ...]
    suffix: str = "onnx"


def model_error(content: bytes, *says: str, suffix: str = "onnx") -> Bad:
    return Bad(content=content, phase="model", says=says, suffix=suffix)


def data_error(content: bytes, *says: str) -> Bad:
    return Bad(content=content, phase="data", says=says)


MODELS: Mapping[str, Bad] = {
    "cut": model_error(CUBE_ONNX[:700], "cut.onnx is no whole ONNX file"),
    "empty": model_error(b"", "empty.onnx is no ONNX model but empty"),
    "other_format": model_error(CUBE_TFLITE, "other_format.onnx is no whole ONNX file but a TFLite file"),
    "operator": model_error(onnx_bytes(unknown_operator), "operator.onnx is no valid ONNX file: No Op registered for Ad"),
    "domain": model_error(onnx_bytes(unknown_domain), "domain.onnx: onnxruntime does not take this model", "of.a.vendor"),
    "weights_gone": model_error(onnx_bytes(own_weights_elsewhere), "no such file beside it: copy it there"),
    "weights_above": model_error(
        onnx_bytes(lambda model, onnx: own_weights_elsewhere(model, onnx, "../w.bin")), "outside of its folder; save it with"
    ),
    "eight": model_error(
        onnx_bytes(lambda model, onnx: None, shape=(8, *SAMPLE)),
        "eight.onnx: its input 'x' float32 (8, 4, 4, 4) takes 8 samples at a time, and evaluation gives one: write the file with",
    ),
    "no_batch": model_error(
        onnx_bytes(lambda model, onnx: model.graph.input.append(onnx.helper.make_tensor_value_info("threshold", 1, []))),
        "its input 'threshold' is a single number; every input has a first dimension for samples",
    ),
    "strings": model_error(
        onnx_bytes(lambda model, onnx: model.graph.input.append(onnx.helper.make_tensor_value_info("w", 8, [BATCH]))),
        "strings.onnx: its input 'w' object (batch,) holds something else than numbers, such as strings: export the model without it",
    ),
    "sequence": model_error(
        onnx_bytes(in_a_sequence), "sequence.onnx: 'list' is a sequence, and only tensors are known: export the model without it"
    ),
    "doubles": data_error(
        cast_to_float("DOUBLE"),
        "one sample is float32 (4, 4, 4), but the model's input 'x' takes float64 (4, 4, 4): convert the samples with "
        ".astype('float64')",
    ),
    "integers": data_error(
        cast_to_float("INT64"), "'x' takes int64 (4, 4, 4): convert the samples with .astype('int64')"
    ),
    "two_inputs": data_error(onnx_bytes(two_inputs), "samples have one unnamed tensor, the model takes 'x', 'mask'"),
    "other_shape": data_error(
        onnx_bytes(taken_as("FLOAT", (BATCH, 4, 16))), "one sample is float32 (4, 4, 4), but the model's input 'x' takes float32 (4, 16)"
    ),
    "cut_lite": model_error(CUBE_TFLITE[:600], "cut_lite.tflite is no whole TFLite file", suffix="tflite"),
    "empty_lite": model_error(b"", "empty_lite.tflite is no TFLite file but empty", suffix="tflite"),
    "other_format_lite": model_error(CUBE_ONNX, "is no TFLite file: it does not say TFL3", suffix="tflite"),
    "operator_lite": model_error(
        unknown_tflite_operator(), "operator_lite.tflite: LiteRT does not take this model", "OfAVendor", suffix="tflite"
    ),
    "quantized_lite": model_error(
        tflite_content(int8=True),
        "it is quantized at its ends ('x' int8 (1, 4, 4, 4), scale 0.04, zero point 3); the float file is the model",
        "harness.artifact(name, model=..., runtime='litert', file=..., claims='int8_static')",
        suffix="tflite",
    ),
    "eight_lite": model_error(tflite_content(shape=(8, *SAMPLE)), "takes 8 samples at a time", suffix="tflite"),
}  # fmt: skip

ARTIFACTS: Mapping[str, Bad] = {
    "given_cut": Bad(content=CUBE_ONNX[:700], phase="convert", says=("given_cut.onnx is no whole ONNX file",)),
    "given_other_format": Bad(content=CUBE_TFLITE, phase="convert", says=("but a TFLite file",)),
    "given_empty": Bad(content=b"", phase="convert", says=("given_empty.onnx is no ONNX model but empty",)),
    "given_eight": Bad(
        content=onnx_bytes(lambda model, onnx: None, shape=(8, *SAMPLE)),
        phase="convert",
        says=("given_eight.onnx: its input 'x' float32 (8, 4, 4, 4) takes 8 samples at a time",),
    ),
    "given_sequence": Bad(content=onnx_bytes(in_a_sequence), phase="convert", says=("given_sequence.onnx: 'list' is a",)),
    "given_two": Bad(
        content=onnx_bytes(lambda model, onnx: None, outputs=PAIR),
        phase="convert",
        says=("given_two.onnx: the model has 1 outputs ('scores'), and the file's outputs are 'a' float32 (batch, 6), 'b'",),
    ),
    "given_domain": Bad(content=onnx_bytes(unknown_domain), phase="load", says=("of.a.vendor",)),
    "given_tokens": Bad(
        content=cast_to_float("INT64"), phase="convert", says=("of integers that stand for floats say the scale",)
    ),
}  # fmt: skip

REGISTRATIONS = """
harness.model("cube", file="files/cube.onnx", dataset="cubes")
"""


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Found]:
    folder = tmp_path_factory.mktemp("bad")
    files = folder / "files"
    files.mkdir()
    (files / "cube.onnx").write_bytes(CUBE_ONNX)
    for name, bad in (MODELS | ARTIFACTS).items():
        assert bad.content is not None
        (files / f"{name}.{bad.suffix}").write_bytes(bad.content)
    models = [
        f"harness.model({name!r}, file='files/{name}.{bad.suffix}', dataset='cubes')" for name, bad in MODELS.items()
    ]
    given = [
        f"harness.artifact({name!r}, model='cube', runtime='onnxruntime', file='files/{name}.onnx', claims='fp32')"
        for name in ARTIFACTS
    ]
    with open_lab(folder) as lab:
        lab.register(DATA_SET, REGISTRATIONS, *models, *given)
        wanted = cases("accuracy_drop", models=["cube"], recipes=["fp32", *ARTIFACTS], runtimes=["onnxruntime"])
        for name, bad in MODELS.items():
            runtime = "litert" if bad.suffix == "tflite" else "onnxruntime"
            wanted += cases("size", models=[name], recipes=["fp32"], runtimes=[runtime])
        yield lab.judge(wanted)


def only(found: Found, model: str, recipe: str) -> Finding:
    ((finding,),) = [of for (cell, _), of in found.items() if cell.startswith(f"{model}/{recipe}/")]
    return finding


@pytest.mark.parametrize("name", MODELS)
def test_a_model_that_can_not_be_opened_or_fed_says_why(found: Found, name: str) -> None:
    finding, bad = only(found, name, "fp32"), MODELS[name]
    assert (finding.verdict, finding.phase) == (Verdict.ERROR, bad.phase), finding.reason
    for says in bad.says:
        assert says in finding.reason


@pytest.mark.parametrize("name", ARTIFACTS)
def test_an_artifact_that_is_none_says_why(found: Found, name: str) -> None:
    finding, bad = only(found, "cube", name), ARTIFACTS[name]
    assert (finding.verdict, finding.phase) == (Verdict.ERROR, bad.phase), finding.reason
    for says in bad.says:
        assert says in finding.reason


def test_a_good_one_among_them_is_judged(found: Found) -> None:
    assert only(found, "cube", "fp32").verdict is Verdict.REPORTED
