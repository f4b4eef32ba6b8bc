"""What the performance figures in docs/benchmarks.md come from: `make bench`."""
