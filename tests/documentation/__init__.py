"""The pages are correct and complete, and the site builds."""
