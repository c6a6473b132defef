"""What can be told from templates alone: cost, pictures, links, what flows between stacks, what backups keep."""
