"""Signing in over HTTP: who sends a request, the gate in front of all routes, the page."""
