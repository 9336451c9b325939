//! Everything at once that a server on a network meets. The table of `docs/campaign.md` is what this prints with
//! `cargo test --test it campaign -- --nocapture`.
