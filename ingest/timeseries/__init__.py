"""History of measurements behind one port."""
