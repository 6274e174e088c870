"""Two versions of the code side by side, with the evidence for each difference."""
