"""How figures are compared with their baselines: a file for each rule, and the table of all of them."""

from __future__ import annotations

from collections.abc import Mapping

from harness.core.metric import ChangeRule
from harness.judge.changes.exact import EXACT, MEASURED
from harness.judge.changes.judgement import ChangeJudgement
from harness.judge.changes.outcome import OUTCOME
from harness.judge.changes.quality import QUALITY
from harness.judge.changes.timed import TIMED

CHANGE_RULES: Mapping[ChangeRule, ChangeJudgement] = {
    ChangeRule.EXACT: EXACT,
    ChangeRule.MEASURED: MEASURED,
    ChangeRule.OUTCOME: OUTCOME,
    ChangeRule.QUALITY: QUALITY,
    ChangeRule.TIMED: TIMED,
}
