"""The one place that calls AWS: the client, the errors it raises and the plain data it returns."""
