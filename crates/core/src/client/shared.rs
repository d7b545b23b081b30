//! One client for each configuration, for hosts that forget theirs.

use super::client::Client;
use crate::config::Config;
use crate::foundation::fork::PerProcess;
use crate::foundation::sync::{Mutex, lock};
use crate::model::Error;
use once_cell::race::OnceBox;

/// More configurations than one process talks to the service with.
const MOST_SHARED: usize = 1_024;

type Shared = Mutex<Vec<(Config, Client)>>;

/// Its lock is left alone by forked children, which have a list of their own.
static SHARED: OnceBox<PerProcess<Shared>> = OnceBox::new();

impl Client {
    /// The client of this process for a configuration: makes one the first time, and gives the same one, with its open
    /// connections, whenever it is asked with the same options. For a host that forgets its objects after each request, such as
    /// PHP-FPM, and for modules of one process that do not know each other.
    ///
    /// It is kept until it is shut down, or the process ends; after [`shut_down`](Self::shut_down) the next call makes a new one.
    /// Files and variables that the configuration names are read only when it is made. Credentials that were replaced since then
    /// stay replaced. Since 0.1.0.
    ///
    /// # Errors
    /// As [`new`](Self::new); [`InvalidArgument`](crate::ErrorKind::InvalidArgument) where the configuration has a listener, which
    /// only one of the callers would expect, or there are 1,024 shared clients already.
    #[inline]
    pub fn shared(config: &Config) -> Result<Self, Error> {
        if config.has_listeners() {
            return Err(Error::invalid_argument(
                "a shared client cannot have listeners: remove on_log and on_attempt, and read recent_log_lines and recent_attempts instead",
            ));
        }
        let shared = SHARED.get_or_init(|| Box::new(PerProcess::new(Mutex::default())));
        let mut clients = lock(shared.get(Mutex::default));
        clients.retain(|(_, client)| !client.is_shut_down());
        if let Some((_, client)) = clients
            .iter()
            .find(|(known, _)| known.has_options_of(config))
        {
            return Ok(client.clone());
        }
        if clients.len() == MOST_SHARED {
            return Err(Error::invalid_argument(format!(
                "there are {MOST_SHARED} shared clients already; shut down those that are not needed any more"
            )));
        }
        let client = Self::new(config.clone())?;
        clients.push((config.clone(), client.clone()));
        Ok(client)
    }
}
