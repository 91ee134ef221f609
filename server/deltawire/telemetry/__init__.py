"""Telemetry: metrics, and a log line and a span for each turn."""
