"""The page: everything that ran, as one HTML file that needs nothing else."""
