"""The process: server, logs, health check, allocator, AWS clients, development defaults, and the image's trimming."""
