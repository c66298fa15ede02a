"""The benchmark: the pipeline, its peers and the ceilings, in one run on one machine. See docs/benchmarks.md."""
