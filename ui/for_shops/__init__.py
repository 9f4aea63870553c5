"""What shops' servers and pages talk to: events, assignments, the snippet."""
