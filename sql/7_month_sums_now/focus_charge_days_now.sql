-- One row is the charges of a batch that begin on one day, in one export, billing month and currency:
-- what nobody owns of them, and how far they reach. Of charges that had been used when the batch was
-- delivered, x_AnyUntil is the end of the last one, x_ShortUntil of the last one of a day or less.
-- Days are UTC. Freshness and the trend of what nobody owns are made of it (19_pipeline_measures).
CREATE OR REPLACE VIEW ${database}.focus_charge_days_now AS
WITH declared (provider, delivery) AS (
    VALUES
${deliveries}
),

-- What is dated after a batch was delivered had not been used by then. A report of a day is
-- delivered with that day.
batches AS (
    SELECT
        live.provider,
        live.yearmonth,
        live.batch_ts,
        COALESCE(
            CASE
                WHEN declared.delivery <> 'snapshot' THEN DATE_ADD('day', 1, live.delivered_at)
                ELSE live.delivered_at
            END,
            live.published_at
        ) AS used_by
    FROM ${database}.focus_live_batches AS live
    LEFT JOIN declared
        ON live.provider = declared.provider
)

SELECT
    charges.yearmonth,
    charges.x_Provider,
    charges.batch_ts,
    charges.x_Export,
    charges.x_BillingMonth,
    charges.BillingCurrency,
    CAST(charges.ChargePeriodStart AS date) AS x_Day,
    MAX(
        CASE
            WHEN
                charges.ChargePeriodEnd <= batches.used_by
                AND DATE_DIFF('hour', charges.ChargePeriodStart, charges.ChargePeriodEnd) <= 25
                THEN charges.ChargePeriodEnd
        END
    ) AS x_ShortUntil,
    MAX(CASE WHEN charges.ChargePeriodEnd <= batches.used_by THEN charges.ChargePeriodEnd END)
        AS x_AnyUntil,
    SUM(
        CASE
            WHEN charges.x_Owner IS NULL AND ${is_charged} THEN charges.EffectiveCost
            ELSE CAST(0 AS decimal(38, 18))
        END
    ) AS x_UnownedCost
FROM ${database}.focus_unified AS charges
INNER JOIN batches
    ON charges.x_Provider = batches.provider
    AND charges.yearmonth = batches.yearmonth
    AND charges.batch_ts = batches.batch_ts
GROUP BY
    charges.yearmonth,
    charges.x_Provider,
    charges.batch_ts,
    charges.x_Export,
    charges.x_BillingMonth,
    charges.BillingCurrency,
    CAST(charges.ChargePeriodStart AS date)
