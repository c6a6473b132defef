"""AWS Backup: vaults and plans, copies in a second region, snapshot exports to S3, restore tests."""
