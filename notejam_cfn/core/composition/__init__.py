"""What a template does on composing and on rendering: tags, owners, the order of resources, and its possible parts."""
