"""`kip doctor`: looks at everything that Kịp stands on, and says what is wrong and what cures it."""
