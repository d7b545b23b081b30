//! The simulator's own endpoints, outside of the service's paths.

use crate::fault::{Fault, FaultId};
use crate::page;
use crate::records::ReceivedRequest;
use crate::shared::{Shared, State};
use crate::wire::head::Head;
use crate::wire::reply::Reply;
use serde::Deserialize;
use serde_json::{Value, json};
use std::time::UNIX_EPOCH;

pub(crate) fn answer(shared: &Shared, head: &Head, body: &[u8]) -> Reply {
    if page::is_of_another_site(head) {
        return refuse(
            403,
            "this is for the simulator's own page, not for one of another site; use an address or localhost in the URL",
        );
    }
    if let Some(file) = page::file(head).filter(|_| head.method == "GET") {
        return file;
    }
    match (head.path(), head.method.as_str()) {
        ("/_simulator/received", "GET") => shared.read(|state| {
            let received: Vec<Value> = state.records.received().map(shown).collect();
            Reply::json(200, Value::Array(received))
        }),
        ("/_simulator/received", "DELETE") => {
            shared.change(|state| state.records.clear());
            Reply::json(200, json!({"cleared": true}))
        }
        ("/_simulator/conversations", "GET") => shared.read(|state| {
            Reply::json(
                200,
                json!(state.records.conversations().collect::<Vec<_>>()),
            )
        }),
        ("/_simulator/counts", "GET") => {
            shared.read(|state| Reply::json(200, json!(state.records.counts())))
        }
        ("/_simulator/faults", "GET") => shared.read(faults),
        ("/_simulator/faults", "POST") => set_faults(shared, body, false),
        ("/_simulator/faults", "PUT") => set_faults(shared, body, true),
        ("/_simulator/faults", "DELETE") => {
            shared.change(|state| state.faults.clear());
            Reply::json(200, json!([]))
        }
        (path, "DELETE") if fault_id(path).is_some() => take_back(shared, path),
        (path, _) => match allowed(path) {
            Some(methods) => refuse(405, "only these methods are known here")
                .with_header(format!("Allow: {methods}")),
            None => refuse(404, "there is no such endpoint; GET / lists them"),
        },
    }
}

fn allowed(path: &str) -> Option<&'static str> {
    match path {
        "/"
        | "/_simulator/page.css"
        | "/_simulator/page.js"
        | "/_simulator/conversations"
        | "/_simulator/counts" => Some("GET"),
        "/_simulator/received" => Some("GET, DELETE"),
        "/_simulator/faults" => Some("GET, POST, PUT, DELETE"),
        _ if fault_id(path).is_some() => Some("DELETE"),
        _ => None,
    }
}

fn fault_id(path: &str) -> Option<FaultId> {
    let id = path.strip_prefix("/_simulator/faults/")?;
    id.parse().ok().map(FaultId)
}

fn take_back(shared: &Shared, path: &str) -> Reply {
    shared.change(|state| {
        if let Some(id) = fault_id(path) {
            state.faults.remove(id);
        }
        faults(state)
    })
}

#[derive(Deserialize)]
#[serde(untagged)]
enum OneOrMore {
    More(Vec<Value>),
    One(Value),
}

fn set_faults(shared: &Shared, body: &[u8], replace: bool) -> Reply {
    let parsed = serde_json::from_slice::<OneOrMore>(body)
        .map(|entries| match entries {
            OneOrMore::More(entries) => entries,
            OneOrMore::One(entry) => vec![entry],
        })
        .and_then(|entries| {
            entries
                .into_iter()
                .map(serde_json::from_value::<Fault>)
                .collect::<Result<Vec<_>, _>>()
        });
    let faults_to_set = match parsed {
        Ok(parsed) => parsed,
        Err(error) => return refuse(400, &format!("these are not faults: {error}")),
    };
    if let Some(error) = faults_to_set.iter().find_map(|fault| fault.check().err()) {
        return refuse(400, &error.to_string());
    }
    shared.change(|state| {
        if replace {
            state.faults.clear();
        }
        for fault in faults_to_set {
            // They were checked above: either all are set or none.
            let _ = state.faults.add(fault);
        }
        faults(state)
    })
}

fn faults(state: &State) -> Reply {
    Reply::json(200, json!(state.faults.active().collect::<Vec<_>>()))
}

fn refuse(status: u16, message: &str) -> Reply {
    Reply::json(status, json!({"success": false, "error": message}))
}

/// A request as it may leave the process: without the key and the token.
fn shown(request: &ReceivedRequest) -> Value {
    let received_at = request
        .received_at
        .duration_since(UNIX_EPOCH)
        .map_or(0.0, |since| since.as_secs_f64());
    json!({
        "number": request.number,
        "connection": request.connection,
        "number_on_connection": request.number_on_connection,
        "method": &request.method,
        "target": &request.target,
        "headers": request.redacted_headers(),
        "body": request.text(),
        "complete": request.complete,
        "operation": request.operation,
        "conversation_id": &request.conversation_id,
        "processed": request.processed,
        "status": request.status,
        "replied": request.replied,
        "received_at": received_at,
    })
}
