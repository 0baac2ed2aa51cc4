"""The job: plan the batches, read them in Spark tasks, publish or refuse them."""
