"""Other people's formats, mapped onto ours as data: a mapping file makes a new vendor speak."""
