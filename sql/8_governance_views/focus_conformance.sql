-- One row is one rule that a provider's month breaks in one column, in one currency.
-- Live batches only, and what the provider delivered: before anything was filled or repaired.
-- share is a ratio of the month's rows, BilledCost the cost on the rows affected. known_upstream:
-- the provider's declaration lists the gap. still_open: the newest month has it, too.
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

newest AS (
    SELECT
        provider,
        MAX(yearmonth) AS yearmonth
    FROM months
    GROUP BY provider
),

broken AS (
    SELECT
        findings.provider,
        findings.yearmonth,
        findings.finding.rule AS rule,
        findings.finding.column_name AS column_name,
        findings.finding.BillingCurrency AS BillingCurrency,
        SUM(findings.finding.row_count) AS row_count,
        SUM(CAST(findings.finding.BilledCost AS decimal(38, 18))) AS BilledCost
    FROM findings
    INNER JOIN ${database}.focus_live_batches AS live
        ON findings.provider = live.provider
        AND findings.yearmonth = live.yearmonth
        AND findings.batch_ts = live.batch_ts
    GROUP BY
        findings.provider,
        findings.yearmonth,
        findings.finding.rule,
        findings.finding.column_name,
        findings.finding.BillingCurrency
),

open_gaps AS (
    SELECT DISTINCT
        broken.provider,
        broken.rule,
        broken.column_name
    FROM broken
    INNER JOIN newest
        ON broken.provider = newest.provider
        AND broken.yearmonth = newest.yearmonth
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
    rules.sentence
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
