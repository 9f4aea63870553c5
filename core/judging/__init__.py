"""Human relevance judgments: blind pools, queues, append-only events, exports."""
