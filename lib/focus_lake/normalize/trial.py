"""What a declaration makes of files: python -m focus_lake.declare try NAME --raw DIR.

Which files match and which do not and why, what each becomes, how the columns of a file would be
mapped, the first rows of it, and what would wait and until when.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from focus_lake import declare, storage
from focus_lake.declare.model import Declaration
from focus_lake.declare.patterns import why_not_matched
from focus_lake.errors import BatchRejected
from focus_lake.normalize import plan
from focus_lake.normalize.options import NormalizeOptions
from focus_lake.options import option
from focus_lake.raw import clean
from focus_lake.raw.archives import Limits
from focus_lake.raw.batch import Batch, RawFile
from focus_lake.raw.find import Stray, find
from focus_lake.raw.junk import why_junk
from focus_lake.raw.read import read
from focus_lake.raw.texts import Text
from focus_lake.storage import Places, Store
from focus_lake.transform.select import Origin, Result, Transform

SHOWN = 20  # files and batches that are listed; of more the number is told
WIDTH = 60  # characters of a value


@dataclass(frozen=True)
class TrialOptions:
    """What is tried."""

    raw: str = option("folder or s3:// prefix that holds one folder a provider")
    declarations: str = option("folder with provider declarations of your own", "")
    rows: int = option("rows that are shown", 5)
    quiet_minutes: float = option("minutes without a new file before a batch is read", 30.0)
    s3_endpoint: str = option("address of an S3-compatible server, instead of AWS", "")


def run(name: str, options: TrialOptions) -> int:
    """Print what the declaration makes of the files; 0 if a batch would be read or waits, else 1.

    Raises FocusLakeError for a declaration that is wrong and a place that is not there.
    """
    places = Places.open(options.raw, options.raw, options.declarations, options.s3_endpoint)
    declared = declare.load(name, places.declarations)
    raw = places.raw_of(name)
    batches, strays = find(raw, declared)
    print(f"{declared.title}: {raw.root}, delivery {declared.delivery}\n")
    for line in [*_files(batches), *_others(strays, declared)]:
        print(line)
    good = [batch for batch in batches if not batch.reasons]
    for line in _batches(batches, options):
        print(line)
    shown = next((_shown(raw, batch, declared, options) for batch in reversed(good)), ([], False))
    for line in shown[0]:
        print(line)
    return 0 if shown[1] else 1


def _files(batches: list[Batch]) -> Iterator[str]:
    pairs = [(batch, file) for batch in batches for file in batch.files]
    yield f"Files that match: {len(pairs)}"
    for batch, file in pairs[:SHOWN]:
        of = f"month {batch.yearmonth}, batch {batch.batch_ts}, export {file.export}"
        yield f"  {file.path} -> {of}"
    yield from _more(len(pairs))


def _others(strays: list[Stray], declared: Declaration) -> Iterator[str]:
    if not strays:
        return
    yield f"\nFiles that do not: {len(strays)}"
    for stray in strays[:SHOWN]:
        yield f"  {stray.path}: {why_not(stray, declared)}"
    yield from _more(len(strays))


def _more(count: int) -> Iterator[str]:
    if count > SHOWN:
        yield f"  ... and {count - SHOWN} more"


def why_not(stray: Stray, declared: Declaration) -> str:
    """Why a file is in no batch, and which part of a pattern it fails."""
    if why_junk(stray.path):
        return stray.why
    layout = declared.layout
    place = layout.path.fullmatch(stray.path)
    if place is None:
        return f"[layout] path: {why_not_matched(layout.path, stray.path)}"
    name = place["file"]
    if layout.ending(name) is None:
        ends = ", ".join(end or "none" for end in layout.data_extensions)
        return f"[layout] data_extensions: its end is not one of {ends}"
    if layout.file.fullmatch(name) is None:
        return f"[layout] file: {why_not_matched(layout.file, name)}"
    return stray.why


def _batches(batches: list[Batch], options: TrialOptions) -> Iterator[str]:
    yield f"\nBatches: {len(batches)}"
    settings = NormalizeOptions(raw="-", lake="-", quiet_minutes=options.quiet_minutes)
    now = datetime.now(UTC)
    for batch in batches[:SHOWN]:
        of = f"{batch.yearmonth}/{batch.batch_ts}: {len(batch.files)} files, {batch.bytes:,} bytes"
        yield f"  {of}, exports {' '.join(batch.exports)}: {_fate(batch, settings, now)}"
    yield from _more(len(batches))


def _fate(batch: Batch, settings: NormalizeOptions, now: datetime) -> str:
    if batch.reasons:
        return f"refused: {batch.reasons[0]}"
    step = plan.wait(batch, settings, now)
    if step is None:
        return "would be read"
    if batch.waits:
        return f"waits: {step.why}"
    until = batch.newest.astimezone(UTC) + timedelta(minutes=settings.quiet_minutes)
    return f"waits until {until:%Y-%m-%d %H:%M} UTC: {step.why}"


def _shown(
    raw: Store, batch: Batch, declared: Declaration, options: TrialOptions
) -> tuple[list[str], bool]:
    """The mapped columns and first rows of a batch's first file; whether it could be read."""
    file = batch.files[0]
    with tempfile.TemporaryDirectory() as folder:
        scratch = storage.at(folder)
        how = declared.format
        required = {name: declared.heads_of(name) for name in how.required}
        limits = (Limits(), how.encoding, how.rows_key)
        done = clean.unzip(raw, file.path, scratch, "trial", required, *limits)
        if done.error or not done.texts:
            error = done.error or {"code": "empty_file", "message": "no bill in it"}
            return [f"\n{file.path}: refused: {error['code']}: {error['message']}"], False
        text = done.texts[0]
        try:
            transform = Transform(declared, text.header)
            lines = [f"\n{text.source}, {text.rows:,} rows"]
            lines += _columns(transform)
            lines += _rows(raw, scratch, text, transform, file, options.rows)
        except BatchRejected as error:
            return [f"\n{file.path}: refused: {error.code}: {error.message}"], False
    return lines, True


