"""IAM policies by intent, and the actions that CloudFormation needs for each resource type."""
