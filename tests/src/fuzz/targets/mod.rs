//! What is fuzzed: a file a kind of reader.

mod bolt12;
mod client;
mod node;
mod onion;
mod picture;
mod schema;
mod texts;
mod types;

use super::Target;

/// All of them. The cheap ones come first.
pub const TARGETS: &[Target] = &[
    bolt12::RECORDS,
    bolt12::TEXTS,
    bolt12::PATHS,
    client::MESSAGES,
    client::RECORDS,
    node::REQUESTS,
    node::FRAMES,
    node::HOOKS,
    texts::DECODE,
    texts::BOLT_11_AND_RUNES,
    types::TYPES,
    onion::PACKETS,
    onion::PAYLOADS,
    picture::FILES,
    picture::CODES,
    schema::FILES,
];
