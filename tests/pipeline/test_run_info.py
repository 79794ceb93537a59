"""What a run is made of: versions of what is registered, and the commit."""

from __future__ import annotations

import subprocess
from pathlib import Path

from harness.pipeline.catalog import load_catalog
from harness.pipeline.run_info import OWN_PACKAGES, commit_of, installed_versions, run_versions


def test_versions_are_of_what_runtimes_frameworks_and_exporters_name() -> None:
    load_catalog()
    versions = run_versions()

    assert versions.keys() >= set(OWN_PACKAGES)
    assert "torch" in versions and "onnxruntime" in versions
    assert all(version and "|" not in name for name, version in versions.items())


def test_what_is_not_installed_has_no_version() -> None:
    assert list(installed_versions(["numpy", "no-such-distribution", "numpy"])) == ["numpy"]


def test_the_commit_and_whether_files_differ(tmp_path: Path) -> None:
    assert commit_of(tmp_path) == ("", False)
    (tmp_path / "a").write_text("1")
    for command in (["init", "-q"], ["add", "a"], ["-c", "user.name=n", "-c", "user.email=e", "commit", "-qm", "m"]):
        subprocess.run(["git", "-C", str(tmp_path), *command], check=True)

    commit, dirty = commit_of(tmp_path)
    assert (len(commit), dirty) == (40, False)
    (tmp_path / "a").write_text("2")
    assert commit_of(tmp_path) == (commit, True)
