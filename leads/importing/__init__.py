"""Import of files of leads: reading (readers, columns, cells), storing (batches, runs), refused rows (errors_file)."""
