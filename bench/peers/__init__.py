"""What else one could have built: honest, working programs behind the same door, with the same cells."""
