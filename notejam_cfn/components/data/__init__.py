"""Aurora, and the KMS key that encrypts what a stage holds."""
