use super::template::{Scene, Template};
use regex::Regex;
use serde_json::{Map, Value};
use std::time::Duration;

/// One answer of the agent.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Saying {
    pub(crate) text: String,
    pub(crate) end: bool,
    pub(crate) handoff: Option<Value>,
    /// What the reply holds beside the fields that the service is known for.
    pub(crate) fields: Map<String, Value>,
    pub(crate) delay: Duration,
}

#[derive(Clone, Debug)]
pub(super) struct Greeting {
    pub(super) text: Template,
    pub(super) variant_id: Option<String>,
    pub(super) attributes: Map<String, Value>,
}

impl Greeting {
    pub(super) fn fits(&self, variant_id: Option<&str>, attributes: &Map<String, Value>) -> bool {
        let variant_fits = match &self.variant_id {
            Some(wanted) => variant_id == Some(wanted),
            None => true,
        };
        variant_fits
            && self
                .attributes
                .iter()
                .all(|(name, wanted)| attributes.get(name) == Some(wanted))
    }
}

#[derive(Clone, Debug)]
pub(super) enum Trigger {
    Pattern(Regex),
    Absent,
    Empty,
}

#[derive(Clone, Debug)]
pub(super) struct Rule {
    pub(super) trigger: Trigger,
    pub(super) reply: Template,
    pub(super) end: bool,
    pub(super) handoff: Option<Value>,
    pub(super) delay: Option<Duration>,
}

impl Rule {
    /// The rule's answer, if the message sets it off.
    pub(super) fn answer(
        &self,
        message: Option<&str>,
        scene: &Scene<'_, '_>,
        usual_delay: Duration,
    ) -> Option<Saying> {
        let text = match (&self.trigger, message) {
            (Trigger::Pattern(pattern), Some(message)) => {
                let captures = pattern.captures(message)?;
                self.reply.fill(&Scene {
                    captures: Some(&captures),
                    ..*scene
                })
            }
            (Trigger::Absent, None) | (Trigger::Empty, Some("")) => self.reply.fill(scene),
            _ => return None,
        };
        Some(Saying {
            text,
            end: self.end,
            handoff: self.handoff.clone(),
            fields: Map::new(),
            delay: self.delay.unwrap_or(usual_delay),
        })
    }
}
