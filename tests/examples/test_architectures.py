"""The architectures that are compared: narrow ones with true checkpoints, full-size ones whose names tell their weights."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from scipy.stats import binom

import harness.errors
from examples.zoo import torchvision_models
from examples.zoo.checkpoint import folder_of
from examples.zoo.fashion_architectures import NARROW
from examples.zoo.plans import PLANS
from examples.zoo.random_images import CALIBRATION, EVALUATION, random_images
from examples.zoo.torchvision_models import RANDOM, WEIGHTS, architectures, pretrained, untrained, weights_file
from examples.zoo.training import correct_answers
from harness.core.data import DataSet, Split
from harness.errors import WeightsError
from harness.registries import models
from harness.zoo.checkpoint import Card

torch = pytest.importorskip("torch")
pytestmark = pytest.mark.usefixtures("one_thread")

NAMES = [architecture.__name__ for architecture in NARROW]
SMALLEST = "squeezenet1_1"
"""The only full-size one without batch norms besides VGG-11."""
NORMED = "shufflenet_v2_x1_0"
ROOT = Path(harness.errors.__file__).parents[1]


@pytest.fixture
def hub(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder where torch.hub would keep weights, and no other place to find any."""
    monkeypatch.setenv("TORCH_HOME", str(tmp_path))
    monkeypatch.delenv("EDGE_HARNESS_DATA", raising=False)
    folder = tmp_path / "hub" / "checkpoints"
    folder.mkdir(parents=True)
    return folder


@pytest.fixture
def published(hub: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], Path]:
    """Puts weights of an architecture into the folder as if torchvision had published them."""

    def publish(architecture: str) -> Path:
        from torchvision.models import get_model

        file = hub / "new.pth"
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(7)
            torch.save(get_model(architecture, weights=None).state_dict(), file)
        name = f"{architecture}-{hashlib.sha256(file.read_bytes()).hexdigest()[:8]}.pth"
        monkeypatch.setattr(torchvision_models, "WEIGHTS", {**WEIGHTS, architecture: (name,)})
        return file.rename(hub / name)

    return publish


@pytest.mark.parametrize("name", NAMES)
def test_the_card_describes_its_file(name: str) -> None:
    held, registered = Card.read(folder_of(name) / f"{name}.json"), models.get(name)
    network = registered.build()

    assert held.sha256 == hashlib.sha256((folder_of(name) / f"{name}.safetensors").read_bytes()).hexdigest()
    assert held.parameters == sum(parameter.numel() for parameter in network.parameters())
    assert 100_000 <= held.parameters <= 600_000
    assert (held.model, held.dataset) == (name, registered.dataset)
    assert (held.epochs, held.seed) == (PLANS[name].epochs, PLANS[name].seed)
    assert held.command == f"python -m examples.zoo.training {name}"
    assert held.value >= 0.915
    assert not network.training


@pytest.mark.parametrize("name", NAMES)
def test_the_checkpoint_stays_small(name: str) -> None:
    assert (folder_of(name) / f"{name}.safetensors").stat().st_size <= 2_500_000


@pytest.mark.parametrize("name", NAMES)
def test_the_recorded_accuracy_is_plausible_on_some_samples(name: str, fashion_data: DataSet) -> None:
    held = Card.read(folder_of(name) / f"{name}.json")
    some = Split(fashion_data.evaluation.inputs[:500], fashion_data.evaluation.labels[:500])

    found = correct_answers(models.get(name).build(), some)

    low, high = binom.interval(0.9999, len(some), held.value)
    assert low <= found <= high


@pytest.mark.parametrize("name", NAMES)
def test_the_graph_exports_with_a_dynamic_batch(name: str) -> None:
    network = models.get(name).build()
    example = torch.rand(2, 1, 28, 28)

    exported = torch.export.export(network, (example,), dynamic_shapes=({0: torch.export.Dim("batch")},))

    for batch in (1, 5):
        inputs = torch.rand(batch, 1, 28, 28)
        outputs = exported.module()(inputs)
        assert outputs.shape == (batch, 10)
        assert torch.allclose(outputs, network(inputs), atol=1e-5)


def test_random_images_are_the_same_every_time_and_shared_by_no_splits() -> None:
    first, again = random_images().checked("random_images"), random_images()

    assert first.evaluation.inputs.shape == (EVALUATION, 3, 224, 224)
    assert first.calibration.inputs.shape == (CALIBRATION, 3, 224, 224)
    assert first.evaluation.inputs.dtype == np.float32
    assert abs(float(first.evaluation.inputs.mean())) < 0.1
    assert 0.8 < float(first.evaluation.inputs.std()) < 1.2
    assert np.array_equal(first.evaluation.inputs, again.evaluation.inputs)
    assert np.array_equal(first.calibration.inputs, again.calibration.inputs)


