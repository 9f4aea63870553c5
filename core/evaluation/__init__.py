"""Tasks, runs, measures, significance and reports: is one engine better, and could it be chance?"""
