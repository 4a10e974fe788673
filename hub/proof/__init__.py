"""`hub proof`: an operator sees on his own machine what is promised, before he trusts it."""
