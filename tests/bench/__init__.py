"""`make bench`: the figures of docs/benchmarks.md, measured anew.

A real server process, a real file, a real flush of the disk; ratios within one run, because the
machines that run this are shared and noisy.
"""
