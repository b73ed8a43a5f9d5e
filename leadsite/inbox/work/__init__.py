"""What staff do in the inbox beside answering: leads, notes, labels, reminders, quick replies, views, the board."""
