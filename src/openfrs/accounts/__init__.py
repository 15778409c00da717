"""Who is asking, and for which project: domains, users, projects, access keys, tokens, signatures."""
