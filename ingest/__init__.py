"""From broker to history: what lifts and kitchens say, kept."""
