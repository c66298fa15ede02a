"""The journal of all that reached the broker, and the account that each consuming service keeps of what it applied."""
