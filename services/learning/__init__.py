"""What members learn: courses, progress, learning paths."""
