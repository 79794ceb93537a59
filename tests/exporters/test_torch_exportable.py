"""Why torch.export refuses a model, in words; which module it is given."""

import pytest

from harness.exporters.torch_exportable import causes, explained

GUARD = """Could not guard on data-dependent expression Eq(u0, 1)

The following call raised this error:
  File "/home/me/conftest.py", line 26, in forward
    if x.sum() > 0: return s.n(x)
"""


@pytest.mark.parametrize(
    ("errors", "says"),
    [
        pytest.param(
            [("GuardOnDataDependentSymNode", GUARD)], "(/home/me/conftest.py:26, in forward)", id="with its line"
        ),
        pytest.param(
            [("GuardOnDataDependentSymNode", "no place")], "branches on the values of its inputs, which", id="without"
        ),
        pytest.param(
            [("TorchExportError", "step 1/3"), ("GuardOnDataDependentSymNode", GUARD)], "torch.where", id="as a cause"
        ),
        pytest.param([("ValueError", GUARD)], "", id="another error"),
        pytest.param([], "", id="none"),
    ],
)
def test_a_branch_on_values_is_explained(errors, says):
    sentence = explained(errors)
    assert says in sentence
    assert bool(sentence) == bool(says)


def test_the_chain_of_causes_is_followed_to_its_start():
    first, last = KeyError("first"), ValueError("last")
    last.__cause__ = first
    assert causes(last) == [("ValueError", "last"), ("KeyError", "'first'")]
