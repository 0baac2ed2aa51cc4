-- One row is what a folder's month was billed under one invoice number, or under none, as the refresh
-- worked it out and kept it. focus_invoice_costs_now has the meaning of its columns.
CREATE OR REPLACE VIEW ${database}.focus_invoice_costs AS
${kept_invoice_costs}
