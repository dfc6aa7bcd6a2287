"""What learning knows: courses, learners, and the paths that follow."""
