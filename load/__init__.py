"""Measures a running Taskmesh from outside: latency, throughput, CPU, and whether what was accepted is there.

Serves nobody, and nothing that serves needs it.
"""
