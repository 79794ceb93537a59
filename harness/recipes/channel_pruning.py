"""Pruning whole channels: the network gets narrower, so that every engine computes less."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from harness.core.work import Work
from harness.recipes.finetuning import finetune
from harness.recipes.steps import step

BLOCK = 16
"""Channels are kept in multiples of up to this: kernels compute whole vectors of them. fashion_cnn with 30 % fewer channels
in each layer, 11 to 67 of them, took 1.12 x as long in onnxruntime on a CPU with AVX-512; in multiples, 12 to 64, 0.71 x."""
LEAST_BLOCKS = 8
"""Fewest blocks that a layer is divided into: a narrow layer is pruned in finer steps."""


def _narrower(percent: int) -> Mapping[str, str]:
    # A layer between two narrower ones keeps (1 - p)^2 of its weights, the first and the last one keep 1 - p. Half of
    # p is left for what can't get narrower, such as an output's bias.
    return {"parameters_ratio": f"{1 - percent / 200:g} x", "macs_ratio": f"{1 - percent / 200:g} x"}


@step("prune_channels{percent}", method="pruning", promise=_narrower, framework="torch", packages=("torch-pruning",))
def prune_channels(model: Any, percent: int, work: Work) -> Any:
    """Remove from each layer the *percent* of its channels that weigh least, with everything that depends on them.

    Layers whose channels must be the same, such as the two sides of an addition, are one group of the dependency graph
    and lose the same channels: Fang et al., "DepGraph: Towards Any Structural Pruning", 2023. What a group keeps is
    rounded to blocks, see ``kept_channels``; outputs stay.

    Raises:
        ValueError: no group can get narrower, or the network can't be followed.
    """
    import torch
    import torch_pruning

    example = torch.from_numpy(work.example_array[:2].copy())
    was_training, frozen = model.training, [name for name, one in model.named_parameters() if not one.requires_grad]
    model.eval().requires_grad_(True)  # the graph is read from what autograd recorded
    shape = model(example).shape
    try:
        removed = _remove_channels(torch_pruning, model, percent, example)
        with torch.no_grad():
            narrow = model(example).shape
    except (RuntimeError, AttributeError, KeyError, IndexError, TypeError, AssertionError) as err:
        raise ValueError(f"{work.step}: torch-pruning can't follow this network: {err}") from err
    if not removed:
        raise ValueError(
            f"{work.step}: nothing to prune: only outputs, layers of one channel, or {percent} % is less than half a block "
            "of channels in every layer."
        )
    if narrow != shape:
        raise ValueError(
            f"{work.step}: the output would be {tuple(narrow)}, not {tuple(shape)}: it can't be told from inner layers."
        )
    for name, one in model.named_parameters():
        one.requires_grad_(name not in frozen)
    return model.train(was_training)


@step(
    "prune_channels{percent}_finetune",
    method="pruning",
    promise=_narrower,
    framework="torch",
    trains=True,
    packages=("torch-pruning",),
)
def prune_channels_finetune(model: Any, percent: int, work: Work) -> Any:
    """``prune_channels``, then train what is left.

    Raises:
        ValueError: as ``prune_channels``.
    """
    return finetune(prune_channels(model, percent, work), work)


def kept_channels(width: int, percent: int) -> int:
    """How many of *width* channels stay when *percent* shall go: the nearest whole number of blocks, one at least.

    A block is the largest power of two up to 16 of which the layer has eight.
    """
    block = 1
    while 2 * block <= min(BLOCK, width // LEAST_BLOCKS):
        block *= 2
    exact = width * (100 - percent)
    blocks = (exact + 50 * block) // (100 * block)  # the nearest; a half goes up
    return min(width, max(1, blocks) * block)


def output_layers(model: Any, example: Any) -> list[Any]:
    """The layers whose channels reach the output of *model* without another layer in between.

    Walks back from the output through what autograd recorded, up to the first weights on each way.
    """
    owners = {id(layer.weight): layer for layer in model.modules() if getattr(layer, "weight", None) is not None}
    found: list[Any] = []
    ahead, seen = [model(example).grad_fn], set()
    while ahead:
        node = ahead.pop()
        if node is None or node in seen:
            continue
        seen.add(node)
        inputs = [one for one, _ in node.next_functions]
        # A linear layer's weight comes through a transposition.
        near = inputs + [
            one for back in inputs if back is not None and back.name() == "TBackward0" for one, _ in back.next_functions
        ]
        weights = [one.variable for one in near if hasattr(one, "variable") and one.variable.dim() > 1]
        layers = [owners[id(weight)] for weight in weights if id(weight) in owners]
        found += layers
        if not layers:
            ahead += inputs
    return found


def _remove_channels(library: Any, model: Any, percent: int, example: Any) -> int:
    """Remove channels from every group of *model* that is no output; returns how many."""
    import torch

    outputs = output_layers(model, example)
    graph = library.DependencyGraph().build_dependency(model, example_inputs=example)
    score = library.importance.GroupMagnitudeImportance(p=2)
    roots = (torch.nn.modules.conv._ConvNd, torch.nn.Linear)
    # All groups are weighed before the first one shrinks: what is removed must not depend on the order.
    weighed = []
    for group in graph.get_all_groups(ignored_layers=outputs, root_module_types=roots):
        weighed.append((group[0].dep.target.module, group[0].dep.handler, score(group), _blocks(graph, group)))
    removed = 0
    for root, prune, scores, blocks in weighed:
        # The blocks of a grouped convolution must keep the same width: they lose the same places.
        means = scores.view(blocks, -1).mean(0)
        width = len(means)
        lost = width - kept_channels(width, percent)
        if lost == 0:
            continue
        places = means.argsort(stable=True)[:lost]
        channels = sorted(int(place) + block * width for block in range(blocks) for place in places)
        graph.get_pruning_group(root, prune, channels).prune()
        removed += len(channels)
    return removed


def _blocks(graph: Any, group: Any) -> int:
    """How many blocks of equal width the channels of *group* form: the groups of a grouped convolution."""
    found = 1
    for dependency, _ in group:
        layer = dependency.target.module
        # A depthwise convolution has as many groups as channels, and loses them with the channels.
        if getattr(layer, "groups", 1) > 1 and layer.groups == layer.out_channels:
            continue
        pruner = graph.get_pruner_of_module(layer)
        of_output = graph.is_out_channel_pruning_fn(dependency.handler)
        found = max(found, (pruner.get_out_channel_groups if of_output else pruner.get_in_channel_groups)(layer))
    return found
