//! Plays a case: a simulator, a runner, and the outcome of both.

use crate::canary;
use crate::case::{Action, Case, Dialect, MESSAGE, NONE, Received, Request, Step, Tls};
use crate::expectation::{differences, exact_differences};
use crate::invariants::violations;
use crate::runner::Runner;
use crate::seen::{in_words, shortened};
use crate::showing::Showing;
use polyai_chat_simulator::{
    self as simulator, Operation, ReceivedRequest, Records, Script, Simulator, TlsIdentity,
    UnknownConversation,
};
use serde_json::{Map, Value, json};
use std::collections::{BTreeSet, HashMap};
use std::time::Duration;

/// Keys that must never be seen in what a runner writes.
pub(crate) const API_KEY: &str = "canary-of-the-api-key";
pub(crate) const TOKEN: &str = "canary-of-the-token";

/// What the service reads of a request at most: more than any case sends.
const LARGEST_BODY: usize = 16 * 1024 * 1024;

const PATIENCE: Duration = Duration::from_secs(60);

/// The outcome of a case in one language.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// All of it holds.
    Passed,
    /// What this language shows of it holds; these fields, which the case names, it does not show.
    PassedBut(Vec<String>),
    /// What does not.
    Failed(Vec<String>),
    /// This language has no words for it, and why.
    NotExpressible(String),
}

/// A case that was played.
#[derive(Debug)]
pub struct Played {
    /// Its outcome.
    pub outcome: Outcome,
    /// The requests that the service received whole.
    pub requests: Vec<ReceivedRequest>,
    /// What was seen from both sides, a line each: what the runner answered, and what the service received.
    pub seen: Vec<String>,
}

/// Plays one case through a runner.
pub fn run_case(case: &Case, runner: &mut Runner) -> Played {
    let simulator = match start(case) {
        Ok(simulator) => simulator,
        Err(error) => {
            return Played {
                outcome: Outcome::Failed(vec![error]),
                requests: Vec::new(),
                seen: Vec::new(),
            };
        }
    };
    let mut play = Play {
        case,
        simulator,
        runner,
        showing: Showing::default(),
        ids: HashMap::new(),
        started: HashMap::new(),
        said: Vec::new(),
        wrong: Vec::new(),
        seen: Vec::new(),
        not_shown: BTreeSet::new(),
        not_expressible: None,
    };
    if let Err(error) = play.all() {
        play.wrong.push(error);
    }
    let mut requests = play.simulator.received();
    let mut seen = play.seen;
    seen.extend(requests.iter().map(in_words));
    requests.retain(|request| request.complete);
    let outcome = match play.not_expressible {
        Some(reason) => Outcome::NotExpressible(reason),
        None if !play.wrong.is_empty() => Outcome::Failed(play.wrong),
        None if play.not_shown.is_empty() => Outcome::Passed,
        None => Outcome::PassedBut(play.not_shown.into_iter().collect()),
    };
    Played {
        outcome,
        requests,
        seen,
    }
}

fn start(case: &Case) -> Result<Simulator, String> {
    let mut builder = Simulator::builder()
        .credentials(API_KEY, TOKEN)
        .account("acme-uk", "acme-team-4")
        .body_limit(LARGEST_BODY)
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
    if let Some(tls) = case.tls {
        let identity = identity(tls).map_err(|error| error.to_string())?;
        builder = builder.tls(identity);
    }
    builder.start().map_err(|error| error.to_string())
}

fn identity(tls: Tls) -> Result<TlsIdentity, simulator::TlsError> {
    match tls {
        Tls::Trusted | Tls::Untrusted => TlsIdentity::generate(),
        Tls::Expired => TlsIdentity::expired(),
        Tls::NotYetValid => TlsIdentity::not_yet_valid(),
        Tls::OtherHost => TlsIdentity::for_names(&["other.example"]),
    }
}

