"""Options are read from --name value; a wrong one is named, and Glue's own are passed over."""

from __future__ import annotations

import sys
from dataclasses import dataclass

import pytest

from focus_lake import options
from focus_lake.alerts.job import AlertOptions
from focus_lake.catalog.close_month import CloseOptions
from focus_lake.catalog.job import RefreshOptions as RefreshOptions
from focus_lake.errors import OptionsError
from focus_lake.frames.options import AuditOptions
from focus_lake.normalize.options import ACCEPTABLE, NormalizeOptions
from focus_lake.options import command, option, parse, run_job
from focus_lake.report.publish import PublishOptions

PLACES = ["--raw", "r", "--lake", "l"]


@dataclass(frozen=True)
class Some:
    """One option of each kind."""

    word: str = option("a word")
    names: tuple[str, ...] = option("names, by commas", ("a",))
    switch: bool = option("on or off", False)
    count: int = option("how many", 1)
    hours: float = option("how long", 0.5)


def some(*argv: str) -> Some:
    return parse(Some, ["--word", "w", *argv])


def test_an_option_that_is_not_given_has_its_default():
    assert some() == Some("w", ("a",), False, 1, 0.5)


@pytest.mark.parametrize(
    "argv, made",
    [
        (["--names", "a,b"], {"names": ("a", "b")}),
        (["--names", " a , ,b,"], {"names": ("a", "b")}),
        (["--names", ""], {"names": ()}),
        (["--switch", "TRUE"], {"switch": True}),
        (["--switch=false"], {"switch": False}),
        (["--count", "-3"], {"count": -3}),
        (["--hours", "1e2"], {"hours": 100.0}),
    ],
)
def test_a_value_has_the_kind_of_its_option(argv, made):
    assert some(*argv) == Some(**{"word": "w", **made})


@pytest.mark.parametrize("argv", [["--word=a=b --c"], ["--word", "a=b --c"], ["--word", ""]])
def test_a_value_is_taken_as_it_stands(argv):
    assert parse(Some, argv).word in ("a=b --c", "")


@pytest.mark.parametrize(
    "argv, complaint",
    [
        ([], "--word is missing: a word"),
        (["--word"], "--word needs a value: a word"),
        (["--word", "--count", "1"], "--word needs a value: a word"),
        (["--word", "a", "--word", "b"], "--word is given twice"),
        (["--word", "a", "b"], "'b' is not an option; options are written --name value"),
        (["-word", "a"], "'-word' is not an option"),
        (
            ["--word", "a", "--cuont", "1"],
            "--cuont is not an option of this job; did you mean --count",
        ),
        (["--word", "a", "--COUNT", "1"], "did you mean --count?"),
        (["--word", "a", "--zzz", "1"], "; there are --word, --names, --switch, --count, --hours"),
        (["--word", "a", "--switch", "yes"], "--switch yes: must be true or false"),
        (["--word", "a", "--switch"], "--switch needs a value"),
        (["--word", "a", "--count", "1.5"], "--count 1.5: must be a whole number"),
        (["--word", "a", "--hours", "soon"], "--hours soon: must be a number"),
    ],
)
def test_a_wrong_option_is_named(argv, complaint):
    with pytest.raises(OptionsError) as caught:
        parse(Some, argv)
    assert complaint in str(caught.value)


def test_the_arguments_of_glue_are_passed_over_with_and_without_a_value():
    argv = "--JOB_NAME n --JOB_ID j_1 --JOB_RUN_ID jr_1 --TempDir s3://b/t --enable-metrics "
    argv += "--job-language python --enable-continuous-cloudwatch-log true --class GlueApp "
    argv += "--job-bookmark-option job-bookmark-disable --extra-py-files s3://b/a.zip --count 2"
    assert some(*argv.split()).count == 2


def test_on_glue_words_alone_and_names_in_capitals_are_glues_and_a_slip_is_still_named():
    glue = ["true", "--JOB_NAME", "n", "--JOB_ID", "j_1", "true", "--JOB_QUEUE_ARN", "arn:aws:x"]
    assert parse(Some, [*glue, "--word", "w"]).word == "w"
    with pytest.raises(OptionsError, match="--dry-run is not an option of this job"):
        parse(Some, [*glue, "--word", "w", "--dry-run", "true"])
    for stray in (["true"], ["--JOB_QUEUE_ARN", "arn:aws:x"]):
        with pytest.raises(OptionsError):
            parse(Some, ["--word", "w", *stray])


def test_an_option_after_a_glue_argument_without_a_value_is_still_read():
    assert parse(Some, ["--enable-metrics", "--word", "w"]).word == "w"


# -- the options of the normalize job --------------------------------------------------------------


