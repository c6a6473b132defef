"""The process: server, logs, health check, allocator, clients of AWS, development defaults, and the image's trimming."""
