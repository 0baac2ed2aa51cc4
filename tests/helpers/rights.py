"""The rights that a job's calls need, by AWS's own tables, and what the template's roles allow."""

from __future__ import annotations

import re
from fnmatch import fnmatchcase

from helpers.stack_template import Resolved, statements

# The right that a call needs. AWS service authorization reference, read 2026-11-21.
S3_RIGHTS = {
    "HeadBucket": "s3:ListBucket",
    "ListObjectsV2": "s3:ListBucket",
    "HeadObject": "s3:GetObject",
    "GetObject": "s3:GetObject",
    "PutObject": "s3:PutObject",
    "CreateMultipartUpload": "s3:PutObject",
    "UploadPart": "s3:PutObject",
    "UploadPartCopy": "s3:PutObject",
    "CompleteMultipartUpload": "s3:PutObject",
    "CopyObject": "s3:PutObject",
    "AbortMultipartUpload": "s3:AbortMultipartUpload",
    "DeleteObjects": "s3:DeleteObject",
}
# What Athena does in the caller's name for a statement. Athena user guide, 'Configure access to
# databases and tables in the AWS Glue Data Catalog', read 2026-11-21.
PARTITIONS = {"glue:GetPartition", "glue:GetPartitions", "glue:BatchGetPartition"}
READS = {"glue:GetDatabase", "glue:GetTable"}
GLUE_RIGHTS = {
    r"SELECT": READS | PARTITIONS,
    r"UNLOAD": READS | PARTITIONS,
    r"CREATE EXTERNAL TABLE": READS | {"glue:CreateTable"},
    r"CREATE OR REPLACE VIEW": READS | {"glue:CreateTable", "glue:UpdateTable"},
    r"ALTER TABLE \S+ ADD COLUMNS": READS | {"glue:UpdateTable"},
    r"ALTER TABLE \S+ ADD IF NOT EXISTS": READS | PARTITIONS | {"glue:BatchCreatePartition"},
    r"ALTER TABLE \S+ DROP IF EXISTS": READS
    | PARTITIONS
    | {"glue:DeletePartition", "glue:BatchDeletePartition"},
    r"MSCK REPAIR TABLE": READS | PARTITIONS | {"glue:BatchCreatePartition"},
    r"SHOW PARTITIONS": READS | {"glue:GetPartitions"},
    r"SHOW CREATE VIEW": READS,
    r"DROP TABLE": READS | PARTITIONS | {"glue:DeleteTable"},
}
METADATA_RIGHTS = {
    "ListTableMetadata": {"athena:ListTableMetadata", "glue:GetTables", "glue:GetDatabase"},
    "GetTableMetadata": {"athena:GetTableMetadata", "glue:GetTable", "glue:GetDatabase"},
}
# Athena writes results, and looks for the bucket and its parts, in the caller's name.
RESULTS = {
    "s3:GetBucketLocation",
    "s3:ListBucket",
    "s3:ListBucketMultipartUploads",
    "s3:GetObject",
    "s3:PutObject",
    "s3:AbortMultipartUpload",
    "s3:ListMultipartUploadParts",
}
ASKS = ("SELECT", "UNLOAD")  # how statements begin that read views
# Glue itself: its log, and the job's files. AWS managed policy AWSGlueServiceRole, on places
# instead of stars, read 2026-11-26.
GLUE_ITSELF = {
    "s3:ListBucket",
    "s3:GetBucketLocation",
    "logs:CreateLogGroup",
    "logs:CreateLogStream",
    "logs:DescribeLogStreams",
    "logs:PutLogEvents",
    "s3:GetObject",
}
# What Athena wants of whoever asks it, whatever is asked: AWS's page 'Configure access to databases
# and tables in the AWS Glue Data Catalog', read 2026-11-25.
ATHENA_ALWAYS = {
    "athena:GetDataCatalog",
    "glue:GetDatabase",
    "glue:GetDatabases",
    "glue:CreateDatabase",
}
# What Athena's console and the JDBC and ODBC drivers ask besides, to show workgroups, tables and
# the queries that ran. Athena user guide, 'Example workgroup policies', read 2026-11-26.
CONSOLE_ON_WORKGROUP = {
    "athena:GetWorkGroup",
    "athena:ListQueryExecutions",
    "athena:BatchGetQueryExecution",
    "athena:GetQueryRuntimeStatistics",
    "athena:GetQueryResultsStream",
}
CONSOLE_ON_CATALOG = {
    "athena:GetDataCatalog",
    "athena:ListDatabases",
    "athena:GetDatabase",
    "athena:ListTableMetadata",
    "athena:GetTableMetadata",
}
CONSOLE_ON_ALL = {"athena:ListWorkGroups", "athena:ListDataCatalogs"}  # they know no resource


