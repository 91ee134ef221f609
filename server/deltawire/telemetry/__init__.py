"""What can be seen of this server from outside: metrics, and of each turn a log line and a span."""
