"""What the health page and /health/ready look at: what is expected, so that nothing is missed."""
