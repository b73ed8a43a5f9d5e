"""Files of messages: their bytes in a storage, what they are, their small pictures. Knows no provider."""
