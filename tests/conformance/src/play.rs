//! Plays a case: a simulator, a runner, and what came of both.

use crate::case::{Action, Case, Dialect, NONE, Received, Request, Step};
use crate::expectation::{differences, exact_differences};
use crate::invariants::violations;
use crate::runner::Runner;
use polyai_chat_simulator::{
    self as simulator, Operation, Records, Script, Simulator, UnknownConversation,
};
use serde_json::{Map, Value, json};
use std::collections::HashMap;
use std::time::Duration;

/// Keys that must never be seen in what a runner writes.
const API_KEY: &str = "canary-of-the-api-key";
const TOKEN: &str = "canary-of-the-token";

const PATIENCE: Duration = Duration::from_secs(10);

/// What came of a case in one language.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// All of it holds.
    Passed,
    /// What does not.
    Failed(Vec<String>),
    /// This language has no words for it, and why.
    NotExpressible(String),
}

/// Plays one case through a runner.
pub fn run_case(case: &Case, runner: &mut Runner) -> Outcome {
    let simulator = match start(case) {
        Ok(simulator) => simulator,
        Err(error) => return Outcome::Failed(vec![error]),
    };
    let mut play = Play {
        case,
        simulator,
        runner,
        ids: HashMap::new(),
        names: HashMap::new(),
        wrong: Vec::new(),
        not_expressible: None,
    };
    if let Err(error) = play.all() {
        play.wrong.push(error);
    }
    match play.not_expressible {
        Some(reason) => Outcome::NotExpressible(reason),
        None if play.wrong.is_empty() => Outcome::Passed,
        None => Outcome::Failed(play.wrong),
    }
}

fn start(case: &Case) -> Result<Simulator, String> {
    let mut builder = Simulator::builder()
        .credentials(API_KEY, TOKEN)
        .account("acme-uk", "acme-team-4")
        .dialect(match case.dialect {
            Dialect::Current => simulator::Dialect::Current,
            Dialect::Legacy => simulator::Dialect::Legacy,
        });
    if !case.script.is_empty() {
        let script = Script::parse(&case.script, "script").map_err(|error| error.to_string())?;
        builder = builder.script(script);
    }
    match case.unknown_conversation {
        None | Some(404) => {}
        Some(410) => builder = builder.unknown_conversation(UnknownConversation::Gone),
        Some(other) => return Err(format!("unknown_conversation is {other}, not 404 or 410")),
    }
    builder.start().map_err(|error| error.to_string())
}

struct Play<'a> {
    case: &'a Case,
    simulator: Simulator,
    runner: &'a mut Runner,
    /// The ids of conversations by their names in the case.
    ids: HashMap<String, String>,
    /// The conversations that started creates will bring, by the names of the calls.
    names: HashMap<String, String>,
    wrong: Vec<String>,
    not_expressible: Option<String>,
}