def test_the_file_names_are_those_that_torchvision_publishes() -> None:
    from torchvision.models import get_model_weights

    for architecture, names in WEIGHTS.items():
        known = {weights.name: Path(weights.url).name for weights in get_model_weights(architecture)}

        assert set(names) == set(known.values())
        assert names[0] == Path(get_model_weights(architecture).DEFAULT.url).name


@pytest.mark.parametrize(
    "given",
    [
        pytest.param({}, id="home"),
        pytest.param({"XDG_CACHE_HOME": "~/elsewhere"}, id="cache"),
        pytest.param({"TORCH_HOME": "~/torch", "XDG_CACHE_HOME": "/unused"}, id="torch"),
    ],
)
def test_weights_are_looked_for_where_torch_hub_keeps_them(
    given: dict[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for variable in ("TORCH_HOME", "XDG_CACHE_HOME", "EDGE_HARNESS_DATA"):
        monkeypatch.delenv(variable, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    for variable, value in given.items():
        monkeypatch.setenv(variable, value)
    folder = Path(torch.hub.get_dir()) / "checkpoints"
    folder.mkdir(parents=True)
    (folder / WEIGHTS["resnet18"][0]).touch()

    assert weights_file("resnet18") == folder / WEIGHTS["resnet18"][0]


@pytest.mark.parametrize("below", [".", "checkpoints"])
def test_weights_are_found_in_the_folder_of_data_sets(
    below: str, hub: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "data" / below
    folder.mkdir(parents=True)
    monkeypatch.setenv("EDGE_HARNESS_DATA", str(tmp_path / "data"))
    (folder / WEIGHTS["vgg11"][0]).touch()

    assert weights_file("vgg11") == folder / WEIGHTS["vgg11"][0]
    assert architectures()[0] == "vgg11"


def test_names_tell_which_weights_there_are(hub: Path) -> None:
    assert architectures() == [name + RANDOM for name in WEIGHTS]

    (hub / WEIGHTS["mobilenet_v2"][1]).touch()

    assert architectures() == [name if name == "mobilenet_v2" else name + RANDOM for name in WEIGHTS]


def test_the_preferred_weights_are_taken(hub: Path) -> None:
    for name in WEIGHTS["mobilenet_v2"]:
        (hub / name).touch()

    assert weights_file("mobilenet_v2") == hub / WEIGHTS["mobilenet_v2"][0]


def test_both_names_are_registered_whatever_lies_on_this_machine(hub: Path) -> None:
    for name in WEIGHTS:
        for one in (models.get(name), models.get(name + RANDOM)):
            assert one.dataset == "random_images"
            assert one.signature.inputs[0].shape == (3, 224, 224)


def test_missing_weights_are_an_error_that_tells_what_to_do(hub: Path) -> None:
    with pytest.raises(WeightsError, match=r"resnet18-f37072fd\.pth; looked in .*'resnet18-random'.*weights='DEFAULT'"):
        models.get("resnet18").build()


def test_weights_of_another_hash_are_refused(hub: Path) -> None:
    (hub / WEIGHTS[SMALLEST][0]).write_bytes(b"not these")

    assert SMALLEST in architectures(), "a damaged file must not turn into random weights without a word"
    with pytest.raises(WeightsError, match=r"squeezenet1_1-b8a52dc0\.pth \(9 bytes\).* not with b8a52dc0"):
        models.get(SMALLEST).build()


def test_published_weights_are_loaded(published: Callable[[str], Path]) -> None:
    state = torch.load(published(SMALLEST), weights_only=True)

    network = pretrained(SMALLEST)

    assert not network.training
    assert all(torch.equal(value, state[name]) for name, value in network.state_dict().items())


@pytest.mark.parametrize("name", [SMALLEST, NORMED])
def test_random_weights_are_the_same_every_time(name: str) -> None:
    before = torch.random.get_rng_state()

    first, again = untrained(name), models.get(name + RANDOM).build()

    assert torch.equal(torch.random.get_rng_state(), before)
    assert not first.training
    assert all(torch.equal(value, again.state_dict()[key]) for key, value in first.state_dict().items())


@pytest.mark.parametrize("name", [SMALLEST, NORMED])
def test_random_weights_give_outputs_that_differ_by_image(name: str) -> None:
    network, images = untrained(name), torch.from_numpy(random_images().evaluation.inputs[:4])

    with torch.inference_mode():
        outputs = network(images)

    assert outputs.shape == (4, 1000)
    assert outputs.isfinite().all()
    assert outputs.std() > 1e-2
    assert outputs.std(dim=0).mean() > 0.02 * outputs.std()


def test_registering_them_loads_no_engine() -> None:
    probe = (
        "import sys, examples.zoo.torchvision_models as full, examples.zoo.fashion_architectures\n"
        "full.architectures()\n"
        "print(*sorted({'torch', 'torchvision', 'safetensors', 'onnx'} & set(sys.modules)))"
    )

    done = subprocess.run(
        [sys.executable, "-c", probe], cwd=ROOT, env=dict(os.environ), capture_output=True, text=True, check=True
    )

    assert done.stdout.strip() == ""
