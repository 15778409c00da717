"""What a picture means in the API's terms: faces, comparisons, templates and similarity."""
