"""Files of messages at the providers: what is fetched from them, and what they accept."""