def allowed(holder: dict, action: str, arn: str) -> bool:
    return any(
        action in one["Action"] and any(fnmatchcase(arn, pattern) for pattern in one["Resource"])
        for one in statements(holder)
        if one["Effect"] == "Allow"
    )


def needed(operation: str, parameters: dict) -> list[tuple[str, str]]:
    """(right, ARN) of one S3 call."""
    arn, right = f"arn:aws:s3:::{parameters['Bucket']}", S3_RIGHTS[operation]
    if right == "s3:ListBucket":
        return [(right, arn)]
    if operation == "DeleteObjects":
        return [(right, f"{arn}/{item['Key']}") for item in parameters["Delete"]["Objects"]]
    found = [(right, f"{arn}/{parameters['Key']}")]
    if source := parameters.get("CopySource"):
        found.append(("s3:GetObject", f"arn:aws:s3:::{source['Bucket']}/{source['Key']}"))
    return found


def s3_needs(calls) -> set[tuple[str, str]]:
    s3 = [(operation, parameters) for service, operation, parameters in calls if service == "s3"]
    return {pair for operation, parameters in s3 for pair in needed(operation, parameters)}


def actions(holder: dict) -> set[str]:
    return {action for one in statements(holder) for action in one["Action"]}


def template(bucket: str, **more: str) -> Resolved:
    places = {"RawBucketName": bucket, "RawPrefix": "bills/"}
    return Resolved(**places, LakeBucketName=bucket, LakePrefix="lake/", **more)


def read_by_queries(statements: list[str]) -> set[str]:
    """The lake's folders whose files SELECT and UNLOAD statements read, through whatever views."""
    views, tables, todo = {}, {}, []
    for sql in statements:
        if made := re.match(r"CREATE OR REPLACE VIEW focus\.(\w+)", sql):
            views[made[1]] = sql
        elif made := re.match(r"CREATE EXTERNAL TABLE IF NOT EXISTS focus\.(\w+)", sql):
            tables[made[1]] = re.search(r"LOCATION 's3://[^/]+/lake/(\w+)/", sql)[1]
        elif sql.startswith(ASKS):
            todo += re.findall(r"focus\.(\w+)", sql)
    read, seen = set(), set()
    while todo:
        name = todo.pop()
        if name in views and name not in seen:
            todo += re.findall(r"focus\.(\w+)", views[name])
        elif name in tables:
            read.add(tables[name])
        seen.add(name)
    return read


def unload_needs(statements: list[str]) -> set[tuple[str, str]]:
    """(right, ARN) of what Athena writes for UNLOAD in the caller's name, and of reading that."""
    found = re.findall(r"\) TO 's3://([^']+)' WITH \(", "\n".join(statements))
    rights = {"s3:PutObject", "s3:AbortMultipartUpload", "s3:ListMultipartUploadParts"}
    return {
        (right, f"arn:aws:s3:::{target}data")
        for target in found
        for right in (*rights, "s3:GetObject")
    }


def athena_needs(calls, statements: list[str]) -> set[str]:
    """The rights of the calls to Athena, and of what it does in the caller's name for them."""
    rights = RESULTS | ATHENA_ALWAYS
    for service, operation, _ in calls:
        if service == "athena":
            rights |= METADATA_RIGHTS.get(operation, {f"athena:{operation}"})
    for sql in statements:
        [kind] = [kind for kind in GLUE_RIGHTS if re.match(kind, sql)]
        rights |= GLUE_RIGHTS[kind]
    return rights
