"""Takes the tables of the previous system (Next.js and Supabase) into ours: manage.py import_supabase.

sources/ reads dumps, CSV files and databases; rows.py reads their rows; staging.py loads them into temporary tables and
links them; plan.py decides what becomes of a customer's rows; store.py writes it; migration.py runs it all.
"""
