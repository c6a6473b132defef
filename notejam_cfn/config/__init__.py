"""notejam.toml: its fields, the settings they make, and the loader."""
