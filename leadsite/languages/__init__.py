"""The languages of staff pages, and who sees which. The API, logs and commands are in English always."""
