"""Evaluation of engines: tasks, runs, measures, significance tests and reports."""
