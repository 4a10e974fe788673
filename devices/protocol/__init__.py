"""The wire contract: topics, messages and a codec without sockets."""
