"""The way in over CloudFront: the distribution, its private way to the load balancer, and what it has in us-east-1."""
