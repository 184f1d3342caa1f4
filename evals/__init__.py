"""Fixed questions, pure metrics, a runner and baselines: how good the answers are."""
