//! Whom to talk to and how to begin: the real service or the embedded simulator, a new conversation or an old one.

use crate::configuration;
use crate::failure::Failure;
use crate::simulator::{load_script, wire_dialect};
use clap::ArgMatches;
use polyai_chat_core::{Client, Config, Conversation, Create, Error, ErrorKind, Value};
use polyai_chat_simulator::{Recording, Simulator};
use std::path::PathBuf;

/// The fields of a create, as name and text.
type AskedFor = Vec<(&'static str, String)>;

/// What a conversation needs. The simulator, if there is one, runs as long as this lives.
pub(super) struct Session {
    client: Client,
    create: Create,
    attach_to: Option<String>,
    /// What create is asked for, to be shown.
    pub(super) asked_for: AskedFor,
    simulator: Option<Simulator>,
}

impl Session {
    pub(super) fn open(matches: &ArgMatches) -> Result<Self, Failure> {
        let (create, asked_for) = create_request(matches)?;
        let (simulator, config) = if matches.get_flag("simulator") {
            let simulator = start_simulator(matches)?;
            let config = for_simulator(&simulator, matches)?;
            (Some(simulator), config)
        } else {
            (None, configuration::from_all_sources(matches)?)
        };
        Ok(Self {
            client: Client::new(config)?,
            create,
            attach_to: matches.get_one::<String>("conversation-id").cloned(),
            asked_for,
            simulator,
        })
    }

    /// Who talks to the service.
    pub(super) fn client(&self) -> &Client {
        &self.client
    }

    /// Whether the agent is the simulator's.
    pub(super) fn is_simulated(&self) -> bool {
        self.simulator.is_some()
    }

    /// Whether the conversation is created here, and therefore closed here.
    pub(super) fn creates(&self) -> bool {
        self.attach_to.is_none()
    }

    /// Begins the conversation. `check` is run while the agent is waited for, and cancels with `true`.
    pub(super) fn begin(
        &self,
        check: impl Fn() -> bool + Send + Sync + 'static,
    ) -> Result<Conversation, Error> {
        match &self.attach_to {
            Some(id) => self.client.attach(id),
            None => self.create(check),
        }
    }

    /// Creates a new conversation, whatever was to be gone on with.
    pub(super) fn create(
        &self,
        check: impl Fn() -> bool + Send + Sync + 'static,
    ) -> Result<Conversation, Error> {
        self.client.create(self.create.clone().cancel_when(check))
    }
}

fn start_simulator(matches: &ArgMatches) -> Result<Simulator, Failure> {
    let mut builder = Simulator::builder().record(Recording::Counts);
    if let Some(file) = matches.get_one::<PathBuf>("simulator-script") {
        builder = builder.script(load_script(file)?);
    }
    if let Some(dialect) = matches.get_one::<String>("dialect") {
        builder = builder.dialect(wire_dialect(dialect));
    }
    if let Some(version) = matches.get_one::<String>("api_version") {
        builder = builder.version(version);
    }
    builder
        .start()
        .map_err(|error| Failure::Machine(format!("the simulator cannot start: {error}")))
}

/// Neither environment nor profile has a say: what is set there is meant for the real service.
fn for_simulator(simulator: &Simulator, matches: &ArgMatches) -> Result<Config, Failure> {
    let mut config = Config::new()
        .base_url(simulator.url())
        .account_id(simulator.account_id())
        .project_id(simulator.project_id())
        .api_key(simulator.api_key())
        .token(simulator.token())
        .dialect(simulator.dialect().name());
    configuration::add_explicit(&mut config, matches)?;
    Ok(config)
}

/// The request, and what is in it as name and text.
fn create_request(matches: &ArgMatches) -> Result<(Create, AskedFor), Failure> {
    let text = |name: &str| matches.get_one::<String>(name).cloned();
    let language = text("lang");
    let mut create = Create::new();
    let mut asked_for = Vec::new();
    if let Some(id) = text("variant-id") {
        asked_for.push(("variant_id", id.clone()));
        create = create.variant_id(id);
    }
    if let Some(channel) = text("channel") {
        asked_for.push(("channel", channel.clone()));
        create = create.channel(channel);
    }
    if let Some(code) = text("input-lang").or_else(|| language.clone()) {
        asked_for.push(("asr_lang_code", code.clone()));
        create = create.asr_lang_code(code);
    }
    if let Some(code) = text("output-lang").or(language) {
        asked_for.push(("tts_lang_code", code.clone()));
        create = create.tts_lang_code(code);
    }
    if let Some(attributes) = attributes(matches)? {
        asked_for.push(("integration_attributes", attributes.to_string()));
        create = create.integration_attributes(attributes);
    }
    if let Some(id) = text("user-id") {
        asked_for.push(("user_id", id.clone()));
        create = create.user_id(id);
    }
    if let Some(metadata) = object(matches, "metadata-json")? {
        asked_for.push(("metadata", metadata.to_string()));
        create = create.metadata(metadata);
    }
    Ok((create, asked_for))
}

/// The attributes of both flags together.
fn attributes(matches: &ArgMatches) -> Result<Option<Value>, Failure> {
    let json = object(matches, "attributes-json")?;
    let Some(given) = matches.get_many::<(String, String)>("attribute") else {
        return Ok(json);
    };
    let mut attributes = match json {
        Some(Value::Object(attributes)) => attributes,
        _ => polyai_chat_core::Map::new(),
    };
    for (name, value) in given {
        attributes.insert(name.clone(), Value::String(value.clone()));
    }
    Ok(Some(Value::Object(attributes)))
}

fn object(matches: &ArgMatches, flag: &str) -> Result<Option<Value>, Failure> {
    let Some(text) = matches.get_one::<String>(flag) else {
        return Ok(None);
    };
    match serde_json::from_str(text) {
        Ok(value @ Value::Object(_)) => Ok(Some(value)),
        Ok(_) => Err(Failure::argument(format!(
            "--{flag}: it is JSON, but not an object; write it as {{\"name\": \"value\"}}"
        ))),
        Err(error) => Err(Failure::Own {
            kind: ErrorKind::InvalidArgument,
            message: format!("--{flag}: it is not JSON: {error}"),
        }),
    }
}
