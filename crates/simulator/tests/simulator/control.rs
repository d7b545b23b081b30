//! The simulator's own endpoints.

use crate::client::{Client, PATIENCE};
use polyai_chat_simulator::Simulator;
use serde_json::{Value, json};
use ureq::http::{HeaderMap, Request};

/// Asks as an ordinary HTTP client.
fn fetch(
    simulator: &Simulator,
    method: &str,
    path: &str,
    header: (&str, &str),
    body: &str,
) -> (u16, HeaderMap, String) {
    let agent: ureq::Agent = ureq::Agent::config_builder()
        .http_status_as_error(false)
        .proxy(None)
        .build()
        .into();
    let request = Request::builder()
        .method(method)
        .uri(format!("{}{path}", simulator.url()))
        .header(header.0, header.1)
        .body(body.to_owned())
        .unwrap();
    let mut reply = agent.run(request).unwrap();
    let text = reply.body_mut().read_to_string().unwrap();
    (reply.status().as_u16(), reply.headers().clone(), text)
}

fn ask(simulator: &Simulator, method: &str, path: &str, body: &str) -> (u16, Value) {
    let (status, _, text) = fetch(simulator, method, path, ("Accept", "*/*"), body);
    (status, serde_json::from_str(&text).unwrap())
}

#[test]
fn what_was_received_can_be_read_without_the_secrets() {
    let simulator = Simulator::builder().start().unwrap();
    let mut client = Client::connect(&simulator);
    let id = client.create(&simulator);
    client.say(&simulator, &id, "hi");
    assert!(simulator.wait_for(|seen| seen.counts().complete_replies == 2, PATIENCE));

    let (status, received) = ask(&simulator, "GET", "/_simulator/received", "");
    assert_eq!(status, 200);
    assert_eq!(received.as_array().unwrap().len(), 2);
    assert_eq!(received[1]["operation"], "respond");
    assert_eq!(received[1]["processed"], true);
    assert!(received.to_string().contains(r#"["X-API-KEY","set"]"#));
    assert!(!received.to_string().contains("simulator-key"));
    assert!(!received.to_string().contains("simulator-token"));

    let (_, conversations) = ask(&simulator, "GET", "/_simulator/conversations", "");
    assert_eq!(conversations[0]["id"], json!(id));
    assert_eq!(conversations[0]["messages"], json!(["hi"]));
    let first = simulator.conversation(&id).unwrap();
    assert_eq!(conversations[0]["greeting"], json!(first.greeting));
    assert_eq!(conversations[0]["replies"], json!(first.replies));
    assert!(!first.greeting.is_empty() && first.replies.len() == 1);
    let (_, counts) = ask(&simulator, "GET", "/_simulator/counts", "");
    assert_eq!(counts["by_operation"], json!({"create": 1, "respond": 1}));
    assert_eq!(counts["by_status"], json!({"200": 2}));

    ask(&simulator, "DELETE", "/_simulator/received", "");
    assert!(simulator.received().is_empty());
    assert_eq!(simulator.counts().requests, 0);
}

#[test]
fn faults_can_be_set_and_taken_back() {
    let simulator = Simulator::builder().start().unwrap();
    let mut client = Client::connect(&simulator);
    let fault =
        json!({"when": {"operation": "create", "times": 1}, "action": {"answer": {"status": 503}}});
    let (status, set) = ask(&simulator, "POST", "/_simulator/faults", &fault.to_string());
    assert_eq!(status, 200);
    assert_eq!(set[0]["happened"], 0);
    assert_eq!(client.post(&simulator, "create", "{}").status, 503);
    assert_eq!(client.post(&simulator, "create", "{}").status, 200);
    let (_, set) = ask(&simulator, "GET", "/_simulator/faults", "");
    assert_eq!(
        (&set[0]["occasions"], &set[0]["happened"]),
        (&json!(2), &json!(1))
    );

    let two = json!([
        {"action": {"delay": {"before": "turn", "ms": 1}}},
        {"action": {"answer": {"status": 500}}},
    ]);
    let (_, set) = ask(&simulator, "PUT", "/_simulator/faults", &two.to_string());
    assert_eq!(set.as_array().unwrap().len(), 2);
    assert_eq!(client.post(&simulator, "create", "{}").status, 500);
    let one = format!("/_simulator/faults/{}", set[1]["id"]);
    let (_, left) = ask(&simulator, "DELETE", &one, "");
    assert_eq!(left.as_array().unwrap().len(), 1);
    assert_eq!(client.post(&simulator, "create", "{}").status, 200);
    assert_eq!(ask(&simulator, "GET", &one, "").0, 405);
    assert_eq!(
        ask(&simulator, "DELETE", "/_simulator/faults", "").1,
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
        let (status, refused) = ask(&simulator, "POST", "/_simulator/faults", &wrong.to_string());
        assert_eq!(status, 400);
        let error = refused["error"].as_str().unwrap();
        assert!(error.contains(words), "{error}");
    }
    assert!(simulator.faults().is_empty());
}

#[test]
fn the_root_says_what_this_is() {
    let simulator = Simulator::builder().start().unwrap();
    let any = ("Accept", "*/*");
    let (_, _, text) = fetch(&simulator, "GET", "/", any, "");
    assert!(text.contains("no PolyAI service contacted"));
    assert!(text.contains("/_simulator/faults"));
    assert_eq!(ask(&simulator, "GET", "/_simulator/nothing", "").0, 404);
    let (status, headers, _) = fetch(&simulator, "PATCH", "/_simulator/faults", any, "");
    assert_eq!(
        (status, &headers["allow"] == "GET, POST, PUT, DELETE"),
        (405, true)
    );
    assert_eq!(simulator.counts().requests, 0);
}

#[test]
fn a_browser_gets_a_page_that_loads_nothing_from_elsewhere() {
    let simulator = Simulator::builder().start().unwrap();
    let get = |path: &str| {
        let browser = ("Accept", "text/html,*/*;q=0.8");
        let (status, headers, text) = fetch(&simulator, "GET", path, browser, "");
        assert_eq!(status, 200, "{path}");
        let policy = headers["content-security-policy"].to_str().unwrap();
        assert!(policy.starts_with("default-src 'self';"), "{policy}");
        text
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
    let status = |origin: &str| {
        let fault = json!({"action": {"answer": {"status": 503}}}).to_string();
        fetch(
            &simulator,
            "POST",
            "/_simulator/faults",
            ("Origin", origin),
            &fault,
        )
        .0
    };
    assert_eq!(status("http://elsewhere.example"), 403);
    assert_eq!(status("null"), 403);
    assert!(simulator.faults().is_empty());
    assert_eq!(status(&simulator.url()), 200);
    assert_eq!(simulator.faults().len(), 1);
}

#[test]
fn a_name_that_somebody_makes_lead_here_is_refused() {
    let simulator = Simulator::builder().start().unwrap();
    let port = simulator.address().port();
    let status = |host: &str| {
        let host = host.replace("PORT", &port.to_string());
        let header = ("Host", host.as_str());
        let (status, _, text) = fetch(&simulator, "GET", "/_simulator/received", header, "");
        assert_eq!(status == 200, text == "[]", "{text}");
        status
    };
    for host in [
        "elsewhere.example:PORT",
        "elsewhere.example",
        "127.0.0.1.elsewhere.example",
        "localhost.elsewhere.example",
        "10",
    ] {
        assert_eq!(status(host), 403, "{host}");
    }
    for host in [
        "127.0.0.1:PORT",
        "127.0.0.1",
        "LocalHost:PORT",
        "localhost",
        "[::1]:PORT",
        "[::1]",
        "10.1.2.3:PORT",
    ] {
        assert_eq!(status(host), 200, "{host}");
    }
}
