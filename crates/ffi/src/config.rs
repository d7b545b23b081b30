//! The configuration.

use crate::arguments::{Handle, new_handle, optional_text, text, write_text};
use crate::boundary::{fallible, plain};
use crate::callback::Callback;
use crate::constants::{
    polyai_attempt_callback, polyai_log_callback, polyai_release_callback, polyai_status,
};
use crate::error::polyai_error;
use crate::handle::{InUse, Kind, Object};
use crate::text::OwnedText;
use polyai_chat_core::{Error, SettingDescription, Value};
use std::ffi::{c_char, c_void};
use std::path::Path;
use std::sync::{Mutex, MutexGuard, TryLockError};

/// Options, of which clients are made.
#[derive(Default)]
pub struct polyai_config(Mutex<polyai_chat_core::Config>);

impl Object for polyai_config {
    const KIND: Kind = Kind::Config;
}

impl polyai_config {
    /// Never waits for another thread: two at the same time break the rule that the header states.
    pub(crate) fn open(&self) -> Result<MutexGuard<'_, polyai_chat_core::Config>, Error> {
        open(&self.0, "polyai_config")
    }
}

/// What one thread at a time may use.
pub(crate) fn open<'a, T>(
    mutex: &'a Mutex<T>,
    type_name: &str,
) -> Result<MutexGuard<'a, T>, Error> {
    match mutex.try_lock() {
        Ok(guard) => Ok(guard),
        Err(TryLockError::Poisoned(poisoned)) => Ok(poisoned.into_inner()),
        Err(TryLockError::WouldBlock) => Err(Error::invalid_argument(format!(
            "another thread uses this {type_name} at the same time; one thread at a time may"
        ))),
    }
}

/// Makes a configuration in which nothing is set.
///
/// NULL only when the table of handles is full. Passing that NULL on fails with `POLYAI_STATUS_INVALID_ARGUMENT`.
///
/// Blocks: never. Threads: any. Since: 0.1.0.
#[must_use]
#[unsafe(no_mangle)]
pub extern "C" fn polyai_config_new() -> *mut polyai_config {
    plain(|| new_handle(polyai_config::default()))
}

/// Frees a configuration. Clients that were made from it keep their copy.
///
/// Blocks: never. Threads: any. Since: 0.1.0.
#[unsafe(no_mangle)]
pub extern "C" fn polyai_config_free(config: *mut polyai_config) {
    plain(|| config.free("config"));
}

/// Sets one option, by its name in the table of options; times and sizes end in their unit, such as `timeout_ms`.
///
/// What is set here beats the environment and profiles. Set only one of `region`, `base_url` and `studio_url`.
///
/// Errors: `POLYAI_STATUS_INVALID_ARGUMENT` for an unknown name, `POLYAI_STATUS_CONFIGURATION` for a wrong value. Nothing is
/// changed then.
///
/// Blocks: never. Threads: one at a time for a config. Since: 0.1.0.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn polyai_config_set(
    config: *mut polyai_config,
    name: *const c_char,
    name_length: usize,
    value: *const c_char,
    value_length: usize,
    error: *mut *mut polyai_error,
) -> polyai_status {
    fallible(error, || {
        let config = config.get("config")?;
        let (name, value) = (
            text(name, name_length, "name")?,
            text(value, value_length, "value")?,
        );
        config.open()?.set(name, value)
    })
}

/// Reads the environment variables `POLYAI_...`, each named `POLYAI_` and the option in capitals. An empty one counts as
/// not set. This is the only way that the library comes to read them.
///
/// Errors: `POLYAI_STATUS_CONFIGURATION` for a wrong value, with its variable. Nothing is changed then.
///
/// Blocks: never. Threads: one at a time for a config, and none that changes the environment. Since: 0.1.0.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn polyai_config_load_environment(
    config: *mut polyai_config,
    error: *mut *mut polyai_error,
) -> polyai_status {
    fallible(error, || {
        replace(
            &config.get("config")?,
            polyai_chat_core::Config::with_environment,
        )
    })
}

