//! One client for each configuration of a process.
#![cfg(test)]

mod fixture;

use fixture::{config, simulator};
use polyai_chat_core::{Client, Create, ErrorKind};

#[test]
fn the_same_options_give_the_same_client_with_its_connections() {
    let simulator = simulator();
    for _ in 0..3 {
        let client = Client::shared(&config(&simulator.url())).unwrap();
        client.create(Create::new()).unwrap().close().unwrap();
    }
    assert_eq!(simulator.connections(), 1);
    let mut by_name = config(&simulator.url());
    by_name.set("max_attempts", "3").unwrap(); // said, and therefore not the same as the default
    let other = Client::shared(&by_name).unwrap();
    other.create(Create::new()).unwrap();
    assert_eq!(simulator.connections(), 2);
    let another_token = Client::shared(&config(&simulator.url()).token("another")).unwrap();
    let error = another_token.create(Create::new()).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Authentication, "{error}");
}

#[test]
fn a_client_that_was_shut_down_is_replaced_and_its_replaced_credentials_are_forgotten() {
    let simulator = simulator();
    let config = config(&simulator.url()).user_agent("replaced/1");
    let client = Client::shared(&config).unwrap();
    client.replace_credentials("wrong", "wrong").unwrap();
    let again = Client::shared(&config).unwrap();
    let error = again.create(Create::new()).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Authentication, "{error}");
    again.shut_down();
    assert_eq!(
        client.create(Create::new()).unwrap_err().kind(),
        ErrorKind::Cancelled
    );
    let new = Client::shared(&config).unwrap();
    new.create(Create::new()).unwrap();
}

#[test]
fn a_listener_cannot_be_shared_and_what_is_wrong_is_said_as_by_new() {
    let simulator = simulator();
    let listened = config(&simulator.url()).on_log(|_, _| {});
    let error = Client::shared(&listened).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidArgument);
    assert!(error.message().contains("recent_log_lines"), "{error}");
    let wrong = config(&simulator.url()).ca_file("/no/such/file");
    for _ in 0..2 {
        let error = Client::shared(&wrong).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Configuration, "{error}");
    }
}
