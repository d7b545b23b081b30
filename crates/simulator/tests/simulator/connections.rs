//! How HTTP travels.

use crate::client::{Client, PATIENCE, request, turn};
use polyai_chat_simulator::Simulator;
use std::net::TcpStream;

fn simulator() -> Simulator {
    Simulator::builder().start().unwrap()
}

#[test]
fn pipelined_requests_are_answered_in_order() {
    let simulator = simulator();
    let mut client = Client::connect(&simulator);
    let id = client.create(&simulator);
    let both = request(&simulator, "respond", &turn(&id, "order 1001"))
        + &request(&simulator, "respond", &turn(&id, "order 2002"));
    client.send(both);
    assert!(client.reply().unwrap().field("response").contains("1001"));
    assert!(client.reply().unwrap().field("response").contains("2002"));
    assert_eq!(simulator.connections(), 1);
}

#[test]
fn chunked_bodies_are_read_and_both_framings_together_refused() {
    let simulator = simulator();
    let mut client = Client::connect(&simulator);
    let id = client.create(&simulator);
    let body = turn(&id, "order 31337");
    let (one, two) = body.split_at(10);
    let head = request(&simulator, "respond", "")
        .replace("Content-Length: 0", "Transfer-Encoding: chunked");
    client.send(format!(
        "{head}{:x};note=1\r\n{one}\r\n{:X}\r\n{two}\r\n0\r\nTrailer: x\r\n\r\n",
        one.len(),
        two.len()
    ));
    assert!(client.reply().unwrap().field("response").contains("31337"));
    assert_eq!(simulator.received()[1].text(), body);

    client.send(head.replace("\r\n\r\n", "\r\nContent-Length: 3\r\n\r\n"));
    assert_eq!(client.reply().unwrap().status, 400);
    assert!(client.rest().unwrap().is_empty());
}

#[test]
fn a_continue_is_sent_when_it_is_expected() {
    let simulator = simulator();
    let mut client = Client::connect(&simulator);
    let whole = request(&simulator, "create", "{}");
    let head = whole.strip_suffix("\r\n\r\n{}").unwrap().to_owned();
    client.send(format!("{head}\r\nExpect: 100-continue\r\n\r\n"));
    assert_eq!(client.reply().unwrap().status, 100);
    client.send("{}");
    assert_eq!(client.reply().unwrap().status, 200);
}

#[test]
fn connections_end_when_the_client_says_so() {
    let simulator = simulator();
    for (from, to, stays) in [
        ("Host:", "Connection: close\r\nHost:", false),
        ("HTTP/1.1", "HTTP/1.0", false),
        (
            "HTTP/1.1\r\n",
            "HTTP/1.0\r\nConnection: keep-alive\r\n",
            true,
        ),
    ] {
        let mut client = Client::connect(&simulator);
        client.send(request(&simulator, "create", "{}").replacen(from, to, 1));
        let reply = client.reply().unwrap();
        assert_eq!(reply.status, 200);
        if stays {
            assert_eq!(reply.header("connection"), Some("keep-alive"));
            client.create(&simulator);
        } else {
            assert_eq!(reply.header("connection"), Some("close"));
            assert!(client.rest().unwrap().is_empty());
        }
    }
}

#[test]
fn an_answer_that_is_not_http_is_refused() {
    let simulator = simulator();
    let mut client = Client::connect(&simulator);
    client.send("\u{1}\u{2}\u{3} nonsense\r\n\r\n");
    assert_eq!(client.reply().unwrap().status, 400);
    let mut client = Client::connect(&simulator);
    client.send(format!("GET / HTTP/1.1\r\nA: {}", "x".repeat(80_000)));
    assert_eq!(client.reply().unwrap().status, 431);
}

#[test]
fn requests_in_single_bytes_are_put_together() {
    let simulator = simulator();
    let mut client = Client::connect(&simulator);
    for byte in request(&simulator, "create", "{}").bytes() {
        client.send([byte]);
    }
    assert_eq!(client.reply().unwrap().status, 200);
}

#[test]
fn dropping_it_closes_the_port_and_the_connections() {
    let simulator = simulator();
    let address = simulator.address();
    let mut client = Client::connect(&simulator);
    client.create(&simulator);
    drop(simulator);
    assert!(client.rest().is_ok_and(|rest| rest.is_empty()));
    assert!(TcpStream::connect(address).is_err());
}

#[test]
fn open_connections_are_counted() {
    let simulator = simulator();
    let clients: Vec<_> = (0..3).map(|_| Client::connect(&simulator)).collect();
    assert!(simulator.wait_for(|seen| seen.counts().open_connections == 3, PATIENCE));
    drop(clients);
    assert!(simulator.wait_for(|seen| seen.counts().open_connections == 0, PATIENCE));
    assert_eq!(simulator.connections(), 3);
    assert_eq!(simulator.counts().most_open_connections, 3);
}

#[test]
fn a_port_that_is_taken_is_an_error() {
    let simulator = simulator();
    let error = Simulator::builder()
        .listen(simulator.address())
        .start()
        .unwrap_err();
    assert!(error.to_string().contains(&simulator.address().to_string()));
}