def _columns(transform: Transform) -> Iterator[str]:
    stored = {column.name: column.stored for column in transform.declaration.columns}
    for column, head in transform.sources.items():
        arrow = f"{head} -> {column}" if head != column else column
        yield f"  {arrow} ({stored[column]})"
    for key, head in transform.tag_heads.items():
        yield f"  {head} -> tag {key}"
    for head in transform.tag_columns:
        yield f"  {head} -> Tags"
    for head in transform.unknown:
        yield f"  {head} -> x_Other, for no column is declared for it"
    declaration = transform.declaration
    filled = {*declaration.constants, *declaration.fills}
    if missing := [name for name in transform.missing if name not in filled]:
        yield f"  not there: {', '.join(missing)}"


def _rows(
    raw: Store, scratch: Store, text: Text, transform: Transform, file: RawFile, count: int
) -> Iterator[str]:
    origin = Origin(text.source, file.export, None, file.groups)
    nulls = transform.declaration.format.null_texts
    for piece in text.pieces:
        for table in read(raw, scratch, text, piece, nulls):
            result = transform(table.slice(0, count), origin)
            yield from _told(result)
            return


def _told(result: Result) -> Iterator[str]:
    for problem in result.problems:
        yield f"\nrejected: {problem.column} {problem.value!r} {problem.reason}"
    for number, row in enumerate(result.rows.to_pylist(), 1):
        yield f"\nrow {number}"
        for name, value in row.items():
            if value is not None:
                yield f"  {name}: {_short(value)}"


def _short(value: object) -> str:
    words = str(dict(value)) if isinstance(value, list) else str(value)
    return words if len(words) <= WIDTH else words[: WIDTH - 4] + " ..."
