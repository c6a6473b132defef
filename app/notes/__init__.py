"""Notes and pads: the handlers, Markdown, and the export."""
