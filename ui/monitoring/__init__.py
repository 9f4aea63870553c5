"""What the machines around a served studio ask: health, readiness, metrics."""
