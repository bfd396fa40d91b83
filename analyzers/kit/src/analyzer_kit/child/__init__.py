"""The confined child process that opens media: how it is started, limited and spoken to, on both sides."""
