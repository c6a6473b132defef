"""The building blocks: each adds its resources to a template and returns what others may use of them."""
