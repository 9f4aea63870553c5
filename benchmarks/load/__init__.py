"""Load tests over HTTP against the real app; see benchmarks/README.md."""
