"""Delivered text to typed rows, in plain Spark SQL: one select a step, no UDF."""

from __future__ import annotations

import re

from pyspark.sql import DataFrame

from focus_lake.declare.model import Declaration
from focus_lake.frames import fills, numbers, tags, times
from focus_lake.frames.heads import (
    EXPORT,
    FAULT,
    FILE,
    FORMAT,
    HEADER,
    LINE,
    PROVENANCE,
    VERSION,
    Heads,
)
from focus_lake.frames.sql import first_of, name, text, texts
from focus_lake.spec.columns import Column, spell

REJECTED = "_rejected"  # why a row cannot be published; null for the others
# Columns between the steps; a prefix keeps them apart from the table's own.
_WORD, _RAW, _MAP, _UNPARSED = "_word ", "_raw ", "_map ", "_unparsed "
_NOTES, _PRESENT, _FOLDED, _KEPT = "_notes", "_present", "_folded", "_kept"
_PLAIN = "_plain"  # the texts that no step changes or reads, copied as one
_IS_NATIVE = f"{FORMAT} = 'parquet'"


def typed_frame(raw: DataFrame, declaration: Declaration) -> DataFrame:
    """The rows of a raw_frame in the columns of the provider's normalized table.

    Behind these come yearmonth, batch_ts, where a row was delivered (_file, _member, _record,
    _line) and _rejected: the values of a row that cannot be read, or null. Published is what is
    not rejected. Times are UTC, without a zone. The expressions do not depend on the session's
    settings; with spark.sql.codegen.wholeStage=false they run twice as fast.
    """
    return _Typing(raw, declaration).frame()


