"""`kip dead`: what was accepted and could not be used, wherever it lies: a source of dead things a file."""
