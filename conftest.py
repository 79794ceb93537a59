"""What any user's conftest.py holds: models and data sets of one's own, here those of ``examples/``."""

import examples.tasks
import examples.zoo  # noqa: F401 - importing registers them
