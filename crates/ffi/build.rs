//! What the linker is told about the shared library.

use std::{env, fs};

const MANIFEST: &str = "../../include/polyai_chat.json";

fn main() -> Result<(), String> {
    println!("cargo:rerun-if-changed=build.rs");
    for argument in [
        "nodelete", // threads and thread-local destructors outlive dlclose
        "relro",
        "now",
        "noexecstack",
        "defs",
    ] {
        println!("cargo:rustc-cdylib-link-arg=-Wl,-z,{argument}");
    }
    // Cargo leaves the library under its plain name, and the tests' programs look for a debug build under that one.
    if env::var("PROFILE").as_deref() == Ok("release") {
        println!("cargo:rerun-if-changed={MANIFEST}");
        println!("cargo:rustc-cdylib-link-arg=-Wl,-soname,{}", soname()?);
    }
    Ok(())
}

/// The name in the manifest, whose number changes only with an ABI that breaks programs.
fn soname() -> Result<String, String> {
    let manifest = fs::read_to_string(MANIFEST).map_err(|error| format!("{MANIFEST}: {error}"))?;
    manifest
        .split_once("\"soname\": \"")
        .and_then(|(_, rest)| rest.split_once('"'))
        .map(|(soname, _)| soname.to_owned())
        .ok_or_else(|| format!("{MANIFEST} names no soname"))
}
