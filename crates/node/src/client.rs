//! The client.

use crate::conversation::Conversation;
use crate::events::{Events, Shared};
use crate::failure::{Result, failed};
use crate::request::{CancelToken, duration, parsed, read, respond};
use crate::turn::Turn;
use napi_derive::napi;
use polyai_chat_core::{self as core, Config, Error, LogLevel, LogLine, SettingDescription, Value};
use std::path::Path;

/// Talks to one project of the service.
#[napi]
pub struct Client {
    client: core::Client,
    events: Shared,
    settings: String,
}

#[napi]
impl Client {
    /// Makes a client. `source` says what is read before the options: `environment`, or `profile` with its name and file, which may be null.
    /// Listeners are told of attempts if `wants_attempts`, and of log lines up to `log_level`, each time with the client's number.
    ///
    /// # Errors
    /// Something is missing or wrong.
    #[napi(constructor)]
    pub fn new(
        events: &Events,
        number: u32,
        source: String,
        options: String,
        wants_attempts: bool,
        log_level: u32,
    ) -> Result<Self> {
        let config = failed(configured(&source, &options))?;
        let settings = config.describe();
        let settings: Value = settings.iter().map(SettingDescription::to_json).collect();
        let events = events.shared();
        let config = listening(config, &events, number, wants_attempts, log_level);
        Ok(Self {
            client: failed(core::Client::new(config))?,
            events,
            settings: settings.to_string(),
        })
    }

    /// The value of each option and where it came from, as JSON.
    #[napi(getter)]
    pub fn settings(&self) -> &str {
        &self.settings
    }

    /// Where the service is.
    #[napi(getter)]
    pub fn base_url(&self) -> &str {
        self.client.base_url()
    }

    /// The name of the dialect.
    #[napi(getter)]
    pub fn dialect(&self) -> &str {
        self.client.dialect().name()
    }

    /// The proxy, if there is one.
    #[napi(getter)]
    pub fn proxy(&self) -> Option<String> {
        self.client.proxy()
    }

    /// Starts to create a conversation.
    ///
    /// # Errors
    /// Something in the request is wrong.
    #[napi]
    pub fn start_create(
        &self,
        number: u32,
        request: String,
        cancel: Option<&CancelToken>,
    ) -> Result<Turn> {
        let turn = self.client.start_create(read(&request, cancel)?);
        Turn::started(turn, &self.events, number)
    }

    /// Goes on with a conversation.
    ///
    /// # Errors
    /// The id is empty or too long.
    #[napi]
    pub fn attach(&self, id: String) -> Result<Conversation> {
        let conversation = failed(self.client.attach(id))?;
        Ok(Conversation::new(conversation, self.events.clone()))
    }

    /// Starts a turn by the id of its conversation.
    ///
    /// # Errors
    /// Something in the request is wrong.
    #[napi]
    pub fn start_respond(
        &self,
        number: u32,
        id: String,
        message: Option<String>,
        request: String,
        cancel: Option<&CancelToken>,
    ) -> Result<Turn> {
        let turn = self
            .client
            .start_respond(id, respond(message, &request, cancel)?);
        Turn::started(turn, &self.events, number)
    }

    /// Starts to close a conversation by its id.
    ///
    /// # Errors
    /// Something in the request is wrong.
    #[napi]
    pub fn start_close_conversation(
        &self,
        number: u32,
        id: String,
        request: String,
        cancel: Option<&CancelToken>,
    ) -> Result<Turn> {
        let turn = self
            .client
            .start_close_conversation(id, read(&request, cancel)?);
        Turn::started(turn, &self.events, number)
    }

    /// Starts to open a connection.
    ///
    /// # Errors
    /// The time is not above 0, or longer than a day.
    #[napi]
    pub fn start_warm_up(&self, number: u32, timeout_ms: f64) -> Result<Turn> {
        let timeout = failed(duration("timeoutMs", Some(timeout_ms)))?;
        let turn = self.client.start_warm_up(timeout);
        Turn::started(turn, &self.events, number)
    }

    /// Replaces key and token, as a pair.
    ///
    /// # Errors
    /// One of them cannot stand in a header.
    #[napi]
    pub fn replace_credentials(&self, api_key: String, token: String) -> Result<()> {
        failed(self.client.replace_credentials(api_key, token))
    }

    /// Ends every call, and refuses later ones.
    #[napi]
    pub fn shut_down(&self) {
        self.client.shut_down();
    }

    /// The counters, as JSON.
    #[napi]
    pub fn metrics(&self) -> String {
        self.client.metrics().to_json().to_string()
    }

    /// The last attempts whose serial numbers are larger than this, as JSON.
    #[napi]
    pub fn recent_attempts(&self, after: f64) -> String {
        let attempts = self.client.recent_attempts(serial(after));
        let all: Value = attempts.iter().map(core::Attempt::to_json).collect();
        all.to_string()
    }

    /// As `recent_attempts`, each as a line for a log.
    #[napi]
    pub fn recent_log_lines(&self, after: f64) -> String {
        let lines = self.client.recent_log_lines(serial(after));
        let all: Value = lines.iter().map(LogLine::to_json).collect();
        all.to_string()
    }
}

#[allow(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "the package has seen that it is a whole number; `as` keeps within bounds"
)]
fn serial(number: f64) -> u64 {
    number as u64
}

fn configured(source: &str, options: &str) -> std::result::Result<Config, Error> {
    let source = parsed(source)?;
    let text = |name| source.get(name).and_then(Value::as_str);
    let mut config = match (source.contains_key("environment"), text("file")) {
        (true, _) => Config::from_environment()?,
        (false, Some(file)) => Config::new().with_profile_from(Path::new(file), text("profile"))?,
        (false, None) if source.contains_key("profile") => {
            Config::new().with_profile(text("profile"))?
        }
        (false, None) => Config::new(),
    };
    for (name, value) in parsed(options)? {
        config.set(&name, value.as_str().unwrap_or_default())?;
    }
    Ok(config)
}

fn listening(
    config: Config,
    events: &Shared,
    number: u32,
    wants_attempts: bool,
    log_level: u32,
) -> Config {
    let config = match wants_attempts {
        true => {
            let events = events.clone();
            config.on_attempt(move |attempt| events.attempt(number, attempt))
        }
        false => config,
    };
    if log_level == 0 {
        return config;
    }
    let events = events.clone();
    config
        .on_log(move |level, line| events.line(number, level, line))
        .log_filter(move |level: LogLevel| level.number() <= log_level)
}