struct Play<'a> {
    case: &'a Case,
    simulator: Simulator,
    runner: &'a mut Runner,
    showing: Showing,
    /// The ids of conversations by their names in the case.
    ids: HashMap<String, String>,
    /// The calls that were started, by their names.
    started: HashMap<String, Started>,
    /// What the customer has said.
    said: Vec<String>,
    wrong: Vec<String>,
    seen: Vec<String>,
    not_shown: BTreeSet<String>,
    not_expressible: Option<String>,
}

/// What is known of a call that was started.
#[derive(Debug, Default)]
struct Started {
    /// The conversation that it brings, if it creates one.
    conversation: String,
    /// What its outcome must have as well.
    correlation_id: Value,
}

impl Play<'_> {
    fn all(&mut self) -> Result<(), String> {
        self.runner.send(0, self.beginning())?;
        let answer = self.runner.answer(0)?;
        self.showing = Showing::of(&answer);
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
            self.said.extend(step.said());
            let closes = self.simulator.counts().requests_to(Operation::Close);
            self.runner.send(number, request)?;
            if step.on_a_thread {
                on_threads.push((number, step));
            } else {
                self.settle(number, step, closes)?;
            }
        }
        for (number, step) in on_threads {
            self.settle(number, step, 0)?;
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
        if let (Some(pem), true) = (
            self.simulator.ca_pem(),
            self.case.tls != Some(Tls::Untrusted),
        ) {
            options.insert("ca_pem".to_owned(), pem.into());
        }
        for (name, value) in &self.case.options {
            match value {
                Value::String(text) if text == NONE => drop(options.remove(name)),
                Value::String(text) => drop(options.insert(name.clone(), text.clone().into())),
                other => drop(options.insert(name.clone(), other.to_string().into())),
            }
        }
        let steps: Vec<Value> = self.case.steps.iter().map(Step::for_a_runner).collect();
        json!({ "do": "begin", "options": options, "steps": steps })
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

    fn request(&self, step: &Step) -> Result<Value, String> {
        let mut request = step.for_a_runner();
        if matches!(
            step.action,
            Action::Attach
                | Action::RespondById
                | Action::CloseById
                | Action::StartRespondById
                | Action::StartCloseById
        ) {
            request["id"] = self.id(step)?.into();
        }
        Ok(request)
    }

    /// Looks at the outcome of a step, before which the service had seen so many closes.
    fn settle(&mut self, number: u64, step: &Step, closes: u64) -> Result<(), String> {
        let mut answer = self.runner.answer(number)?;
        let place = format!(
            "step {number} ({})",
            json!(step.action).as_str().unwrap_or("?")
        );
        match step.action {
            Action::StartCreate
            | Action::StartRespond
            | Action::StartClose
            | Action::StartRespondById
            | Action::StartCloseById
            | Action::StartCloseIfOpen
            | Action::StartWarmUp => {
                let started = Started {
                    conversation: step.conversation.clone(),
                    correlation_id: answer["correlation_id"].clone(),
                };
                self.started.insert(step.turn.clone(), started);
            }
            Action::LogLines if self.showing.shows("log") && answer["log"][0].is_null() => {
                self.wrong.push(format!("{place}: nothing was logged"));
            }
            Action::Take => self.is_the_same_call(&place, step, &answer),
            Action::CloseIfOpen if self.showing.shows("sent") && answer.get("error").is_none() => {
                let sent = self.simulator.counts().requests_to(Operation::Close) > closes;
                answer["sent"] = sent.into();
            }
            _ => {}
        }
        if let Some(id) = answer
            .pointer("/greeting/conversation_id")
            .and_then(Value::as_str)
        {
            let started = self.started.get(&step.turn);
            let name = match (step.action, started) {
                (Action::Take, Some(started)) => &started.conversation,
                _ => &step.conversation,
            };
            self.ids.insert(name.clone(), id.to_owned());
        }
        let mut expected = step.expect.clone();
        if let (Some(expected), Some(said)) = (&mut expected, step.said()) {
            put_in(expected, &said);
        }
        self.check(&place, &answer, expected.as_ref());
        Ok(())
    }

    /// A started call has its correlation id from the start.
    fn is_the_same_call(&mut self, place: &str, step: &Step, answer: &Value) {
        let Some(started) = self.started.get(&step.turn) else {
            return;
        };
        if !self.showing.shows("turn.correlation_id") {
            return;
        }
        let outcome = ["greeting", "reply", "closed", "error"]
            .iter()
            .find_map(|name| answer.get(*name));
        if let Some(id) = outcome.and_then(|outcome| outcome.get("correlation_id"))
            && *id != started.correlation_id
        {
            self.wrong.push(format!(
                "{place}: the correlation id is {id}, and was {} when the call was started",
                started.correlation_id
            ));
        }
    }

    fn check(&mut self, place: &str, answer: &Value, expected: Option<&Value>) {
        self.seen
            .push(format!("{place}: {}", shortened(answer, 2_000)));
        if let Some(reason) = answer.get("not_expressible").and_then(Value::as_str) {
            self.not_expressible = Some(reason.to_owned());
            return;
        }
        let shown = answer.to_string();
        if shown.contains(API_KEY) || shown.contains(TOKEN) {
            self.wrong
                .push(format!("{place} shows a key or a token: {shown}"));
        }
        let mut wrong = violations(answer, self.case.dialect, &self.showing);
        wrong.extend(canary::seen(answer, &self.said));
        for outcome in ["greeting", "reply", "error"] {
            wrong.extend(self.unknown_id(&answer[outcome]));
        }
        match expected {
            Some(expected) => {
                let mut expected = expected.clone();
                self.not_shown.extend(self.showing.strip(&mut expected));
                wrong.extend(differences("answer", &expected, answer));
                if answer.get("error").is_some() && expected.get("error").is_none() {
                    wrong.push(format!("failed: {}", words(&answer["error"])));
                }
            }
            None if answer.get("error").is_some() => {
                wrong.push(format!("failed: {}", words(&answer["error"])));
            }
            None => {}
        }
        let lines = wrong.into_iter().map(|line| format!("{place}: {line}"));
        self.wrong.extend(lines);
    }

    /// What was answered has the correlation id of a request that the service received.
    fn unknown_id(&self, outcome: &Value) -> Option<String> {
        let id = outcome["correlation_id"].as_str()?;
        if outcome.get("http_status").is_some_and(Value::is_null) {
            return None;
        }
        let known = self.simulator.received().iter().any(|request| {
            let mut headers = request.redacted_headers().into_iter();
            headers.any(|(name, value)| name == "X-PolyAI-Correlation-Id" && value == id)
        });
        (!known).then(|| format!("no request had the correlation id {id}"))
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
        let closed_by_itself = self.showing.closes && !self.has_a_close();
        let counts = self.simulator.counts();
        for (what, expected, found) in [
            ("connections", connections, counts.connections),
            ("creates", create, counts.requests_to(Operation::Create)),
            ("responds", respond, counts.requests_to(Operation::Respond)),
            ("closes", close, counts.requests_to(Operation::Close)),
            ("turns", turns, counts.turns),
        ] {
            let left_to_itself = what == "closes" && closed_by_itself;
            if let Some(expected) = expected.filter(|expected| *expected != found)
                && !left_to_itself
            {
                self.wrong.push(format!(
                    "the service counted {found} {what} and not {expected}"
                ));
            }
        }
        if let Some(expected) = requests {
            let mut received = self.simulator.received();
            if closed_by_itself {
                received.pop_if(|last| last.operation == Some(Operation::Close));
            }
            self.wrong.extend(wrong_requests(expected, &received));
        }
    }

    fn has_a_close(&self) -> bool {
        let closes = |step: &Step| matches!(step.action, Action::Close | Action::CloseIfOpen);
        self.case.steps.iter().any(closes)
    }
}

/// An error in words: the whole of it where that is shown.
fn words(error: &Value) -> &str {
    let text = error["text"].as_str();
    text.or_else(|| error["message"].as_str())
        .unwrap_or_default()
}

/// Puts what was said in the place of its mark.
fn put_in(expected: &mut Value, said: &str) {
    match expected {
        Value::String(text) if text == MESSAGE => said.clone_into(text),
        Value::Object(fields) => fields.values_mut().for_each(|value| put_in(value, said)),
        _ => {}
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
