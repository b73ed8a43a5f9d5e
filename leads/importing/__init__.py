"""Files of leads: read (files, columns, cells), and what was refused of them written (errors_file)."""
