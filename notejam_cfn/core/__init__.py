"""What every template is made with: the template, names, outputs between stacks, rendering, the manifest."""