@pytest.mark.parametrize(
    "argv, complaint",
    [
        (["--yearmonths", "202613"], "--yearmonths 202613: must be YYYYMM, such as 202601"),
        (["--yearmonths", "202601,2026-02"], "--yearmonths 2026-02: must be YYYYMM"),
        (["--accept", "everything"], "--accept everything: cannot be accepted; there are daily"),
        (["--accept", "rejected_rows"], "--accept rejected_rows: cannot be accepted"),
        (["--quiet_minutes", "-1"], "--quiet_minutes -1.0: must not be negative"),
        (["--quiet_minutes", "nan"], "--quiet_minutes nan: must not be"),
        (["--stale_hours", "inf"], "--stale_hours inf: must not be"),
        (["--max_rejected_rows", "-1"], "--max_rejected_rows -1: must not be negative"),
        (["--max_unzip_ratio", "0"], "--max_unzip_ratio 0: must be above 0"),
        (["--max_unzip_gb", "-1"], "--max_unzip_gb -1.0: must be above 0"),
        (["--max_unzip_gb", "inf"], "--max_unzip_gb inf: must be above 0"),
        (["--providers", ","], "--providers: name at least one"),
        (["--providers", "aws,alibaba,aws"], "--providers: aws is named twice"),
    ],
)
def test_a_value_that_makes_no_sense_is_refused(argv, complaint):
    with pytest.raises(OptionsError) as caught:
        parse(NormalizeOptions, [*PLACES, *argv])
    assert complaint in str(caught.value)


def test_whatever_can_be_accepted_can_be_accepted_together():
    made = parse(NormalizeOptions, [*PLACES, "--accept", ",".join(ACCEPTABLE)])
    assert made.accept == tuple(ACCEPTABLE)


# -- running a job ---------------------------------------------------------------------------------


def job(made: Some) -> int:
    """Stands for a job: its exit code is an option."""
    if made.count < 0:
        raise OptionsError("--count must not be negative")
    return made.count


@pytest.mark.parametrize(
    "argv, code, words",
    [
        (["--word", "w", "--count", "0"], 0, ""),
        (["--word", "w"], 1, ""),
        ([], 2, "--word is missing: a word\n(--help lists the options)\n"),
        (["--word", "w", "--count", "-1"], 2, "--count must not be negative\n(--help lists"),
    ],
)
def test_the_exit_code_is_the_jobs_or_two_for_wrong_options(monkeypatch, capsys, argv, code, words):
    monkeypatch.setattr(sys, "argv", ["jobs/x.py", *argv])
    assert run_job(Some, "Does something.", job) == code
    assert capsys.readouterr().err.startswith(words)


@pytest.mark.parametrize("word", ["--help", "-h"])
def test_help_lists_every_option_with_its_default(monkeypatch, capsys, word):
    monkeypatch.setattr(sys, "argv", ["jobs/x.py", word])
    assert run_job(Some, "Does something.", job) == 0
    assert capsys.readouterr().out.splitlines() == [
        "jobs/x.py: Does something.",
        "",
        "Options (--name value):",
        "  --word                   a word (required)",
        "  --names                  names, by commas (default: a)",
        "  --switch                 on or off (default: False)",
        "  --count                  how many (default: 1)",
        "  --hours                  how long (default: 0.5)",
    ]


def test_no_option_of_ours_is_one_of_glues():
    jobs = (
        NormalizeOptions,
        AuditOptions,
        RefreshOptions,
        CloseOptions,
        AlertOptions,
        PublishOptions,
    )
    ours = {name for job in jobs for name in job.__dataclass_fields__}
    assert ours & options.glue_arguments() == {"region"}  # the same thing to both
    assert not [name for name in ours if name.isupper()]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ([], "write python -m focus_lake.report site|board ..."),
        (["pages"], "pages is not a command; write python -m focus_lake.report site|board"),
        (["--lake", "l"], "write python -m focus_lake.report site|board"),
    ],
)
def test_a_command_that_is_not_there_is_said_and_ends_with_2(monkeypatch, capsys, words, said):
    monkeypatch.setattr(sys, "argv", ["report", *words])
    with pytest.raises(SystemExit) as ended:
        command("focus_lake.report", ("site", "board"))
    assert ended.value.code == 2
    assert capsys.readouterr().err.startswith(said)


@pytest.mark.parametrize(
    ("words", "found", "left"),
    [(["board", "--lake", "l"], "board", ["--lake", "l"]), (["--help"], "", ["--help"])],
)
def test_a_command_is_taken_and_its_options_stay(monkeypatch, words, found, left):
    monkeypatch.setattr(sys, "argv", ["report", *words])
    assert command("focus_lake.report", ("site", "board")) == found
    assert sys.argv == ["report", *left]
