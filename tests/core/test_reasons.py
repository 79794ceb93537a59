"""Reasons from engines as one sentence."""

from __future__ import annotations

import pytest

from harness.core.reasons import LONGEST, one_sentence

TORCH_EXPORT = (
    "torch_to_onnx: TorchExportError: \x1b[91mFailed to export the model with torch.export. \x1b[96mThis is step 1/3\x1b[0m "
    "of exporting the model to ONNX. Next steps:\n- Modify the model code for \x1b[96mtorch.export.export\x1b[0m to succeed.\n\n"
    "## Exception summary\n\n<class 'torch._dynamo.exc.UserError'>: Could not guard on data-dependent expression\n"
    "\n(Refer to the full stack trace above for more information.)"
)
DIED = "the worker died in 'load': signal SIGSEGV; its last lines:\n"
STACK = '    Fatal Python error: Segmentation fault\n    Current thread 0x1 (most recent call first):\n      File "a.py", line 1'


@pytest.mark.parametrize(
    ("reason", "sentence"),
    [
        pytest.param(
            "load failed: RuntimeError: no. Try again.", "load failed: RuntimeError: no. Try again.", id="one line"
        ),
        pytest.param("", "", id="nothing"),
        pytest.param(" \n\n", "", id="blank"),
        pytest.param("\x1b[31mred\x1b[0m and \x1b[1;96mblue\x1b[K", "red and blue", id="colours"),
        pytest.param("\x1b]0;title\x07said", "said", id="a window title"),
        pytest.param("\x1b", "", id="a lone escape"),
        pytest.param("10 %\r50 %\r100 % done", "100 % done", id="a progress bar"),
        pytest.param("first\r\nsecond\r\n", "first", id="line ends of Windows"),
        pytest.param("a\tb\x00c\x07", "a bc", id="control signs"),
        pytest.param(
            TORCH_EXPORT,
            "torch_to_onnx: TorchExportError: Failed to export the model with torch.export.; "
            "<class 'torch._dynamo.exc.UserError'>: Could not guard on data-dependent expression",
            id="what torch says of an export",
        ),
        pytest.param("It broke. Look\nbelow", "It broke.", id="the first sentence of several lines"),
        pytest.param("broke in 1.5 s at x.py\nmore", "broke in 1.5 s at x.py", id="a dot that ends no sentence"),
        pytest.param("ValueError: a\nCaused by\nValueError: a", "ValueError: a", id="a cause that says the same"),
        pytest.param(f"{DIED}    loading\n    no licence", f"{DIED[:41]}; its last line: no licence", id="last words"),
        pytest.param(f"{DIED}    no licence\n{STACK}", f"{DIED[:41]}; its last line: no licence", id="before a stack"),
        pytest.param(f"{DIED}{STACK}", DIED[:41], id="nothing but a stack"),
    ],
)
def test_one_sentence(reason: str, sentence: str) -> None:
    assert one_sentence(reason) == sentence


@pytest.mark.parametrize("text", ["word " * 500, "x" * 5000, f"{'a ' * 500}\nValueError: {'b ' * 500}"])
def test_it_is_never_long(text: str) -> None:
    sentence = one_sentence(text)

    assert LONGEST // 2 - 10 < len(sentence) <= LONGEST + 2
    assert sentence.endswith("…")


@pytest.mark.parametrize("text", [TORCH_EXPORT, f"{DIED}    no licence", "a plain reason"])
def test_a_sentence_stays_as_it_is(text: str) -> None:
    assert one_sentence(one_sentence(text)) == one_sentence(text)
