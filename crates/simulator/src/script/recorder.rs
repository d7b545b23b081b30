//! Conversations as they went, written as a script.

use super::conversation_entries::KNOWN_FIELDS;
use super::placeholders;
use crate::settings::Dialect;
use serde_json::{Map, Value};
use std::time::Duration;

/// Writes conversations as a script that replays them, piece by piece: each piece is appended to those before it, and
/// after each the text is a whole script.
///
/// ```
/// use polyai_chat_simulator::{Dialect, RecordedReply, Script, ScriptRecorder};
/// use std::time::Duration;
///
/// let mut recorder = ScriptRecorder::new(Dialect::Current).without(|text| text.replace("my-key", "[redacted]"));
/// let mut text = recorder.greeting("Hello!", &Default::default(), Duration::from_millis(210));
/// text += &recorder.turn(Some("Goodbye"), &RecordedReply {
///     response: "Thank you, my-key!",
///     end_conversation: true,
///     handoff: None,
///     fields: &Default::default(),
///     delay: Duration::from_millis(460),
/// });
/// assert!(text.contains(r#"reply = "Thank you, [redacted]!""#));
/// Script::parse(&text, "recording.toml").expect("a recording is a script");
/// ```
pub struct ScriptRecorder {
    dialect: Dialect,
    without_secrets: Box<dyn Fn(&str) -> String + Send>,
    placeholders: bool,
    notes: Vec<String>,
    begun: bool,
    /// How many turns of the present conversation are written; `None` where none is under way.
    turns: Option<u64>,
}

/// The reply to one turn, as it came.
#[derive(Clone, Copy, Debug)]
pub struct RecordedReply<'a> {
    /// The agent's words.
    pub response: &'a str,
    /// Whether the conversation is over.
    pub end_conversation: bool,
    /// The handoff, whatever its shape.
    pub handoff: Option<&'a Value>,
    /// What else the reply held.
    pub fields: &'a Map<String, Value>,
    /// How long the agent took.
    pub delay: Duration,
}

/// The error that the service answered in place of a reply.
#[derive(Clone, Copy, Debug)]
pub struct RecordedError<'a> {
    /// The HTTP status.
    pub status: u16,
    /// The service's code, if it gave one.
    pub error_code: Option<&'a str>,
    /// What `Retry-After` asked for.
    pub retry_after: Option<Duration>,
    /// How many attempts in a row were answered so.
    pub times: u64,
}

impl ScriptRecorder {
    /// A recorder of conversations in this dialect.
    #[must_use]
    pub fn new(dialect: Dialect) -> Self {
        Self {
            dialect,
            without_secrets: Box::new(str::to_owned),
            placeholders: false,
            notes: Vec::new(),
            begun: false,
            turns: None,
        }
    }

    /// Sends every text that is recorded through this function, which takes the secrets out.
    #[must_use]
    pub fn without(mut self, secrets: impl Fn(&str) -> String + Send + 'static) -> Self {
        self.without_secrets = Box::new(secrets);
        self
    }

    /// Writes placeholders in place of what customer and agent say: `message 1`, `reply 1`, filled up to roughly the same
    /// length. An empty text stays empty. Of handoffs and other fields the names stay, and `destination`.
    #[must_use]
    pub fn with_placeholders(mut self) -> Self {
        self.placeholders = true;
        self
    }

    /// Adds a comment to the beginning.
    #[must_use]
    pub fn note(mut self, text: &str) -> Self {
        self.notes.push(text.to_owned());
        self
    }

    /// A conversation begins.
    #[must_use]
    pub fn greeting(
        &mut self,
        response: &str,
        fields: &Map<String, Value>,
        delay: Duration,
    ) -> String {
        self.turns = Some(0);
        let mut entry = self.entry("[[conversations]]");
        entry.text("greeting", &template(&self.words("greeting", response)));
        entry.milliseconds("delay_ms", delay);
        entry.fields(&self.own_fields(fields));
        entry.lines
    }

    /// The service refused to begin one.
    #[must_use]
    pub fn refused_create(&mut self, error: &RecordedError<'_>) -> String {
        self.turns = None;
        let mut entry = self.entry("[[conversations]]");
        entry.answer(error, self.code(error).as_deref());
        entry.lines
    }

    /// A turn of the conversation that is under way. Nothing where there is none.
    #[must_use]
    pub fn turn(&mut self, message: Option<&str>, reply: &RecordedReply<'_>) -> String {
        let Some(mut entry) = self.turn_entry(message) else {
            return String::new();
        };
        let number = self.turns.unwrap_or_default();
        let words = self.words(&format!("reply {number}"), reply.response);
        entry.text("reply", &template(&words));
        entry.milliseconds("delay_ms", reply.delay);
        if reply.end_conversation {
            entry.line("end", "true");
            self.turns = None;
        }
        if let Some(handoff) = reply.handoff {
            let handoff = self.cleaned(handoff);
            let handoff = match self.placeholders {
                true => placeholders::of_handoff(&handoff),
                false => handoff,
            };
            entry.value("handoff", &handoff);
        }
        entry.fields(&self.own_fields(reply.fields));
        entry.lines
    }

