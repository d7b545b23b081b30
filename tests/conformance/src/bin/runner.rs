//! The runner of Rust: does what steps say with `polyai_chat_core`, and writes the outcome of each.

#![allow(
    clippy::indexing_slicing,
    reason = "a JSON value answers null for what it lacks"
)]
#![allow(clippy::print_stdout, reason = "its answers are its output")]

use polyai_chat_core::{
    Attempt, CancelToken, Client, Close, Closed, Completions, Config, Conversation, Create, Error,
    Greeting, LogLine, Reply, Respond, Turn,
};
use serde_json::{Map, Value, json};
use std::collections::HashMap;
use std::io::BufRead;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

/// A header that is looked up by its name, in whatever case.
const LOOKED_UP: &str = "X-POLYAI-Correlation-ID";

type Answered = Result<Value, Error>;

/// A call that was started.
enum Started {
    Create(Turn<Conversation>),
    Respond(Turn<Reply>),
    Close(Turn<Closed>),
    CloseIfOpen(Turn<Option<Closed>>),
    WarmUp(Turn<()>),
}

/// Does the same with whatever was started.
macro_rules! for_each_call {
    ($started:expr, $turn:ident => $work:expr) => {
        match $started {
            Started::Create($turn) => $work,
            Started::Respond($turn) => $work,
            Started::Close($turn) => $work,
            Started::CloseIfOpen($turn) => $work,
            Started::WarmUp($turn) => $work,
        }
    };
}

/// How long a started call is waited for at most.
const PATIENCE: Duration = Duration::from_secs(20);

#[derive(Clone, Default)]
struct Caller {
    client: Option<Client>,
    conversations: Arc<Mutex<HashMap<String, Conversation>>>,
    turns: Arc<Mutex<HashMap<String, Started>>>,
    /// The names of started calls, by their tags in the completions.
    names: Arc<Mutex<Vec<String>>>,
    completions: Option<Completions>,
}

fn main() {
    let mut caller = Caller::default();
    for line in std::io::stdin().lock().lines().map_while(Result::ok) {
        let Ok(step) = serde_json::from_str::<Value>(&line) else {
            println!("{}", json!({ "error": "no JSON" }));
            continue;
        };
        if step["do"] == "begin" {
            caller = Caller::default();
            let made = caller.begin(&step["options"]);
            answer(&step, made.map(|()| json!({})));
        } else if step["on_a_thread"] == true {
            let caller = caller.clone();
            std::thread::spawn(move || answer(&step, caller.act(&step)));
        } else {
            answer(&step, caller.act(&step));
        }
    }
}

fn answer(step: &Value, outcome: Answered) {
    let mut outcome = outcome.unwrap_or_else(
        |error| json!({ "error": failure(&error), "printed": format!("{error:?}\n{error:#?}") }),
    );
    outcome["step"] = step["step"].clone();
    println!("{outcome}");
}

impl Caller {
    fn begin(&mut self, options: &Value) -> Result<(), Error> {
        let mut config = Config::new();
        for (name, value) in options.as_object().into_iter().flatten() {
            config.set(name, value.as_str().unwrap_or_default())?;
        }
        self.client = Some(Client::new(config)?);
        let none_left = |error| Error::internal(format!("no descriptor: {error}"));
        self.completions = Some(Completions::new().map_err(none_left)?);
        Ok(())
    }

    fn client(&self) -> Result<&Client, Error> {
        self.client
            .as_ref()
            .ok_or_else(|| Error::internal("there is no client"))
    }

    fn conversation(&self, step: &Value) -> Result<Conversation, Error> {
        let conversations = lock(&self.conversations);
        let conversation = conversations.get(text(step, "conversation")).cloned();
        conversation.ok_or_else(|| Error::internal("there is no such conversation"))
    }

    fn keep(&self, name: &str, conversation: Conversation) -> Value {
        let shown = json!({
            "id": conversation.id(),
            "greeting": conversation.greeting().response(),
        });
        let greeting = greeting(conversation.greeting());
        lock(&self.conversations).insert(name.to_owned(), conversation);
        json!({ "greeting": greeting, "conversation": shown })
    }

    fn keep_turn(&self, step: &Value, turn: Started) -> Value {
        let correlation_id = for_each_call!(&turn, turn => turn.correlation_id().to_owned());
        let name = text(step, "turn").to_owned();
        let mut names = lock(&self.names);
        if let Some(completions) = &self.completions {
            for_each_call!(&turn, turn => completions.expect(turn, names.len() as u64));
        }
        names.push(name.clone());
        lock(&self.turns).insert(name, turn);
        json!({ "correlation_id": correlation_id })
    }

