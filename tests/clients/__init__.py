"""Other people's clients against our addresses."""
