"""What the sender, and reports about sent messages, read and write: parts of Message.objects."""
