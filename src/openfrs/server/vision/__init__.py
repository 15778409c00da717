"""Vision processes: processes with the models, each with its own interpreter, that run the jobs of a server process."""
