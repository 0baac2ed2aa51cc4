-- One row is one anomaly: days close together on which a scope's cost was not as expected.
-- By provider, account, service and department; the same money can show in several of them. x_Impact is what
-- it cost too much (below zero: too little), x_Driver the account, service and region with the
-- largest part of it against the four weeks before, and whether quantity or price moved. x_Status:
-- open (it lasts), ended, suppressed (a known job), true or false (somebody's verdict).
CREATE OR REPLACE VIEW ${database}.focus_cost_anomalies_now AS
WITH suppressed AS (
    SELECT
        scope,
        COALESCE(value, 'all') AS value,
        valid_from,
        COALESCE(valid_until, valid_from) AS valid_until
    FROM ${database}.focus_suppressions
),

days AS (
    SELECT
        anomalous.x_Scope,
        anomalous.x_Value,
        anomalous.x_Provider,
        anomalous.BillingCurrency,
        anomalous.x_ChargeDay,
        anomalous.x_DayNo,
        anomalous.x_LastDayNo,
        anomalous.x_Actual,
        anomalous.x_Expected,
        anomalous.x_Score,
        anomalous.x_Kind,
        MAX(CASE WHEN suppressed.scope IS NULL THEN 0 ELSE 1 END) AS is_known
    FROM ${database}.focus_anomaly_days AS anomalous
    LEFT JOIN suppressed
        ON
            anomalous.x_ChargeDay BETWEEN suppressed.valid_from AND suppressed.valid_until
            AND (
                suppressed.scope = 'all'
                OR (suppressed.scope = 'provider' AND suppressed.value = anomalous.x_Provider)
                OR (
                    suppressed.scope = anomalous.x_Scope
                    AND suppressed.value = anomalous.x_Value
                )
            )
    WHERE anomalous.x_Kind IS NOT NULL
    GROUP BY
        anomalous.x_Scope,
        anomalous.x_Value,
        anomalous.x_Provider,
        anomalous.BillingCurrency,
        anomalous.x_ChargeDay,
        anomalous.x_DayNo,
        anomalous.x_LastDayNo,
        anomalous.x_Actual,
        anomalous.x_Expected,
        anomalous.x_Score,
        anomalous.x_Kind
),

gaps AS (
    SELECT
        days.*,
        x_DayNo - LAG(x_DayNo) OVER (
            PARTITION BY x_Scope, x_Value, x_Provider, BillingCurrency, is_known
            ORDER BY x_DayNo
        ) AS apart
    FROM days
),

numbered AS (
    SELECT
        gaps.*,
        SUM(CASE WHEN apart <= ${plan_gap_days} THEN 0 ELSE 1 END) OVER (
            PARTITION BY x_Scope, x_Value, x_Provider, BillingCurrency, is_known
            ORDER BY x_DayNo
            ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW
        ) AS event_no
    FROM gaps
),

events AS (
    SELECT
        x_Scope,
        x_Value,
        x_Provider,
        BillingCurrency,
        is_known,
        MIN(x_ChargeDay) AS first_day,
        MAX(x_ChargeDay) AS last_day,
        MIN(x_DayNo) AS first_no,
        MAX(x_DayNo) AS last_no,
        MAX(x_LastDayNo) AS known_until_no,
        COUNT(*) AS anomalous_days,
        SUM(x_Expected) AS expected,
        SUM(x_Actual) AS actual,
        MAX_BY(x_Kind, ABS(x_Actual - x_Expected)) AS kind,
        MAX_BY(x_Score, ABS(x_Score)) AS score
    FROM numbered
    GROUP BY
        x_Scope,
        x_Value,
        x_Provider,
        BillingCurrency,
        is_known,
        event_no
),

chosen AS (
    SELECT *
    FROM events
    WHERE kind <> 'drip' OR anomalous_days >= ${plan_drip_least_days}
),

charges AS (
    SELECT
        daily.x_Provider,
        daily.BillingCurrency,
        DATE_DIFF('day', DATE '1970-01-05', daily.x_ChargeDay) AS day_no,
        COALESCE(daily.SubAccountId, daily.BillingAccountId, '(no account)') AS account,
        COALESCE(daily.ServiceName, '(no service)') AS service,
        COALESCE(daily.RegionName, daily.RegionId, '(no region)') AS region,
        centers.department,
        daily.ConsumedUnit,
        -- A cost of 10^18 and more is beyond estimates: unknown here, not the end of the query.
        TRY_CAST(SUM(COALESCE(daily.EffectiveCost, daily.BilledCost)) AS decimal(24, 6)) AS cost,
        CAST(SUM(daily.ConsumedQuantity) AS double) AS quantity
    FROM ${database}.focus_daily AS daily
    LEFT JOIN ${database}.focus_cost_centers AS centers
        ON
            NULLIF(TRIM(daily.x_CostCenter), '') = centers.cost_center
            AND daily.yearmonth >= COALESCE(centers.valid_from, '000000')
            AND daily.yearmonth <= COALESCE(centers.valid_until, '999999')
    GROUP BY
        daily.x_Provider,
        daily.BillingCurrency,
        daily.x_ChargeDay,
        COALESCE(daily.SubAccountId, daily.BillingAccountId, '(no account)'),
        COALESCE(daily.ServiceName, '(no service)'),
        COALESCE(daily.RegionName, daily.RegionId, '(no region)'),
        centers.department,
        daily.ConsumedUnit
),

-- What each account, service and region cost in the event, and in the four weeks before it. Events
-- keep their columns from here on: to read them again would be to work them out again.
parts AS (
    SELECT
        chosen.*,
        charges.account,
        charges.service,
        charges.region,
        MAX(chosen.last_no - chosen.first_no + 1) AS length,
        MAX(CASE WHEN chosen.actual < chosen.expected THEN -1 ELSE 1 END) AS direction,
        MIN(COALESCE(charges.ConsumedUnit, '')) AS first_unit,
        MAX(COALESCE(charges.ConsumedUnit, '')) AS last_unit,
        SUM(CASE WHEN charges.day_no >= chosen.first_no THEN charges.cost END) AS cost,
        SUM(CASE WHEN charges.day_no < chosen.first_no THEN charges.cost END) AS cost_before,
        SUM(CASE WHEN charges.day_no >= chosen.first_no THEN charges.quantity END) AS quantity,
        SUM(CASE WHEN charges.day_no < chosen.first_no THEN charges.quantity END)
            AS quantity_before
    FROM chosen
    LEFT JOIN charges
        ON
            chosen.x_Provider = charges.x_Provider
            AND chosen.BillingCurrency = charges.BillingCurrency
            AND charges.day_no BETWEEN chosen.first_no - 28 AND chosen.last_no
            AND CASE chosen.x_Scope
                WHEN 'account' THEN charges.account
                WHEN 'service' THEN charges.service
                WHEN 'department' THEN charges.department
                ELSE chosen.x_Value
            END = chosen.x_Value
    GROUP BY
        chosen.x_Scope,
        chosen.x_Value,
        chosen.x_Provider,
        chosen.BillingCurrency,
        chosen.is_known,
        chosen.first_day,
        chosen.last_day,
        chosen.first_no,
        chosen.last_no,
        chosen.known_until_no,
        chosen.anomalous_days,
        chosen.expected,
        chosen.actual,
        chosen.kind,
        chosen.score,
        charges.account,
        charges.service,
        charges.region
),

weighed AS (
    SELECT
        parts.*,
        CASE
            WHEN first_unit = '' OR first_unit <> last_unit THEN CAST(NULL AS varchar)
            WHEN cost_before IS NULL OR cost_before <= 0 OR quantity_before <= 0 THEN 'new'
            WHEN quantity IS NULL OR quantity <= 0 THEN CAST(NULL AS varchar)
            -- Price times quantity: which of the two moved further.
            WHEN
                ABS(LN(quantity * 28e0 / (quantity_before * CAST(length AS double))))
                >= ABS(
                    LN(
                        GREATEST(CAST(cost AS double), 1e-6) * quantity_before
                        / (CAST(cost_before AS double) * quantity)
                    )
                )
                THEN 'quantity'
            ELSE 'price'
        END AS cause,
        ROW_NUMBER() OVER (
            PARTITION BY x_Scope, x_Value, x_Provider, BillingCurrency, is_known, first_no
            ORDER BY
                (
                    COALESCE(cost, CAST(0 AS decimal(24, 6))) * 28
                    - COALESCE(cost_before, CAST(0 AS decimal(24, 6))) * length
                ) * direction DESC,
                account,
                service,
                region
        ) AS place
    FROM parts
),

driven AS (
    SELECT
        weighed.x_Scope,
        weighed.x_Value,
        weighed.x_Provider,
        weighed.BillingCurrency,
        weighed.is_known,
        weighed.first_day,
        weighed.last_day,
        weighed.first_no,
        weighed.last_no,
        weighed.known_until_no,
        weighed.anomalous_days,
        weighed.expected,
        weighed.actual,
        weighed.kind,
        weighed.score,
        weighed.account,
        weighed.service,
        weighed.region,
        weighed.cause,
        MAX(
            CASE
                WHEN suppressed.scope = 'account' AND suppressed.value = weighed.account THEN 1
                WHEN suppressed.scope = 'service' AND suppressed.value = weighed.service THEN 1
                ELSE 0
            END
        ) AS is_known_driver,
        MAX(verdicts.verdict) AS verdict,
        MAX(verdicts.judged_by) AS judged_by
    FROM weighed
    LEFT JOIN suppressed
        ON
            weighed.first_day >= suppressed.valid_from
            AND weighed.last_day <= suppressed.valid_until
    LEFT JOIN ${database}.focus_anomaly_verdicts AS verdicts
        ON
            weighed.x_Scope = verdicts.scope
            AND weighed.x_Value = verdicts.value
            AND verdicts.day BETWEEN weighed.first_day AND weighed.last_day
    WHERE weighed.place = 1
    GROUP BY
        weighed.x_Scope,
        weighed.x_Value,
        weighed.x_Provider,
        weighed.BillingCurrency,
        weighed.is_known,
        weighed.first_day,
        weighed.last_day,
        weighed.first_no,
        weighed.last_no,
        weighed.known_until_no,
        weighed.anomalous_days,
        weighed.expected,
        weighed.actual,
        weighed.kind,
        weighed.score,
        weighed.account,
        weighed.service,
        weighed.region,
        weighed.cause
)

SELECT
    driven.x_Provider,
    driven.BillingCurrency,
    driven.x_Scope,
    driven.x_Value,
    driven.first_day AS x_FirstDay,
    driven.last_day AS x_LastDay,
    driven.anomalous_days AS x_Days,
    driven.expected AS x_Expected,
    driven.actual AS x_Actual,
    driven.actual - driven.expected AS x_Impact,
    driven.score AS x_Score,
    driven.kind AS x_Kind,
    CONCAT(
        COALESCE(CONCAT(driven.cause, ' of '), ''),
        driven.service,
        ' in account ',
        driven.account,
        ', ',
        driven.region
    ) AS x_Driver,
    driven.account AS x_DriverAccount,
    driven.service AS x_DriverService,
    driven.region AS x_DriverRegion,
    CAST(driven.cause AS varchar) AS x_DriverCause,
    CAST(
        CASE
        WHEN driven.verdict IS NOT NULL THEN driven.verdict
        WHEN driven.is_known = 1 OR driven.is_known_driver = 1 THEN 'suppressed'
        WHEN driven.last_no + ${plan_gap_days} >= driven.known_until_no THEN 'open'
        ELSE 'ended'
    END AS varchar
    ) AS x_Status,
    driven.judged_by AS x_JudgedBy
FROM driven