/// Reads a profile of a configuration file: without `profile` the one named `default`; without `file` that of
/// `$POLYAI_CONFIG_FILE`, else `$XDG_CONFIG_HOME/polyai/config.toml`, else `~/.config/polyai/config.toml`.
///
/// Errors: `POLYAI_STATUS_CONFIGURATION`, with file and line. Nothing is changed then.
///
/// Blocks: while the file is read. Threads: one at a time for a config. Since: 0.1.0.
/// May be NULL: profile, file.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn polyai_config_load_profile(
    config: *mut polyai_config,
    profile: *const c_char,
    profile_length: usize,
    file: *const c_char,
    file_length: usize,
    error: *mut *mut polyai_error,
) -> polyai_status {
    fallible(error, || {
        let config = config.get("config")?;
        let (profile, file) = (
            optional_text(profile, profile_length, "profile")?,
            optional_text(file, file_length, "file")?,
        );
        replace(&config, |settings| match &file {
            Some(file) => settings.with_profile_from(Path::new(file), profile),
            None => settings.with_profile(profile),
        })
    })
}

/// Sets a log callback for clients created from this config afterwards. It gets one line after every attempt of a call.
///
/// `release`, if given, is called with `user_data` when no client and no config needs it any more, and at once when this
/// call fails.
///
/// Errors: `POLYAI_STATUS_INVALID_ARGUMENT`.
///
/// Blocks: never. Threads: one at a time for a config. Since: 0.1.0.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn polyai_config_set_log_callback(
    config: *mut polyai_config,
    callback: polyai_log_callback,
    user_data: *mut c_void,
    release: polyai_release_callback,
    error: *mut *mut polyai_error,
) -> polyai_status {
    fallible(error, || {
        let callback = Callback::new(callback, user_data, release)?;
        replace(&config.get("config")?, |settings| {
            Ok(settings.on_log(move |level, line| {
                let line = OwnedText::new(line);
                // SAFETY: the caller says that it can be called so; the line lives until it returns.
                unsafe {
                    callback.function()(
                        callback.user_data(),
                        level.number(),
                        line.as_pointer(),
                        line.length(),
                    );
                }
            }))
        })
    })
}

/// Sets a callback for clients created from this config afterwards. It gets each attempt of a call as a JSON object: `serial` (its
/// number among the client's attempts), `number` (which of its call it was), `operation`, `correlation_id`, `started_at_unix_ms`,
/// `elapsed_us`, `phase`, `kind`, `delivery`, `status`, `outcome`, `is_retried`, `address`, `reused_connection`, `resolve_us`, `connect_us`, `proxy_us`, `tls_us`, `send_us`, `wait_us`, `read_us`,
/// `bytes_sent`, `bytes_received`; null where something is not known or was not needed.
///
/// `release` as in `polyai_config_set_log_callback`.
///
/// Errors: `POLYAI_STATUS_INVALID_ARGUMENT`.
///
/// Blocks: never. Threads: one at a time for a config. Since: 0.1.0.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn polyai_config_set_attempt_callback(
    config: *mut polyai_config,
    callback: polyai_attempt_callback,
    user_data: *mut c_void,
    release: polyai_release_callback,
    error: *mut *mut polyai_error,
) -> polyai_status {
    fallible(error, || {
        let callback = Callback::new(callback, user_data, release)?;
        replace(&config.get("config")?, |settings| {
            Ok(settings.on_attempt(move |attempt| {
                let attempt = OwnedText::new(attempt.to_json().to_string());
                // SAFETY: the caller says that it can be called so; the text lives until it returns.
                unsafe {
                    callback.function()(
                        callback.user_data(),
                        attempt.as_pointer(),
                        attempt.length(),
                    );
                }
            }))
        })
    })
}

/// The effective value of each option and its source, as a JSON array of objects: `name`, `value` (null when not set; `set` for a secret),
/// `origin`.
///
/// Writes the text and a NUL into `buffer`, and the length without the NUL into `length`. With a capacity of 0 it
/// only says the length. When there is not room for all, it fails, and `length` says how long the text is.
///
/// Errors: `POLYAI_STATUS_INVALID_ARGUMENT`.
///
/// Blocks: never. Threads: one at a time for a config. Since: 0.1.0.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn polyai_config_describe_json(
    config: *const polyai_config,
    buffer: *mut c_char,
    capacity: usize,
    length: *mut usize,
    error: *mut *mut polyai_error,
) -> polyai_status {
    fallible(error, || {
        let config = config.get("config")?;
        let settings: Vec<Value> = config
            .open()?
            .describe()
            .iter()
            .map(SettingDescription::to_json)
            .collect();
        write_text(buffer, capacity, length, &Value::from(settings).to_string())
    })
}

/// Changes a configuration as a whole, or not at all.
fn replace(
    config: &InUse<polyai_config>,
    change: impl FnOnce(polyai_chat_core::Config) -> Result<polyai_chat_core::Config, Error>,
) -> Result<(), Error> {
    let mut settings = config.open()?;
    *settings = change(settings.clone())?;
    Ok(())
}
