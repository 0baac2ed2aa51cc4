-- One row is one rule that a provider's month breaks in one column, in one currency.
-- Live batches only, and what the provider delivered: before anything was filled or repaired.
-- share is a ratio of the month's rows, BilledCost the cost on the rows affected. known_upstream:
-- the provider's declaration lists the gap. still_open: the newest month of an export has it, too.
CREATE OR REPLACE VIEW ${database}.focus_conformance AS
WITH findings AS (
    SELECT
        batches.provider,
        batches.yearmonth,
        batches.batch_ts,
        CAST(SUBSTR(REPLACE(batches.published_at, 'T', ' '), 1, 23) AS timestamp)
            AS published_at,
        ELEMENT_AT(batches.conformance, places.place) AS finding
    FROM ${database}.focus_batches AS batches
    CROSS JOIN UNNEST(
        CASE
            WHEN CARDINALITY(batches.conformance) > 0
                THEN SEQUENCE(1, CARDINALITY(batches.conformance))
        END
    ) AS places (place)
    WHERE batches.status = 'published'
),

seen AS (
    SELECT
        provider,
        finding.rule AS rule,
        finding.column_name AS column_name,
        MIN(published_at) AS first_seen
    FROM findings
    GROUP BY
        provider,
        finding.rule,
        finding.column_name
),

months AS (
    SELECT
        provider,
        yearmonth,
        SUM(row_count) AS row_count
    FROM ${database}.focus_live_batches
    GROUP BY
        provider,
        yearmonth
),

exports AS (
    SELECT
        provider,
        yearmonth,
        batch_ts,
        export,
        is_shared,
        yearmonth = MAX(yearmonth) OVER (PARTITION BY provider, export) AS is_newest
    FROM ${database}.focus_live_exports
),

live AS (
    SELECT
        provider,
        yearmonth,
        batch_ts,
        BOOL_OR(is_shared) AS is_shared,
        BOOL_OR(is_newest) AS is_newest
    FROM exports
    GROUP BY
        provider,
        yearmonth,
        batch_ts
),

-- A batch that holds a superseded export, too, counts by export.
shared AS (
    SELECT
        batches.provider,
        batches.yearmonth,
        batches.batch_ts,
        live.is_newest,
        ELEMENT_AT(batches.export_conformance, places.place) AS finding
    FROM live
    INNER JOIN ${database}.focus_batches AS batches
        ON live.provider = batches.provider
        AND live.yearmonth = batches.yearmonth
        AND live.batch_ts = batches.batch_ts
    CROSS JOIN UNNEST(
        CASE
            WHEN CARDINALITY(batches.export_conformance) > 0
                THEN SEQUENCE(1, CARDINALITY(batches.export_conformance))
        END
    ) AS places (place)
    WHERE batches.status = 'published' AND live.is_shared
),

told AS (
    SELECT DISTINCT
        provider,
        yearmonth,
        batch_ts
    FROM shared
),

found AS (
    SELECT
        findings.provider,
        findings.yearmonth,
        findings.finding.rule AS rule,
        findings.finding.column_name AS column_name,
        findings.finding.BillingCurrency AS BillingCurrency,
        findings.finding.row_count AS row_count,
        CAST(findings.finding.BilledCost AS decimal(38, 18)) AS BilledCost,
        live.is_newest
    FROM findings
    INNER JOIN live
        ON findings.provider = live.provider
        AND findings.yearmonth = live.yearmonth
        AND findings.batch_ts = live.batch_ts
    LEFT JOIN told
        ON findings.provider = told.provider
        AND findings.yearmonth = told.yearmonth
        AND findings.batch_ts = told.batch_ts
    WHERE told.provider IS NULL
    UNION ALL
    SELECT
        shared.provider,
        shared.yearmonth,
        shared.finding.rule,
        shared.finding.column_name,
        shared.finding.BillingCurrency,
        shared.finding.row_count,
        CAST(shared.finding.BilledCost AS decimal(38, 18)),
        COALESCE(exports.is_newest, shared.is_newest)
    FROM shared
    LEFT JOIN exports
        ON shared.provider = exports.provider
        AND shared.yearmonth = exports.yearmonth
        AND shared.batch_ts = exports.batch_ts
        AND shared.finding.export = exports.export
    WHERE shared.finding.export IS NULL OR exports.export IS NOT NULL
),

broken AS (
    SELECT
        provider,
        yearmonth,
        rule,
        column_name,
        BillingCurrency,
        SUM(row_count) AS row_count,
        SUM(BilledCost) AS BilledCost
    FROM found
    GROUP BY
        provider,
        yearmonth,
        rule,
        column_name,
        BillingCurrency
),

open_gaps AS (
    SELECT DISTINCT
        provider,
        rule,
        column_name
    FROM found
    WHERE is_newest
),

rules (rule, focus_version, section, severity, sentence) AS (
    VALUES
${rules}
),

known_gaps (provider, rule, column_name) AS (
    VALUES
${known_gaps}
)

SELECT
    broken.provider,
    broken.yearmonth,
    broken.rule,
    broken.column_name,
    broken.BillingCurrency,
    rules.severity,
    CAST(broken.row_count AS bigint) AS row_count,
    CAST(
        CAST(broken.row_count AS double) / NULLIF(CAST(months.row_count AS double), 0)
        AS decimal(38, 6)
    ) AS share,
    broken.BilledCost,
    known_gaps.rule IS NOT NULL AS known_upstream,
    seen.first_seen,
    open_gaps.rule IS NOT NULL AS still_open,
    rules.focus_version,
    rules.section,
    rules.sentence,
    broken.provider AS x_Provider
FROM broken
INNER JOIN months
    ON broken.provider = months.provider
    AND broken.yearmonth = months.yearmonth
INNER JOIN seen
    ON broken.provider = seen.provider
    AND broken.rule = seen.rule
    AND broken.column_name = seen.column_name
LEFT JOIN open_gaps
    ON broken.provider = open_gaps.provider
    AND broken.rule = open_gaps.rule
    AND broken.column_name = open_gaps.column_name
LEFT JOIN rules
    ON broken.rule = rules.rule
LEFT JOIN known_gaps
    ON broken.provider = known_gaps.provider
    AND broken.rule = known_gaps.rule
    AND broken.column_name = known_gaps.column_name
