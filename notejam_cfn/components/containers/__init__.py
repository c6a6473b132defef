"""ECS on Fargate: cluster, services, task definitions, scaling, and the images' repository."""
