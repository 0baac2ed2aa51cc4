-- One row is one partition that the folder has and the table lacked.
MSCK REPAIR TABLE ${database}.focus_${provider}_daily
