-- One row is a provider's billing month: how many resources its charges name, and how many of them
-- carry every required attribute. A resource of charges in two folders is one.
CREATE OR REPLACE VIEW ${database}.focus_tag_compliance_now AS
WITH resources AS (
    SELECT
        x_Provider,
        x_BillingMonth,
        MAX(x_IsTagged) AS is_tagged
    FROM ${database}.focus_resource_tags
    GROUP BY
        x_Provider,
        x_BillingMonth,
        BillingAccountId,
        SubAccountId,
        x_AccountName,
        ResourceId
)

SELECT
    x_Provider,
    x_BillingMonth,
    CAST(COUNT(*) AS bigint) AS x_Resources,
    CAST(SUM(is_tagged) AS bigint) AS x_TaggedResources
FROM resources
GROUP BY
    x_Provider,
    x_BillingMonth
