-- One row is one charge of any provider, as AWS's FOCUS dashboard (cid-cmd) wants it: FOCUS 1.2 columns in lower case, numbers as double.
-- A double has some 16 digits: sums of it are for pictures, those of focus_unified for books.
CREATE OR REPLACE VIEW ${database}.focus_consolidation_view AS
SELECT
${consolidation_columns},
    CONCAT(SUBSTR(x_BillingMonth, 1, 4), '-', SUBSTR(x_BillingMonth, 5, 2)) AS billing_period
FROM ${database}.focus_unified
