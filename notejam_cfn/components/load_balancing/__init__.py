"""The Application Load Balancer with its listeners, certificate, records, firewall and access logs."""