    /// A turn that the service answered with an error. Nothing where no conversation is under way.
    #[must_use]
    pub fn refused_turn(&mut self, message: Option<&str>, error: &RecordedError<'_>) -> String {
        let Some(mut entry) = self.turn_entry(message) else {
            return String::new();
        };
        entry.answer(error, self.code(error).as_deref());
        entry.lines
    }

    /// Says in a comment that a turn had no answer, which no script can replay. Nothing where no conversation is under
    /// way.
    #[must_use]
    pub fn unanswered_turn(&mut self, why: &str) -> String {
        match self.turns {
            Some(_) => format!("\n# A turn had no answer here, and is not replayed: {why}.\n"),
            None => String::new(),
        }
    }

    fn turn_entry(&mut self, message: Option<&str>) -> Option<Entry> {
        let number = self.turns? + 1;
        self.turns = Some(number);
        let mut entry = self.entry("[[conversations.turns]]");
        match message {
            Some(message) => {
                entry.text(
                    "message",
                    &self.words(&format!("message {number}"), message),
                );
            }
            None => entry.line("no_message", "true"),
        }
        Some(entry)
    }

    fn entry(&mut self, header: &str) -> Entry {
        let mut lines = String::new();
        if !self.begun {
            self.begun = true;
            for note in &self.notes {
                lines.push_str(&format!("# {note}\n"));
            }
            lines.push_str(&format!("dialect = \"{}\"\n", self.dialect.name()));
        }
        lines.push_str(&format!("\n{header}\n"));
        Entry { lines }
    }

    fn words(&self, name: &str, text: &str) -> String {
        match self.placeholders {
            true => placeholders::of_text(name, text),
            false => (self.without_secrets)(text),
        }
    }

    fn own_fields(&self, fields: &Map<String, Value>) -> Map<String, Value> {
        let mut fields = self.cleaned_fields(fields);
        fields.retain(|name, _| !KNOWN_FIELDS.contains(&name.as_str()));
        match self.placeholders {
            true => placeholders::of_fields(&fields),
            false => fields,
        }
    }

    /// The code, unless it is anything else than a code.
    fn code(&self, error: &RecordedError<'_>) -> Option<String> {
        let of_code = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.');
        let code = (self.without_secrets)(error.error_code?);
        (!self.placeholders || code.bytes().all(of_code)).then_some(code)
    }

    /// A value without secrets.
    fn cleaned(&self, value: &Value) -> Value {
        match value {
            Value::Null | Value::Bool(_) | Value::Number(_) => value.clone(),
            Value::String(text) => Value::String((self.without_secrets)(text)),
            Value::Array(values) => values.iter().map(|value| self.cleaned(value)).collect(),
            Value::Object(fields) => Value::Object(self.cleaned_fields(fields)),
        }
    }

    fn cleaned_fields(&self, fields: &Map<String, Value>) -> Map<String, Value> {
        fields
            .iter()
            .map(|(name, value)| ((self.without_secrets)(name), self.cleaned(value)))
            .collect()
    }
}

/// One table of the script, as lines.
struct Entry {
    lines: String,
}

impl Entry {
    fn line(&mut self, key: &str, value: &str) {
        self.lines.push_str(&format!("{key} = {value}\n"));
    }

    fn text(&mut self, key: &str, text: &str) {
        self.line(key, &quoted(text));
    }

    fn milliseconds(&mut self, key: &str, duration: Duration) {
        self.line(key, &duration.as_millis().to_string());
    }

    /// As a table where TOML can say it, else as JSON.
    fn value(&mut self, key: &str, value: &Value) {
        match inline(value) {
            Some(table) => self.line(key, &table),
            None => self.text(&format!("{key}_json"), &value.to_string()),
        }
    }

    fn fields(&mut self, fields: &Map<String, Value>) {
        if !fields.is_empty() {
            self.value("fields", &Value::Object(fields.clone()));
        }
    }

    fn answer(&mut self, error: &RecordedError<'_>, code: Option<&str>) {
        let mut answer = format!("status = {}", error.status);
        match code {
            Some(code) => answer.push_str(&format!(", error_code = {}", quoted(code))),
            // No envelope: it would have a code.
            None => answer.push_str(", body = { text = \"\" }"),
        }
        if let Some(pause) = error.retry_after {
            let seconds = pause.as_secs() + u64::from(pause.subsec_nanos() > 0);
            answer.push_str(&format!(", retry_after = {{ seconds = {seconds} }}"));
        }
        self.line("answer", &format!("{{ {answer} }}"));
        if error.times > 1 {
            self.line("times", &error.times.to_string());
        }
    }
}

fn quoted(text: &str) -> String {
    toml::Value::String(text.to_owned()).to_string()
}

/// An object as an inline table, if that says the same: TOML has neither null nor every number of JSON.
fn inline(value: &Value) -> Option<String> {
    let fields = value.as_object()?;
    let table = toml::Value::try_from(fields).ok()?.to_string();
    let read: Map<String, Value> = toml::from_str(&format!("value = {table}")).ok()?;
    (read.get("value") == Some(value)).then_some(table)
}

/// A text as a template that says just this.
fn template(text: &str) -> String {
    text.replace('{', "{{").replace('}', "}}")
}
