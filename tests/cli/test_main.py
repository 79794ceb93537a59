"""The console script itself."""

from __future__ import annotations

import pytest

from harness import __version__, cli


def test_version(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        cli.main(["--version"])

    assert ended.value.code == 0
    assert capsys.readouterr().out == f"edge-harness {__version__}\n"
