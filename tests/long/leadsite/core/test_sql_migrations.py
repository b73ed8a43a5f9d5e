"""Migrations work forward and backward, and create the functions of the SQL files."""
