"""Senders behind one port."""
