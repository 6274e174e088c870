"""Where a series of measurements changed: steps, drifts and lone spikes, on NumPy alone."""