class _Typing:
    """The steps, each a select over the one before; columns keep their names all the way."""

    def __init__(self, raw: DataFrame, declaration: Declaration):
        self.raw, self.declaration = raw, declaration
        self.heads = Heads(raw.schema, declaration)
        self.made = {column.name: column for column in declaration.columns}
        self.written = {name: self.made[name] for name in self.heads.sources if name in self.made}
        others = [*self.heads.unknown.values(), *self.heads.tag_heads.values()]
        self.others = list(dict.fromkeys([*others, *self.heads.tag_columns]))

    def frame(self) -> DataFrame:
        steps = [fills.spellings(), self._attributes(), fills.defaults(self.declaration)]
        steps += [fills.from_path(self.declaration), fills.from_columns(self.declaration)]
        steps += [fills.fills(), fills.offers(self.declaration), fills.services(self.declaration)]
        used = _used(steps)
        # Nulls that nothing changes come last, where Spark sees that there is nothing to add up.
        there = {*self.written, *used, *self._constants()}
        absent = [one for one in self.made if one not in there]
        plain = [one for one in self.written if self._is_plain(one) and one not in used]
        self.written = {one: self.written[one] for one in self.written if one not in plain}
        rows = self._words(self.raw, plain)
        rows = self._parsed(rows)
        rows = self._moments(rows)
        rows = self._values(rows, [*plain, *absent], plain)
        rows, kept = _packed(rows, used)
        for step in steps:
            rows = _apply(rows, step)
        return self._ordered(_unpacked(rows, kept, plain), absent)

    def _is_plain(self, column: str) -> bool:
        """Whether the delivered text is the value."""
        is_text = self.made[column].stored not in ("decimal", "timestamp", "map")
        return is_text and column not in {*self.declaration.repairs, *self._constants()}

    def _words(self, rows: DataFrame, plain: list[str]) -> DataFrame:
        """The text of each column, whichever header it came under; null texts are null."""
        nulls = self.declaration.format.null_texts
        word = {
            column: first_of(_meant(name(field), nulls) for field in self.heads.sources[column])
            for column in [*self.written, *plain]
        }
        chosen = [*map(name, PROVENANCE)]
        chosen += [f"{word[one]} AS {name(_WORD + one)}" for one in self.written]
        kept = ", ".join(f"{word[one]} AS {name(one)}" for one in plain)
        chosen += [f"struct({kept}) AS {_PLAIN}"] if plain else []
        chosen += [f"{_meant(name(one), nulls)} AS {_raw(one)}" for one in self.others]
        return rows.selectExpr(*chosen)

    def _parsed(self, rows: DataFrame) -> DataFrame:
        """Each text as a value of its column's type; numbers still with what was rounded."""
        parsed = ["*"]
        for column in self.written.values():
            parsed.append(f"{self._parse(column)} AS {name(column.name)}")
        for one in self.heads.tag_columns:
            parsed.append(f"{self._tags(_raw(one))} AS {name(_MAP + one)}")
        return rows.selectExpr(*parsed)

    def _parse(self, column: Column) -> str:
        word = name(_WORD + column.name)
        if column.stored == "decimal":
            return numbers.parse(word, self.declaration.format.max_decimals == "round")
        if column.stored == "timestamp":
            return times.spelled(word, self.declaration.time, _IS_NATIVE)
        if column.stored == "map":
            return self._tags(word) if column.name == "Tags" else tags.parse(word)
        repair = self.declaration.repairs.get(column.name)
        return fills.repaired(word, repair) if repair else word

    def _tags(self, word: str) -> str:
        """A text of Tags: JSON, or what the declaration takes besides."""
        if not self.declaration.tags.key_value or self.heads.combined:
            return tags.parse(word)
        return f"coalesce({tags.parse(word)}, {tags.key_value(word)})"

    def _moments(self, rows: DataFrame) -> DataFrame:
        how = self.declaration.time
        session = self.raw.sparkSession.conf.get("spark.sql.session.timeZone")
        made = {
            each.name: times.moment(name(each.name), how, _IS_NATIVE, session or "")
            for each in self.written.values()
            if each.stored == "timestamp"
        }
        return _apply(rows, fills.Step(made))

    def _values(self, rows: DataFrame, without: list[str], plain: list[str]) -> DataFrame:
        """The other columns, typed nulls where the source has none; what was noticed."""
        chosen = [*map(name, PROVENANCE), *map(_raw, self.others)]
        others = [each for each in self.made.values() if each.name not in without]
        chosen += [f"{self._value(each)} AS {name(each.name)}" for each in others]
        chosen += [_PLAIN] if plain else []
        wrong = [self._fault(column) for column in self.written.values()]
        problems = f"nullif(concat_ws('; ', {', '.join([FAULT, *filter(None, wrong)])}), '')"
        notes = [*filter(None, map(self._note, self.made.values()))]
        told = (
            f"nullif(concat_ws('; ', {', '.join(notes)}), '')" if notes else "CAST(NULL AS STRING)"
        )
        chosen += [f"{problems} AS {REJECTED}", f"{told} AS {_NOTES}"]
        chosen += [
            f"{word} AS {name(_UNPARSED + where)}" for where, word in self._unparsed().items()
        ]
        return rows.selectExpr(*chosen)

    def _value(self, column: Column) -> str:
        constant = self._constants().get(column.name)
        if constant:
            return constant
        if column.name == "Tags" and self.heads.combined:
            return self._combined()
        if column.name not in self.written:
            return _null(column)
        if column.stored == "decimal":
            return f"{name(column.name)}.value"
        is_end = column.origin == "focus" and column.name.endswith("End")
        if (
            column.stored == "timestamp"
            and is_end
            and self.declaration.time.period_end == "inclusive"
        ):
            return times.in_range(times.exclusive(name(column.name)))
        return (
            times.in_range(name(column.name)) if column.stored == "timestamp" else name(column.name)
        )

    def _constants(self) -> dict[str, str]:
        return {
            "x_Provider": text(self.declaration.name),
            "x_Export": EXPORT,
            "x_SourceFile": f"concat_ws('/', {FILE}, _member)",
            "x_SourceRow": f"CAST({LINE} AS DECIMAL(38,18))",
            "x_SourceFocusVersion": f"coalesce({VERSION}, {self.heads.focus_version()})",
        }

    def _combined(self) -> str:
        """Tags from several columns, for rows of files that have such; else from Tags alone."""
        single = {key: _raw(one) for key, one in self.heads.tag_heads.items()}
        whole = [name("Tags")] if "Tags" in self.written else []
        maps = [*whole, *(name(_MAP + one) for one in self.heads.tag_columns)]
        broken = self._unparsed().get("Tags")
        made = tags.combine(single, maps)
        made = f"CASE WHEN {broken} IS NULL THEN {made} END" if broken else made
        plain = whole[0] if whole else f"CAST(NULL AS {tags.MAP})"
        numbers_of = ", ".join(map(str, self.heads.combined))
        return f"CASE WHEN {HEADER} IN ({numbers_of}) THEN {made} ELSE {plain} END"

    def _unparsed(self) -> dict[str, str]:
        """Column of maps -> the text that is not a JSON object, null where all is well."""
        broken = {}
        for column in self.written.values():
            if column.stored == "map":
                broken[column.name] = _without_value(name(_WORD + column.name), name(column.name))
        of_tags = [broken["Tags"]] if "Tags" in broken else []
        of_tags += [_without_value(_raw(one), name(_MAP + one)) for one in self.heads.tag_columns]
        return broken | ({"Tags": first_of(of_tags)} if of_tags else {})

    def _fault(self, column: Column) -> str | None:
        """Why a row cannot be published: a number or time that cannot be read."""
        if column.stored not in ("decimal", "timestamp"):
            return None
        word, value = name(_WORD + column.name), self._value(column)
        told = f"concat({text(column.name + ' ')}, {word})"
        return f"CASE WHEN {word} IS NOT NULL AND {value} IS NULL THEN {told} END"

    def _note(self, column: Column) -> str | None:
        if column.name not in self.written:
            return None
        if column.name == "Tags" and self.declaration.tags.key_value and not self.heads.combined:
            word = name(_WORD + column.name)
            told = text("Tags: read as key:value text")
            return f"CASE WHEN {tags.is_key_value(word)} THEN {told} END"
        word, value = name(_WORD + column.name), name(column.name)
        if column.stored == "decimal" and self.declaration.format.max_decimals == "round":
            told = f"concat({text(column.name + ': ')}, {word}, ' rounded to 18 decimals')"
            return f"CASE WHEN {value}.rounded THEN {told} END"
        if column.name in self.declaration.repairs:
            told = f"concat({text(column.name + ': ')}, {word}, ' -> ', {value})"
            return f"CASE WHEN {word} <> {value} THEN {told} END"
        return None

    def _attributes(self) -> fills.Step:
        """The tags by folded key, for the attributes: a step of their own, as they are many."""
        keys = [key for keys in self._keys().values() for key in keys]
        return fills.Step({_PRESENT: tags.present("`Tags`"), _FOLDED: tags.folded("`Tags`", keys)})

    def _keys(self) -> dict[str, tuple[str, ...]]:
        """Column -> the keys of tags that it is asked from, in order."""
        keys = dict(self.declaration.tags.attributes)
        return keys | {
            one: (extra.tag,)
            for one, extra in self.declaration.extra_columns.items()
            if extra.tag is not None
        }

    def _ordered(self, rows: DataFrame, absent: list[str]) -> DataFrame:
        """The table's columns in their order; what else came with a row in x_Other."""
        keys = self._keys()
        made = {
            one: tags.attribute(_PRESENT, _FOLDED, keys[one]) for one in keys if one in self.made
        }
        made = {one: _null(self.made[one]) for one in absent} | made
        made["x_SourceChanges"] = _NOTES
        kept = {head: _raw(one) for head, one in self.heads.unknown.items()}
        kept |= {where: name(_UNPARSED + where) for where in self._unparsed()}
        pairs = ", ".join(
            f"struct({text(head)} AS key, {one} AS value)" for head, one in kept.items()
        )
        if pairs:
            there = f"filter(array({pairs}), e -> e.value IS NOT NULL)"
            some = first_of(kept.values()) + " IS NOT NULL"
            made["x_Other"] = f"CASE WHEN {some} THEN map_from_entries({there}) END"
        chosen = [f"{made.get(one, name(one))} AS {name(one)}" for one in self.made]
        behind = ["yearmonth", "batch_ts", "_file", "_member", "_record", "_line", REJECTED]
        return rows.selectExpr(*chosen, *behind)


