//! What the library says about itself.

use crate::arguments::lend;
use crate::boundary::plain;
use crate::constants::{
    POLYAI_ABI_OLDEST, POLYAI_ABI_VERSION, POLYAI_STATUS_OK, polyai_delivery, polyai_status,
};
use crate::handle;
use crate::text::OwnedText;
use once_cell::race::OnceBox;
use polyai_chat_core::{Delivery, ErrorKind, OPTIONS, OptionSpec, Value};
use std::ffi::{CStr, c_char};
use std::ptr;

const VERSION: &str = concat!(env!("CARGO_PKG_VERSION"), "\0");

/// The version of the library that is loaded, such as `0.1.0`.
///
/// Blocks: never. Threads: any. Since: 0.1.0.
#[unsafe(no_mangle)]
pub extern "C" fn polyai_version() -> *const c_char {
    plain(|| {
        Ok(CStr::from_bytes_until_nul(VERSION.as_bytes())
            .unwrap_or_default()
            .as_ptr())
    })
}

/// The newest ABI that the loaded library has. A program needs at least the `POLYAI_ABI_VERSION` it was compiled with.
///
/// Blocks: never. Threads: any. Since: 0.1.0.
#[unsafe(no_mangle)]
pub extern "C" fn polyai_abi_newest() -> u32 {
    plain(|| Ok(POLYAI_ABI_VERSION))
}

/// The oldest ABI that the loaded library still has.
///
/// Blocks: never. Threads: any. Since: 0.1.0.
#[unsafe(no_mangle)]
pub extern "C" fn polyai_abi_oldest() -> u32 {
    plain(|| Ok(POLYAI_ABI_OLDEST))
}

/// What the library was built with, as words separated by spaces: the TLS library and its crypto provider, the kinds of
/// proxies, the platform.
///
/// Blocks: never. Threads: any. Since: 0.1.0.
#[unsafe(no_mangle)]
pub extern "C" fn polyai_build_features() -> *const c_char {
    plain(|| Ok(BUILD_FEATURES.as_ptr().cast()))
}

/// The name of a status, such as `timeout`; `ok` for 0, NULL for a number that this library does not know.
///
/// Blocks: never. Threads: any. Since: 0.1.0.
#[unsafe(no_mangle)]
pub extern "C" fn polyai_status_name(status: polyai_status) -> *const c_char {
    plain(|| {
        let known = ErrorKind::ALL.iter().find(|kind| kind.number() == status);
        let name = match status {
            POLYAI_STATUS_OK => Some("ok\0"),
            _ => known.map(|kind| kind.c_name()),
        };
        Ok(name.map_or(ptr::null(), |name| name.as_ptr().cast()))
    })
}

/// The name of a delivery, such as `not_sent`; NULL for a number that this library does not know.
///
/// Blocks: never. Threads: any. Since: 0.1.0.
#[unsafe(no_mangle)]
pub extern "C" fn polyai_delivery_name(delivery: polyai_delivery) -> *const c_char {
    plain(|| {
        let known = Delivery::ALL
            .iter()
            .find(|known| known.number() == delivery);
        Ok(known.map_or(ptr::null(), |known| known.c_name().as_ptr().cast()))
    })
}

/// The table of options, as a JSON array of objects: `name`, `environment_variable`, `default` (or null), `unit`,
/// `is_secret`, `summary`.
///
/// Blocks: never. Threads: any. Since: 0.1.0.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn polyai_options_json(length: *mut usize) -> *const c_char {
    plain(|| {
        let text = OPTIONS_JSON.get_or_init(|| {
            let options: Vec<Value> = OPTIONS.iter().map(OptionSpec::to_json).collect();
            Box::new(OwnedText::new(Value::from(options).to_string()))
        });
        Ok(lend(Some(text), length))
    })
}

/// How many handles there are that have not been freed, for tests that look for leaks. Its cost grows with their number.
///
/// Blocks: never. Threads: any. Since: 0.1.0.
#[unsafe(no_mangle)]
pub extern "C" fn polyai_live_handles() -> usize {
    plain(|| Ok(handle::count()))
}

static OPTIONS_JSON: OnceBox<OwnedText> = OnceBox::new();

const BUILD_FEATURES: &str = concat!(
    "tls=rustls crypto=ring proxies=http,https,socks5,socks5h ",
    env!("POLYAI_TARGET"),
    "\0"
);
