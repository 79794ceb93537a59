"""The console script's own mistakes: no command, an incomplete one, an unknown one."""

import pytest

from harness import cli


@pytest.mark.parametrize("arguments", [[], ["report"], ["bogus"]])
def test_wrong_use_ends_with_2(arguments):
    with pytest.raises(SystemExit) as ended:
        cli.main(arguments)
    assert ended.value.code == 2
