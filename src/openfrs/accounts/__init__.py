"""Accounts: domains, users, projects, access keys, authentication, quotas and the audit log."""
