"""Packages lib/focus_lake with its data files and the SQL of sql/ (as focus_lake/sql)."""

import re
from pathlib import Path

from setuptools import find_packages, setup

HERE = Path(__file__).parent
VERSION = re.search(
    r'^__version__ = "(.+)"$', (HERE / "lib/focus_lake/__init__.py").read_text(), re.MULTILINE
)[1]
ENDS = ("csv", "toml", "sql", "json", "txt", "properties", "css", "js", "typ")
DATA = [f"**/*.{end}" for end in ENDS]

setup(
    name="focus_lake",
    version=VERSION,
    description="Every provider's FOCUS billing files in one audited table",
    long_description=(HERE / "README.md").read_text(encoding="utf-8"),
    long_description_content_type="text/markdown",
    license="Apache-2.0",
    license_files=["LICENSE"],
    python_requires=">=3.11",
    packages=[*find_packages("lib"), "focus_lake.sql"],
    package_dir={"": "lib", "focus_lake.sql": "sql"},
    package_data={"focus_lake": DATA, "focus_lake.sql": DATA},
    # Nothing is required: Glue ships Spark, pyarrow and pandas, and a wheel that asks for them
    # would replace them there. requirements/ holds the versions that are tested together.
    install_requires=[],
    extras_require={
        "spark": ["pyspark>=3.5.6,<4.2", "pyarrow>=17", "pandas>=2.2", "boto3>=1.36"],
        "duckdb": ["duckdb>=1.4", "sqlglot[c]>=30"],
        "athena": ["pyathena>=3.9", "boto3>=1.36"],
        "trino": ["trino>=0.330"],
        # The installable form of aws-glue-libs (package awsglue); Amazon Software License.
        "glue": [
            "AWSGlueDataplanePython==5.1.0; python_version == '3.11'",
            "AWSGlueDataplanePython==6.0.0; python_version >= '3.13'",
        ],
        "dev": ["pytest", "hypothesis", "chispa", "cfn-lint", "ruff"],
    },
)
