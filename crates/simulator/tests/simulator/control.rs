//! The simulator's own endpoints.

use crate::client::{Client, PATIENCE, raw};
use polyai_chat_simulator::Simulator;
use serde_json::{Value, json};

fn ask(client: &mut Client, method: &str, target: &str, body: &str) -> (u16, Value) {
    client.send(raw(method, target, &[], body));
    let reply = client.reply().unwrap();
    (reply.status, reply.json())
}

#[test]
fn what_was_received_can_be_read_without_the_secrets() {
    let simulator = Simulator::builder().start().unwrap();
    let mut client = Client::connect(&simulator);
    let id = client.create(&simulator);
    client.say(&simulator, &id, "hi");
    assert!(simulator.wait_for(|seen| seen.counts().complete_replies == 2, PATIENCE));

    let (status, received) = ask(&mut client, "GET", "/_simulator/received", "");
    assert_eq!(status, 200);
    assert_eq!(received.as_array().unwrap().len(), 2);
    assert_eq!(received[1]["operation"], "respond");
    assert_eq!(received[1]["processed"], true);
    assert!(received.to_string().contains(r#"["X-API-KEY","set"]"#));
    assert!(!received.to_string().contains("simulator-key"));
    assert!(!received.to_string().contains("simulator-token"));

    let (_, conversations) = ask(&mut client, "GET", "/_simulator/conversations", "");
    assert_eq!(conversations[0]["id"], json!(id));
    assert_eq!(conversations[0]["messages"], json!(["hi"]));
    let first = simulator.conversation(&id).unwrap();
    assert_eq!(conversations[0]["greeting"], json!(first.greeting));
    assert_eq!(conversations[0]["replies"], json!(first.replies));
    assert!(!first.greeting.is_empty() && first.replies.len() == 1);
    let (_, counts) = ask(&mut client, "GET", "/_simulator/counts", "");
    assert_eq!(counts["by_operation"], json!({"create": 1, "respond": 1}));
    assert_eq!(counts["by_status"], json!({"200": 2}));

    ask(&mut client, "DELETE", "/_simulator/received", "");
    assert!(simulator.received().is_empty());
    assert_eq!(simulator.counts().requests, 0);
}

#[test]
fn faults_can_be_set_and_taken_back() {
    let simulator = Simulator::builder().start().unwrap();
    let mut client = Client::connect(&simulator);
    let fault =
        json!({"when": {"operation": "create", "times": 1}, "action": {"answer": {"status": 503}}});
    let (status, set) = ask(
        &mut client,
        "POST",
        "/_simulator/faults",
        &fault.to_string(),
    );
    assert_eq!(status, 200);
    assert_eq!(set[0]["happened"], 0);
    assert_eq!(client.post(&simulator, "create", "{}").status, 503);
    assert_eq!(client.post(&simulator, "create", "{}").status, 200);
    let (_, set) = ask(&mut client, "GET", "/_simulator/faults", "");
    assert_eq!(
        (&set[0]["occasions"], &set[0]["happened"]),
        (&json!(2), &json!(1))
    );

    let two = json!([
        {"action": {"delay": {"before": "turn", "ms": 1}}},
        {"action": {"answer": {"status": 500}}},
    ]);
    let (_, set) = ask(&mut client, "PUT", "/_simulator/faults", &two.to_string());
    assert_eq!(set.as_array().unwrap().len(), 2);
    assert_eq!(client.post(&simulator, "create", "{}").status, 500);
    let one = format!("/_simulator/faults/{}", set[1]["id"]);
    let (_, left) = ask(&mut client, "DELETE", &one, "");
    assert_eq!(left.as_array().unwrap().len(), 1);
    assert_eq!(client.post(&simulator, "create", "{}").status, 200);
    assert_eq!(ask(&mut client, "GET", &one, "").0, 405);
    assert_eq!(
        ask(&mut client, "DELETE", "/_simulator/faults", "").1,
        json!([])
    );
    assert_eq!(client.post(&simulator, "create", "{}").status, 200);

    for (wrong, words) in [
        (json!({"action": {"explode": {}}}), "unknown variant"),
        (
            json!({"action": {"answer": {"staus": 500}}}),
            "unknown field `staus`",
        ),
        (
            json!({"when": {"operation": "create"}, "action": {"reset": {"at": "accept"}}}),
            "before the request is read",
        ),
        (
            json!([]).to_string().replace("[]", "{").into(),
            "not faults",
        ),
    ] {
        let (status, refused) = ask(
            &mut client,
            "POST",
            "/_simulator/faults",
            &wrong.to_string(),
        );
        assert_eq!(status, 400);
        let error = refused["error"].as_str().unwrap();
        assert!(error.contains(words), "{error}");
    }
    assert!(simulator.faults().is_empty());
}

#[test]
fn the_root_says_what_this_is() {
    let simulator = Simulator::builder().start().unwrap();
    let mut client = Client::connect(&simulator);
    client.send(raw("GET", "/", &[], ""));
    let reply = client.reply().unwrap();
    let text = String::from_utf8(reply.body).unwrap();
    assert!(text.contains("no PolyAI service contacted"));
    assert!(text.contains("/_simulator/faults"));
    assert_eq!(ask(&mut client, "GET", "/_simulator/nothing", "").0, 404);
    client.send(raw("PATCH", "/_simulator/faults", &[], ""));
    let reply = client.reply().unwrap();
    assert_eq!(
        (reply.status, reply.header("allow")),
        (405, Some("GET, POST, PUT, DELETE"))
    );
    assert_eq!(simulator.counts().requests, 0);
}

#[test]
fn a_browser_gets_a_page_that_loads_nothing_from_elsewhere() {
    let simulator = Simulator::builder().start().unwrap();
    let mut client = Client::connect(&simulator);
    let mut get = |path: &str| {
        client.send(raw("GET", path, &[("Accept", "text/html,*/*;q=0.8")], ""));
        let reply = client.reply().unwrap();
        assert_eq!(reply.status, 200, "{path}");
        let policy = reply.header("content-security-policy").unwrap();
        assert!(policy.starts_with("default-src 'self';"), "{policy}");
        String::from_utf8(reply.body).unwrap()
    };
    let page = get("/");
    assert!(page.contains("No PolyAI service contacted"));
    for part in ["/_simulator/page.css", "/_simulator/page.js"] {
        assert!(page.contains(part));
        assert!(!get(part).contains("://"), "{part} names another place");
    }
    assert!(!page.contains("://"));
}

#[test]
fn a_page_of_another_site_may_neither_read_nor_change_anything() {
    let simulator = Simulator::builder().start().unwrap();
    let mut client = Client::connect(&simulator);
    let mut status = |origin: &str| {
        let fault = json!({"action": {"answer": {"status": 503}}}).to_string();
        client.send(raw(
            "POST",
            "/_simulator/faults",
            &[("Origin", origin)],
            &fault,
        ));
        client.reply().unwrap().status
    };
    assert_eq!(status("http://elsewhere.example"), 403);
    assert_eq!(status("null"), 403);
    assert!(simulator.faults().is_empty());
    assert_eq!(status("http://localhost"), 200);
    assert_eq!(simulator.faults().len(), 1);
}
