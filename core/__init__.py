"""Ground: words and doors that every room needs. Knows no lift and no camera."""
