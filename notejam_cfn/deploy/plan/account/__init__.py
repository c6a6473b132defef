"""What a plan asks the account: quotas, service-linked roles, stacks that nothing builds, parameters people set."""