impl Play<'_> {
    fn all(&mut self) -> Result<(), String> {
        self.runner.send(0, self.beginning())?;
        let answer = self.runner.answer(0)?;
        let client = self.case.client.clone();
        self.check("client", &answer, client.as_ref());
        let mut on_threads = Vec::new();
        for (number, step) in (1..).zip(&self.case.steps) {
            if self.not_expressible.is_some() || !self.wrong.is_empty() {
                break;
            }
            self.wait_for(step)?;
            if step.action.is_of_the_service() {
                self.act_as_service(step)?;
                continue;
            }
            let request = self.request(step)?;
            self.runner.send(number, request)?;
            if step.on_a_thread {
                on_threads.push((number, step));
            } else {
                self.settle(number, step)?;
            }
        }
        for (number, step) in on_threads {
            self.settle(number, step)?;
        }
        if self.not_expressible.is_none() {
            self.check_received();
        }
        Ok(())
    }

    /// The first line: the client's options, and all steps for runners that have to know them beforehand.
    fn beginning(&self) -> Value {
        let mut options: Map<String, Value> = Map::new();
        for (name, value) in [
            ("base_url", self.simulator.url()),
            ("account_id", self.simulator.account_id().to_owned()),
            ("project_id", self.simulator.project_id().to_owned()),
            ("api_key", API_KEY.to_owned()),
            ("token", TOKEN.to_owned()),
            ("dialect", self.simulator.dialect().name().to_owned()),
            // Only what a case is about may make it slow.
            ("backoff_ms", "5".to_owned()),
        ] {
            options.insert(name.to_owned(), value.into());
        }
        for (name, value) in &self.case.options {
            match value {
                Value::String(text) if text == NONE => drop(options.remove(name)),
                Value::String(text) => drop(options.insert(name.clone(), text.clone().into())),
                other => drop(options.insert(name.clone(), other.to_string().into())),
            }
        }
        json!({ "do": "begin", "options": options, "steps": self.case.steps })
    }

    fn wait_for(&self, step: &Step) -> Result<(), String> {
        let Some(seen) = &step.after else {
            return Ok(());
        };
        let operation = operation(&seen.operation)?;
        let enough = |records: &Records| records.counts().requests_to(operation) >= seen.requests;
        match self.simulator.wait_for(enough, PATIENCE) {
            true => Ok(()),
            false => Err(format!(
                "the service has not seen {} of {}",
                seen.requests, seen.operation
            )),
        }
    }

    fn act_as_service(&self, step: &Step) -> Result<(), String> {
        let id = self.id(step)?;
        let done = match step.action {
            Action::ServiceEnds => self.simulator.end_conversation(&id),
            _ => self.simulator.time_out_conversation(&id),
        };
        done.then_some(())
            .ok_or_else(|| format!("the service knows no conversation {id:?}"))
    }

    fn id(&self, step: &Step) -> Result<String, String> {
        match &step.id {
            Some(id) => Ok(id.clone()),
            None => {
                let name = step.of.as_ref().unwrap_or(&step.conversation);
                let id = self.ids.get(name).cloned();
                id.ok_or_else(|| format!("nobody has created {name:?}"))
            }
        }
    }

    fn request(&mut self, step: &Step) -> Result<Value, String> {
        let mut request = json!(step);
        match step.action {
            Action::Attach | Action::RespondById | Action::CloseById => {
                request["id"] = self.id(step)?.into();
            }
            Action::StartCreate => {
                self.names
                    .insert(step.turn.clone(), step.conversation.clone());
            }
            _ => {}
        }
        Ok(request)
    }

    fn settle(&mut self, number: u64, step: &Step) -> Result<(), String> {
        let answer = self.runner.answer(number)?;
        if let Some(id) = answer
            .pointer("/greeting/conversation_id")
            .and_then(Value::as_str)
        {
            let name = match step.action {
                Action::Take => self.names.get(&step.turn).unwrap_or(&step.conversation),
                _ => &step.conversation,
            };
            self.ids.insert(name.clone(), id.to_owned());
        }
        let place = format!(
            "step {number} ({})",
            json!(step.action).as_str().unwrap_or("?")
        );
        self.check(&place, &answer, step.expect.as_ref());
        Ok(())
    }

    fn check(&mut self, place: &str, answer: &Value, expected: Option<&Value>) {
        if let Some(reason) = answer.get("not_expressible").and_then(Value::as_str) {
            self.not_expressible = Some(reason.to_owned());
            return;
        }
        let shown = answer.to_string();
        if shown.contains(API_KEY) || shown.contains(TOKEN) {
            self.wrong
                .push(format!("{place} shows a key or a token: {shown}"));
        }
        let mut wrong = violations(answer, self.case.dialect);
        match expected {
            Some(expected) => {
                wrong.extend(differences("answer", expected, answer));
                if answer.get("error").is_some() && expected.get("error").is_none() {
                    wrong.push(format!("failed: {}", answer["error"]["text"]));
                }
            }
            None if answer.get("error").is_some() => {
                wrong.push(format!("failed: {}", answer["error"]["text"]));
            }
            None => {}
        }
        let lines = wrong.into_iter().map(|line| format!("{place}: {line}"));
        self.wrong.extend(lines);
    }

    fn check_received(&mut self) {
        let Received {
            connections,
            create,
            respond,
            close,
            turns,
            requests,
        } = &self.case.received;
        let counts = self.simulator.counts();
        for (what, expected, found) in [
            ("connections", connections, counts.connections),
            ("creates", create, counts.requests_to(Operation::Create)),
            ("responds", respond, counts.requests_to(Operation::Respond)),
            ("closes", close, counts.requests_to(Operation::Close)),
            ("turns", turns, counts.turns),
        ] {
            if expected.is_some_and(|expected| expected != found) {
                let expected = expected.unwrap_or_default();
                self.wrong.push(format!(
                    "the service counted {found} {what} and not {expected}"
                ));
            }
        }
        if let Some(expected) = requests {
            self.wrong
                .extend(wrong_requests(expected, &self.simulator.received()));
        }
    }
}

fn operation(name: &str) -> Result<Operation, String> {
    Operation::from_name(name).ok_or_else(|| format!("{name:?} is no operation"))
}

fn wrong_requests(expected: &[Request], found: &[simulator::ReceivedRequest]) -> Vec<String> {
    if expected.len() != found.len() {
        return vec![format!(
            "the service received {} requests and not {}",
            found.len(),
            expected.len()
        )];
    }
    expected
        .iter()
        .zip(found)
        .zip(1..)
        .flat_map(|((expected, found), number)| wrong_request(number, expected, found))
        .collect()
}

fn wrong_request(
    number: usize,
    expected: &Request,
    found: &simulator::ReceivedRequest,
) -> Vec<String> {
    let place = format!("request {number}");
    let operation = found.operation.map(Operation::name).unwrap_or_default();
    let mut wrong = differences(
        &format!("{place}.operation"),
        &json!(expected.operation),
        &json!(operation),
    );
    for (name, expected, found) in [
        ("method", &expected.method, &found.method),
        ("target", &expected.target, &found.target),
    ] {
        if let Some(expected) = expected {
            wrong.extend(differences(
                &format!("{place}.{name}"),
                &json!(expected),
                &json!(found),
            ));
        }
    }
    let headers: Map<String, Value> = found
        .redacted_headers()
        .into_iter()
        .map(|(name, value)| (name.to_owned(), value.into()))
        .collect();
    for (name, expected) in &expected.headers {
        let found = headers.get(name).cloned();
        match (expected.as_str(), found) {
            (Some(NONE), None) => {}
            (_, None) => wrong.push(format!("{place} has no header {name}")),
            (Some(NONE), Some(_)) => wrong.push(format!("{place} has the header {name}")),
            (_, Some(found)) => {
                wrong.extend(differences(
                    &format!("{place}.headers.{name}"),
                    expected,
                    &found,
                ));
            }
        }
    }
    if let Some(expected) = &expected.body {
        match found.json() {
            Some(body) => {
                wrong.extend(exact_differences(&format!("{place}.body"), expected, &body));
            }
            None => wrong.push(format!("{place}.body is no JSON: {}", found.text())),
        }
    }
    wrong
}
