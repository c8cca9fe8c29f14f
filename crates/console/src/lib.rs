//! The web console: where the administrator of an account lives.
