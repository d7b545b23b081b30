//! What the simulated agent says: a TOML file, checked as a whole before it is used.

mod conversation_entries;
mod conversations;
mod document;
mod error;
mod placeholders;
mod position;
mod recorder;
mod rules;
mod template;

use crate::fault::Fault;
use crate::settings::Dialect;
pub(crate) use conversations::{Opening, Place, Reply};
use conversations::{ScriptedConversations, ScriptedOpening};
use document::Document;
pub use error::ScriptError;
use position::Source;
pub use recorder::{RecordedError, RecordedReply, ScriptRecorder};
pub(crate) use rules::Saying;
use rules::{Greeting, Rule};
use serde_json::{Map, Value};
use std::path::Path;
use std::sync::LazyLock;
use std::time::Duration;
pub(crate) use template::Scene;
use template::Template;

/// An agent's script: conversations turn by turn, greetings, rules, a default reply, and faults. The empty script says nothing at all.
///
/// ```
/// use polyai_chat_simulator::Script;
///
/// let script = Script::parse(
///     r#"
///     greeting = "Hello {attribute.customer_name|there}!"
///     default_reply = "You said: {message}"
///
///     [[rules]]
///     pattern = 'order (?<number>\d+)'
///     reply = "Order {number} is on its way."
///     "#,
///     "agent.toml",
/// )
/// .expect("the script is right");
/// ```
#[derive(Clone, Debug, Default)]
pub struct Script {
    greeting: Template,
    greetings: Vec<Greeting>,
    rules: Vec<Rule>,
    default_reply: Option<Template>,
    conversations: ScriptedConversations,
    delay: Duration,
    dialect: Option<Dialect>,
    faults: Vec<Fault>,
}

impl Script {
    /// Reads a script from a TOML text; `file_name` is for error messages only.
    ///
    /// A script that holds nothing but faults and a delay leaves the talking to the built-in agent.
    ///
    /// # Errors
    ///
    /// When the text is not TOML, or a key, a pattern, a placeholder or a fault in it is wrong.
    pub fn parse(text: &str, file_name: &str) -> Result<Self, ScriptError> {
        let source = Source { text, file_name };
        let document: Document = toml::from_str(text).map_err(|error| source.toml_error(&error))?;
        document.check(&source)
    }

    /// Reads a script from a TOML file.
    ///
    /// # Errors
    ///
    /// When the file cannot be read, and as [`parse`](Self::parse).
    pub fn from_file(path: impl AsRef<Path>) -> Result<Self, ScriptError> {
        let path = path.as_ref();
        let file = path.display().to_string();
        match std::fs::read_to_string(path) {
            Ok(text) => Self::parse(&text, &file),
            Err(error) => Err(ScriptError::Unreadable {
                file,
                reason: error.to_string(),
            }),
        }
    }

    /// The TOML text of the built-in script, a good start for one's own.
    #[must_use]
    pub fn built_in_text() -> &'static str {
        include_str!("built_in.toml")
    }

    /// The built-in agent: returns and billing of a retailer.
    ///
    /// It ends the conversation only on a goodbye, and hands off only on a request for a human.
    #[must_use]
    pub fn built_in() -> Self {
        static BUILT_IN: LazyLock<Script> = LazyLock::new(|| {
            Script::parse(Script::built_in_text(), "built_in.toml").unwrap_or_default()
        });
        BUILT_IN.clone()
    }

    /// The faults that the script sets when the simulator starts.
    #[must_use]
    pub fn faults(&self) -> &[Fault] {
        &self.faults
    }

    /// The dialect in which the script is meant to be spoken, if it says so. A recording does.
    #[must_use]
    pub fn dialect(&self) -> Option<Dialect> {
        self.dialect
    }

    /// What the nth create of all, from 0, is answered with.
    pub(crate) fn open(
        &self,
        nth: usize,
        variant_id: Option<&str>,
        attributes: &Map<String, Value>,
        conversation_id: &str,
    ) -> Opening {
        let Some((opening, place)) = self.conversations.of_create(nth) else {
            return Opening::Greeted {
                text: self.greeting(variant_id, attributes, conversation_id),
                fields: Map::new(),
                delay: Duration::ZERO,
                place: None,
            };
        };
        match opening {
            ScriptedOpening::Answer(answer) => Opening::Answered(answer.clone()),
            ScriptedOpening::Greeting {
                text,
                fields,
                delay,
            } => Opening::Greeted {
                text: match text {
                    Some(text) => {
                        text.fill(&opening_scene(variant_id, attributes, conversation_id))
                    }
                    None => self.greeting(variant_id, attributes, conversation_id),
                },
                fields: fields.clone(),
                delay: *delay,
                place: Some(place),
            },
        }
    }

    fn greeting(
        &self,
        variant_id: Option<&str>,
        attributes: &Map<String, Value>,
        conversation_id: &str,
    ) -> String {
        let text = self
            .greetings
            .iter()
            .find(|greeting| greeting.fits(variant_id, attributes))
            .map_or(&self.greeting, |greeting| &greeting.text);
        text.fill(&opening_scene(variant_id, attributes, conversation_id))
    }

    /// What the agent says to a message; `None` is a turn without one. First comes what is scripted for this place of
    /// the conversation, which moves on then; after the last turn, what the rules say.
    pub(crate) fn answer(
        &self,
        place: &mut Option<Place>,
        message: Option<&str>,
        scene: &Scene<'_, '_>,
    ) -> Reply {
        if let Some(place) = place {
            match self.conversations.reply(place, message) {
                Ok(Some(reply)) => return reply.fill(scene, self.delay),
                Ok(None) => {}
                Err(why) => return Reply::Refused(why),
            }
        }
        for rule in &self.rules {
            if let Some(saying) = rule.answer(message, scene, self.delay) {
                return Reply::Said(saying);
            }
        }
        if self.default_reply.is_none() && place.is_some() {
            return Reply::Refused(self.conversations.no_more(*place));
        }
        Reply::Said(Saying {
            text: self
                .default_reply
                .as_ref()
                .map_or_else(String::new, |reply| reply.fill(scene)),
            end: false,
            handoff: None,
            fields: Map::new(),
            delay: self.delay,
        })
    }
}

/// What the placeholders of a greeting are filled from.
fn opening_scene<'a>(
    variant_id: Option<&'a str>,
    attributes: &'a Map<String, Value>,
    conversation_id: &'a str,
) -> Scene<'a, 'a> {
    Scene {
        message: "",
        turn: 0,
        conversation_id,
        variant_id: variant_id.unwrap_or(""),
        attributes,
        captures: None,
    }
}

#[cfg(test)]
mod tests;
