"""The copy from Alibaba's OSS to S3: what the function runs."""
