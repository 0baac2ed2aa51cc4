"""Job options: a dataclass read from ``--name value``, as Glue passes them."""

from __future__ import annotations

import dataclasses
import difflib
import functools
import gc
import sys
import typing
from collections.abc import Callable, Collection, Sequence
from importlib.resources import files
from typing import Any, TypeVar

from focus_lake.errors import FocusLakeError, OptionsError

Options = TypeVar("Options")
Fields = dict[str, dataclasses.Field]


@functools.cache
def glue_arguments() -> frozenset[str]:
    """Names of the arguments that Glue itself passes to every job; none is ours."""
    text = files("focus_lake").joinpath("glue_arguments.txt").read_text(encoding="utf-8")
    return frozenset(line for line in text.splitlines() if not line.startswith("#"))


def option(help: str, default: Any = dataclasses.MISSING, also: tuple[str, ...] = ()) -> Any:
    """A field of an options class; without a default the option must be given.

    also: former names that still work, but not on Glue, which has options of its own.
    """
    return dataclasses.field(default=default, metadata={"help": help, "also": also})


def parse(cls: type[Options], argv: Sequence[str]) -> Options:
    """Options of class cls from argv (without the program's name).

    Raises OptionsError for an unknown or repeated option, a missing one, or a value of the
    wrong kind. Glue's own arguments are passed over.
    """
    fields = {field.name: field for field in dataclasses.fields(cls)}  # type: ignore[arg-type]  # a TypeVar cannot say: a dataclass
    hints = typing.get_type_hints(cls)
    values = {}
    for name, text in _pairs(argv, fields):
        if name in values:
            raise OptionsError(f"--{name} is given twice")
        values[name] = _typed(name, text, hints[name])
    for name, field in fields.items():
        if field.default is dataclasses.MISSING and name not in values:
            raise OptionsError(f"--{name} is missing: {field.metadata['help']}")
    return cls(**values)


def _pairs(argv: Sequence[str], known: Fields) -> list[tuple[str, str]]:
    pairs, at, on_glue = [], 0, _on_glue(argv)
    former = {} if on_glue else _former(known)
    while at < len(argv):
        word = argv[at]
        if not word.startswith("--"):
            if on_glue:  # ours come as pairs there, so a word alone is Glue's
                at += 1
                continue
            raise OptionsError(f"{word!r} is not an option; options are written --name value")
        name, equals, value = word[2:].partition("=")
        at, name = at + 1, former.get(name, name)
        if not equals and at < len(argv) and not argv[at].startswith("--"):
            value, equals, at = argv[at], "=", at + 1
        if name in known:
            if not equals:
                raise OptionsError(f"--{name} needs a value: {known[name].metadata['help']}")
            pairs.append((name, value))
        elif name not in glue_arguments() and not (on_glue and name.isupper()):
            raise OptionsError(f"--{name} is not an option of this job{_nearest(name, known)}")
    return pairs


def _on_glue(argv: Sequence[str]) -> bool:
    return any(word.split("=", 1)[0] == "--JOB_NAME" for word in argv)


def _former(known: Fields) -> dict[str, str]:
    """Former names of options -> today's."""
    return {old: name for name, field in known.items() for old in field.metadata["also"]}


def _nearest(name: str, known: Fields) -> str:
    close = difflib.get_close_matches(name.replace("-", "_").lower(), known, 1, 0.5)
    return f"; did you mean --{close[0]}?" if close else f"; there are --{', --'.join(known)}"


def _typed(name: str, text: str, hint: Any) -> Any:
    readers: dict = {
        bool: _boolean,
        int: int,
        float: float,
        tuple[str, ...]: lambda value: tuple(v.strip() for v in value.split(",") if v.strip()),
    }
    kinds = {bool: "true or false", int: "a whole number", float: "a number"}
    try:
        return readers.get(hint, str)(text)
    except ValueError:
        kind = kinds.get(hint, "a value")
        raise OptionsError(f"--{name} {text}: must be {kind}") from None


def _boolean(text: str) -> bool:
    try:
        return {"true": True, "false": False}[text.strip().lower()]
    except KeyError:
        raise ValueError(text) from None


def usage(cls: type, command: str, summary: str) -> str:
    """The help text, from the fields of the options class."""
    lines = [f"{command}: {summary}", "", "Options (--name value):"]
    for field in dataclasses.fields(cls):
        required = field.default is dataclasses.MISSING
        shown = ",".join(field.default) if isinstance(field.default, tuple) else field.default
        default = " (required)" if required else f" (default: {shown})" if shown != "" else ""
        lines.append(f"  --{field.name:<22} {field.metadata['help']}{default}")
    return "\n".join(lines)


def command(module: str, known: Collection[str]) -> str:
    """The word after `python -m MODULE`, taken from sys.argv; "" where --help stands there.

    Any other word, or none, ends the process: code 2 and the words that there are.
    """
    given = sys.argv[1] if len(sys.argv) > 1 else ""
    if given in known:
        return sys.argv.pop(1)
    if {"-h", "--help"} & set(sys.argv):
        return ""
    wrong = f"{given} is not a command; " if given and not given.startswith("-") else ""
    print(f"{wrong}write python -m {module} {'|'.join(known)} ...", file=sys.stderr)
    print("(--help after a command lists its options)", file=sys.stderr)
    sys.exit(2)


def run_job(cls: type[Options], summary: str, job: Callable[[Options], int]) -> int:
    """Parse sys.argv, run the job, and give its exit code: 2 if the options are wrong."""
    command, *argv = sys.argv
    gc.set_threshold(200_000, 20, 20)  # looking for cycles again and again took half of a plan
    if "--help" in argv or "-h" in argv:
        print(usage(cls, command, summary))
        return 0
    try:
        options = parse(cls, argv)
        return job(options)
    except OptionsError as error:
        print(f"{error}\n(--help lists the options)", file=sys.stderr)
        return 2
    except FocusLakeError as error:
        print(error, file=sys.stderr)
        return 1
