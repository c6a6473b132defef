"""The process: server, logs, health check, allocator, development defaults, and the image's trimming."""
