"""Where hits, visits and totals are kept. SQL stands here and nowhere else."""
