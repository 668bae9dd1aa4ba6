//! What is tested across the crates stands in `tests/`.
