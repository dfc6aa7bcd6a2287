"""What learning does: takes courses and progress, hears of members, recommends."""
