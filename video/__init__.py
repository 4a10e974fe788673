"""From camera to browser: remuxed, never transcoded."""
