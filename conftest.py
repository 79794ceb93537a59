"""What any user's conftest.py would hold: models and data sets of one's own. This repository's come with the package."""