    fn act(&self, step: &Value) -> Answered {
        let client = self.client()?;
        let id = text(step, "id");
        match text(step, "do") {
            "create" => {
                let conversation = client.create(create(step))?;
                Ok(self.keep(text(step, "conversation"), conversation))
            }
            "attach" => {
                let conversation = client.attach(id)?;
                self.keep(text(step, "conversation"), conversation);
                Ok(json!({}))
            }
            "respond" => {
                Ok(json!({ "reply": reply(&self.conversation(step)?.respond(respond(step))?) }))
            }
            "close" => {
                Ok(json!({ "closed": closed(&self.conversation(step)?.close_with(close(step))?) }))
            }
            "respond_by_id" => Ok(json!({ "reply": reply(&client.respond(id, respond(step))?) })),
            "close_by_id" => {
                Ok(json!({ "closed": closed(&client.close_conversation(id, close(step))?) }))
            }
            "close_if_open" => {
                self.conversation(step)?.close_if_open()?;
                Ok(json!({}))
            }
            "start_create" => {
                Ok(self.keep_turn(step, Started::Create(client.start_create(create(step))?)))
            }
            "start_respond" => {
                let turn = self.conversation(step)?.start_respond(respond(step))?;
                Ok(self.keep_turn(step, Started::Respond(turn)))
            }
            "start_close" => {
                let turn = self.conversation(step)?.start_close(close(step))?;
                Ok(self.keep_turn(step, Started::Close(turn)))
            }
            "start_respond_by_id" => {
                let turn = client.start_respond(id, respond(step))?;
                Ok(self.keep_turn(step, Started::Respond(turn)))
            }
            "start_close_by_id" => {
                let turn = client.start_close_conversation(id, close(step))?;
                Ok(self.keep_turn(step, Started::Close(turn)))
            }
            "start_close_if_open" => {
                let turn = self.conversation(step)?.start_close_if_open()?;
                Ok(self.keep_turn(step, Started::CloseIfOpen(turn)))
            }
            "warm_up" => {
                client.warm_up(milliseconds(&step["with"], "timeout_ms"))?;
                Ok(json!({}))
            }
            "start_warm_up" => {
                let turn = client.start_warm_up(milliseconds(&step["with"], "timeout_ms"))?;
                Ok(self.keep_turn(step, Started::WarmUp(turn)))
            }
            "next_done" => {
                let completions = self.completions.clone();
                let completions =
                    completions.ok_or_else(|| Error::internal("nothing is expected"))?;
                let tags = completions.wait(PATIENCE).then(|| completions.take(1));
                let tag = tags.and_then(|tags| usize::try_from(*tags.first()?).ok());
                let names = lock(&self.names);
                Ok(json!({ "turn": tag.and_then(|tag| names.get(tag)) }))
            }
            "wait" => {
                let at_most = milliseconds(step, "wait_ms");
                match lock(&self.turns).get(text(step, "turn")) {
                    Some(started) => {
                        Ok(json!({ "done": for_each_call!(started, turn => turn.wait(at_most)) }))
                    }
                    None => Err(Error::internal("there is no such turn")),
                }
            }
            "cancel" => {
                match lock(&self.turns).get(text(step, "turn")) {
                    Some(started) => for_each_call!(started, turn => turn.cancel()),
                    None => return Err(Error::internal("there is no such turn")),
                }
                Ok(json!({}))
            }
            "take" => {
                let turn = lock(&self.turns).remove(text(step, "turn"));
                match turn {
                    Some(Started::Create(turn)) => {
                        Ok(self.keep(text(step, "conversation"), turn.take()?))
                    }
                    Some(Started::Respond(turn)) => Ok(json!({ "reply": reply(&turn.take()?) })),
                    Some(Started::Close(turn)) => Ok(json!({ "closed": closed(&turn.take()?) })),
                    Some(Started::CloseIfOpen(turn)) => Ok(match turn.take()? {
                        Some(answer) => json!({ "closed": closed(&answer) }),
                        None => json!({}),
                    }),
                    Some(Started::WarmUp(turn)) => {
                        turn.take()?;
                        Ok(json!({}))
                    }
                    None => Err(Error::internal("there is no such turn")),
                }
            }
            "state" => {
                let conversation = self.conversation(step)?;
                Ok(json!({ "state": conversation.state().name(), "over": conversation.is_over() }))
            }
            "shut_down" => {
                client.shut_down();
                Ok(json!({}))
            }
            "log_lines" => {
                let lines = client.recent_log_lines(0);
                Ok(json!({ "log": lines.iter().map(LogLine::to_json).collect::<Vec<_>>() }))
            }
            "replace_credentials" => {
                let with = &step["with"];
                client.replace_credentials(text(with, "api_key"), text(with, "token"))?;
                Ok(json!({}))
            }
            other => Err(Error::internal(format!("there is no {other:?}"))),
        }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

fn text<'a>(object: &'a Value, name: &str) -> &'a str {
    object[name].as_str().unwrap_or_default()
}

fn milliseconds(object: &Value, name: &str) -> Duration {
    Duration::from_millis(object[name].as_u64().unwrap_or_default())
}

