"""CloudFormation stacks: what would change, carrying it out, and what to do when they are stuck."""