def _used(steps: list[fills.Step]) -> set[str]:
    """The columns that the steps read or change."""
    used = {_NOTES, FILE}
    for step in steps:
        used.update(step.changes)
        for sql in [*step.changes.values(), *step.notes]:
            used.update(re.findall(r"`([^`]+)`", sql))
    return used


def _packed(rows: DataFrame, used: set[str]) -> tuple[DataFrame, list[str]]:
    """The columns that no step touches in one, which is copied as a whole; and their names."""
    kept = [one for one in rows.columns if one not in used]
    chosen = [name(one) for one in rows.columns if one in used]
    return rows.selectExpr(*chosen, f"struct({', '.join(map(name, kept))}) AS {_KEPT}"), kept


def _unpacked(rows: DataFrame, kept: list[str], plain: list[str]) -> DataFrame:
    chosen = [name(one) for one in rows.columns if one != _KEPT]
    chosen += [f"{_KEPT}.{name(one)} AS {name(one)}" for one in kept if one != _PLAIN]
    chosen += [f"{_KEPT}.{_PLAIN}.{name(one)} AS {name(one)}" for one in plain]
    return rows.selectExpr(*chosen)


def _apply(rows: DataFrame, step: fills.Step) -> DataFrame:
    """The rows with a step's columns in place of their own, and its notes behind the others."""
    there = rows.columns
    chosen = {one: f"{step.changes.get(one, name(one))} AS {name(one)}" for one in there}
    added = {one: f"{sql} AS {name(one)}" for one, sql in step.changes.items() if one not in there}
    if step.notes:
        told = f"nullif(concat_ws('; ', {_NOTES}, {', '.join(step.notes)}), '')"
        chosen[_NOTES] = f"{told} AS {_NOTES}"
    return rows.selectExpr(*chosen.values(), *added.values())


def _null(column: Column) -> str:
    is_time = column.stored == "timestamp"
    return f"CAST(NULL AS {'TIMESTAMP_NTZ' if is_time else spell('spark', column.stored)})"


def _raw(field: str) -> str:
    return name(_RAW + field)


def _meant(field: str, nulls: tuple[str, ...]) -> str:
    return f"CASE WHEN {field} NOT IN ({texts(nulls)}) THEN {field} END" if nulls else field


def _without_value(word: str, value: str) -> str:
    return f"CASE WHEN {word} IS NOT NULL AND {value} IS NULL THEN {word} END"
