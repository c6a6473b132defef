"""The VPC with its subnets, routes and endpoints, and security groups."""
