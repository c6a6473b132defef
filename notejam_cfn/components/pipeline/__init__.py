"""CodePipeline and CodeBuild: source, builds, rollouts, their roles, and what developers may do."""
