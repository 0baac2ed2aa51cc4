-- What people ask of thirteen months; each question is one query, in Athena's SQL.

-- month by department
SELECT
    yearmonth,
    BillingCurrency,
    COALESCE(x_CostCenter, '(no department)') AS department,
    SUM(EffectiveCost) AS effective
FROM focus_daily
WHERE yearmonth = '202601'
GROUP BY 1, 2, 3
ORDER BY 4 DESC

-- month over month, all of it
SELECT yearmonth, x_Provider, BillingCurrency, SUM(BilledCost) AS billed, SUM(EffectiveCost) AS used
FROM focus_daily
GROUP BY 1, 2, 3
ORDER BY 1, 2, 3

-- top movers between two months
SELECT
    ServiceName,
    BillingCurrency,
    SUM(CASE WHEN yearmonth = '202601' THEN EffectiveCost ELSE 0 END)
    - SUM(CASE WHEN yearmonth = '202512' THEN EffectiveCost ELSE 0 END) AS change
FROM focus_daily
WHERE yearmonth IN ('202512', '202601')
GROUP BY 1, 2
ORDER BY ABS(
    SUM(CASE WHEN yearmonth = '202601' THEN EffectiveCost ELSE 0 END)
    - SUM(CASE WHEN yearmonth = '202512' THEN EffectiveCost ELSE 0 END)
) DESC
LIMIT 10

-- untagged spend by sub account
SELECT SubAccountId, SubAccountName, BillingCurrency, SUM(EffectiveCost) AS untagged
FROM focus_daily
WHERE yearmonth = '202601' AND x_Owner IS NULL
GROUP BY 1, 2, 3
ORDER BY 4 DESC
LIMIT 20

-- daily trend of thirteen months
SELECT x_ChargeDay, BillingCurrency, SUM(EffectiveCost) AS effective
FROM focus_daily
GROUP BY 1, 2
ORDER BY 1, 2

-- one sub account by month and service
SELECT yearmonth, ServiceName, SUM(EffectiveCost) AS effective
FROM focus_daily
WHERE SubAccountId = (SELECT MIN(SubAccountId) FROM focus_daily WHERE yearmonth = '202601')
GROUP BY 1, 2
ORDER BY 1, 3 DESC

-- use of commitments by month
SELECT
    yearmonth,
    BillingCurrency,
    CommitmentDiscountStatus,
    SUM(EffectiveCost) AS effective,
    COUNT(DISTINCT CommitmentDiscountId) AS commitments
FROM focus_daily
WHERE CommitmentDiscountId IS NOT NULL
GROUP BY 1, 2, 3
ORDER BY 1, 2, 3

-- savings against list prices
SELECT yearmonth, BillingCurrency, SUM(ListCost) - SUM(EffectiveCost) AS saved
FROM focus_daily
WHERE ChargeCategory = 'Usage'
GROUP BY 1, 2
ORDER BY 1, 2

-- category by region, last quarter
SELECT ServiceCategory, RegionName, BillingCurrency, SUM(EffectiveCost) AS effective
FROM focus_daily
WHERE yearmonth >= '202511'
GROUP BY 1, 2, 3
ORDER BY 4 DESC

-- resources of one service, from the line items of a month
SELECT ResourceId, BillingCurrency, SUM(EffectiveCost) AS effective
FROM focus_unified
WHERE
    yearmonth = '202601'
    AND ServiceName = (SELECT MIN(ServiceName) FROM focus_daily WHERE yearmonth = '202601')
GROUP BY 1, 2
ORDER BY 3 DESC
LIMIT 20
