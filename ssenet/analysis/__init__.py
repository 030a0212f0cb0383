"""What maps say about a network: equivariance, thresholds, differences, rankings. Pure functions, free of torch."""
