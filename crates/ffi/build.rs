//! What the linker is told about the shared library.

use std::{env, fs};

const MANIFEST: &str = "../../include/polyai_chat.json";

fn main() -> Result<(), String> {
    println!("cargo:rerun-if-changed=build.rs");
    name_the_target();
    if env::var("CARGO_CFG_TARGET_OS").as_deref() != Ok("linux") {
        return Ok(());
    }
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

/// For `polyai_build_features`: the target, and the C library where there are several.
fn name_the_target() {
    let of_target = |what: &str| env::var(format!("CARGO_CFG_TARGET_{what}")).unwrap_or_default();
    let libc = match of_target("ENV") {
        gnu if gnu == "gnu" && of_target("OS") == "linux" => "glibc".to_owned(),
        other => other,
    };
    let (os, arch) = (of_target("OS"), of_target("ARCH"));
    println!("cargo:rustc-env=POLYAI_TARGET=os={os} arch={arch} libc={libc}");
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
