"""Roof: settings, wiring and the command line. The only package that knows everything."""
