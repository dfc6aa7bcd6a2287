"""Entry points that start, supervise, fill and train the whole."""
