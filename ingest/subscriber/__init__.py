"""An MQTT subscriber for the telemetry lane: a codec without sockets, a thin shell with one."""