/// Sets what every request can be told about its own call.
macro_rules! with_call_options {
    ($request:ident, $with:ident) => {
        if let Some(milliseconds) = $with["timeout_ms"].as_u64() {
            $request = $request.timeout(Duration::from_millis(milliseconds));
        }
        if let Some(id) = $with["correlation_id"].as_str() {
            $request = $request.correlation_id(id);
        }
        if let Some(milliseconds) = $with["cancel_after_ms"].as_u64() {
            let token = CancelToken::new();
            $request = $request.cancel(&token);
            std::thread::spawn(move || {
                std::thread::sleep(Duration::from_millis(milliseconds));
                token.cancel();
            });
        }
        if $with["cancelled_before"] == true {
            let token = CancelToken::new();
            token.cancel_for_good();
            $request = $request.cancel(&token);
        }
        for (name, value) in $with["headers"].as_object().into_iter().flatten() {
            $request = $request.header(name, value.as_str().unwrap_or_default());
        }
        if let Some(extra) = present($with, "extra") {
            $request = $request.extra(extra);
        }
    };
}

/// Sets the named text fields, where they are given.
macro_rules! with_texts {
    ($request:ident, $with:ident, $($name:ident),+) => {
        $(if let Some(value) = $with[stringify!($name)].as_str() {
            $request = $request.$name(value);
        })+
    };
}

/// Sets the named JSON fields, where they are given.
macro_rules! with_json {
    ($request:ident, $with:ident, $($name:ident),+) => {
        $(if let Some(value) = present($with, stringify!($name)) {
            $request = $request.$name(value);
        })+
    };
}

fn present(with: &Value, name: &str) -> Option<Value> {
    with.get(name).cloned()
}

fn create(step: &Value) -> Create {
    let with = &step["with"];
    let mut request = Create::new();
    with_texts!(
        request,
        with,
        variant_id,
        channel,
        asr_lang_code,
        tts_lang_code,
        user_id,
        message
    );
    with_json!(request, with, integration_attributes, metadata);
    with_call_options!(request, with);
    request
}

fn respond(step: &Value) -> Respond {
    let with = &step["with"];
    let mut request = match step["message"].as_str() {
        Some(message) => Respond::new(message),
        None => Respond::without_message(),
    };
    with_texts!(request, with, asr_lang_code, tts_lang_code);
    with_json!(request, with, integration_attributes, metadata);
    with_call_options!(request, with);
    request
}

fn close(step: &Value) -> Close {
    let with = &step["with"];
    let mut request = Close::new();
    with_call_options!(request, with);
    request
}

fn headers<'a>(headers: impl Iterator<Item = (&'a str, &'a [u8])>) -> Value {
    headers
        .map(|(name, value)| json!([name, String::from_utf8_lossy(value)]))
        .collect()
}

/// The fields of all answers.
macro_rules! answer_fields {
    ($answer:expr, $own:tt) => {{
        let mut fields: Map<String, Value> = match json!($own) {
            Value::Object(fields) => fields,
            _ => Map::new(),
        };
        fields.insert("raw".into(), $answer.raw().into());
        fields.insert("unknown_fields".into(), $answer.unknown_fields().into());
        fields.insert("headers".into(), headers($answer.headers()));
        fields.insert("header".into(), $answer.header(LOOKED_UP).into());
        fields.insert("correlation_id".into(), $answer.correlation_id().into());
        let elapsed = u64::try_from($answer.elapsed().as_micros()).unwrap_or(u64::MAX);
        fields.insert("elapsed_us".into(), elapsed.into());
        Value::Object(fields)
    }};
}

fn greeting(greeting: &Greeting) -> Value {
    answer_fields!(greeting, {
        "response": greeting.response(),
        "plain_text": greeting.plain_text(),
        "conversation_id": greeting.conversation_id(),
        "user_id": greeting.user_id(),
    })
}

fn reply(reply: &Reply) -> Value {
    let handoff = reply.handoff().map(|handoff| {
        json!({
            "destination": handoff.destination(),
            "reason": handoff.reason(),
            "raw": handoff.raw(),
        })
    });
    answer_fields!(reply, {
        "response": reply.response(),
        "plain_text": reply.plain_text(),
        "conversation_id": reply.conversation_id(),
        "end_conversation": reply.end_conversation(),
        "handoff": handoff,
    })
}

fn closed(closed: &Closed) -> Value {
    answer_fields!(closed, { "was_over": closed.was_over() })
}

fn failure(error: &Error) -> Value {
    let attempts: Vec<Value> = error.attempts().iter().map(Attempt::to_json).collect();
    let retry_after = error
        .retry_after()
        .map(|pause| u64::try_from(pause.as_millis()).unwrap_or(u64::MAX));
    json!({
        "kind": error.kind().name(),
        "number": error.kind().number(),
        "delivery": error.delivery().name(),
        "may_resend": error.may_resend(),
        "phase": error.phase().name(),
        "message": error.message(),
        "text": error.to_string(),
        "http_status": error.status(),
        "error_code": error.error_code(),
        "service_message": error.service_message(),
        "correlation_id": error.correlation_id(),
        "retry_after_ms": retry_after,
        "body_excerpt": error.body_excerpt(),
        "cause": std::error::Error::source(error).map(ToString::to_string),
        "attempts": attempts,
        "headers": headers(error.headers()),
        "header": error.header(LOOKED_UP),
    })
}
