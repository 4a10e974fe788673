"""What is wrong, who must know, and how long it may take."""
