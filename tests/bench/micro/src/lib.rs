//! Holds only benchmarks: `cargo bench --manifest-path tests/bench/micro/Cargo.toml`.
