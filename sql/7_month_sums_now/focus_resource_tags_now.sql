-- One row is a resource that a month's charges name, and whether any of them carries every required
-- attribute (x_IsTagged: 1 or 0). An id is a resource's within its account; accounts without an id
-- have a name (x_AccountName).
CREATE OR REPLACE VIEW ${database}.focus_resource_tags_now AS
SELECT
    yearmonth,
    x_Provider,
    x_BillingMonth,
    BillingAccountId,
    SubAccountId,
    CASE WHEN ${sub_account_is_blank} THEN SubAccountName END AS x_AccountName,
    ResourceId,
    CAST(MAX(CASE WHEN ${has_required_attributes} THEN 1 ELSE 0 END) AS bigint) AS x_IsTagged
FROM ${database}.focus_unified
WHERE ResourceId IS NOT NULL
GROUP BY
    yearmonth,
    x_Provider,
    x_BillingMonth,
    BillingAccountId,
    SubAccountId,
    CASE WHEN ${sub_account_is_blank} THEN SubAccountName END,
    ResourceId
