"""Sign-in to the console with an OpenID Connect provider, if the operator configures one."""
