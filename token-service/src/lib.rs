//! token-service
