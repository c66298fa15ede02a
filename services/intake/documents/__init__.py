"""What describes intake to those who post to it: generated from the models, served, and kept in docs/api."""
