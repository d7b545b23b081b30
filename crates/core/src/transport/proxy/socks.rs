//! SOCKS 5 (RFC 1928), with user name and password (RFC 1929) where they are given.

use super::agreement::{Agreement, Destination, refused};
use crate::config::ProxyCredentials;
use crate::foundation::secret::WipedOnDrop;
use crate::transport::failure::Failure;
use std::net::IpAddr;

const VERSION: u8 = 5;
const AUTHENTICATION_VERSION: u8 = 1;

const WITHOUT_AUTHENTICATION: u8 = 0;
const USER_AND_PASSWORD: u8 = 2;
const NO_METHOD: u8 = 0xff;

/// A user name and a password, each with its length in a byte.
const MOST_MESSAGE_BYTES: usize = 1 + 2 * 256;

const CONNECT: u8 = 1;
const SUCCEEDED: u8 = 0;

const IPV4: u8 = 1;
const NAME: u8 = 3;
const IPV6: u8 = 4;

/// Has the proxy connect to a destination.
pub(super) fn connect(
    agreement: &mut Agreement<'_>,
    destination: Destination<'_>,
    port: u16,
) -> Result<(), Failure> {
    authenticate(agreement)?;
    let mut request = vec![VERSION, CONNECT, 0];
    match destination {
        Destination::Address(IpAddr::V4(address)) => {
            request.push(IPV4);
            request.extend(address.octets());
        }
        Destination::Address(IpAddr::V6(address)) => {
            request.push(IPV6);
            request.extend(address.octets());
        }
        Destination::Name(name) => {
            let length = u8::try_from(name.len())
                .map_err(|_| refused("SOCKS allows at most 255 bytes of host name"))?;
            request.extend([NAME, length]);
            request.extend(name.bytes());
        }
    }
    request.extend(port.to_be_bytes());
    agreement.write_all(&request)?;

    let [version, reply, _, kind] = agreement.read_exact()?;
    check_version(version)?;
    if reply != SUCCEEDED {
        return Err(refused(format!(
            "it could not connect to {}: {}",
            in_words(destination),
            meaning(reply)
        )));
    }
    // The address that it connects from. Its length is all that matters.
    let length = match kind {
        IPV4 => 4,
        IPV6 => 16,
        NAME => {
            let [length] = agreement.read_exact()?;
            usize::from(length)
        }
        other => {
            return Err(refused(format!(
                "it answered with an address of type {other}"
            )));
        }
    };
    agreement.fill(&mut vec![0; length + 2])
}

fn authenticate(agreement: &mut Agreement<'_>) -> Result<(), Failure> {
    let credentials = agreement.proxy.credentials.clone();
    let methods: &[u8] = match &credentials {
        Some(_) => &[VERSION, 2, WITHOUT_AUTHENTICATION, USER_AND_PASSWORD],
        None => &[VERSION, 1, WITHOUT_AUTHENTICATION],
    };
    agreement.write_all(methods)?;
    // Something else than a SOCKS proxy may answer with one byte and wait.
    let [version] = agreement.read_exact()?;
    check_version(version)?;
    match (agreement.read_exact()?, credentials) {
        ([WITHOUT_AUTHENTICATION], _) => Ok(()),
        ([USER_AND_PASSWORD], Some(credentials)) => give(agreement, &credentials),
        ([NO_METHOD], _) => Err(agreement.wrong_credentials(
            "it accepts neither a user name and password nor a connection without",
            "it asks for authentication",
        )),
        ([other], _) => Err(refused(format!(
            "it chose the authentication method {other}, which was not offered"
        ))),
    }
}

fn give(agreement: &mut Agreement<'_>, credentials: &ProxyCredentials) -> Result<(), Failure> {
    let mut message = WipedOnDrop::with_capacity(MOST_MESSAGE_BYTES);
    message.push(AUTHENTICATION_VERSION);
    for text in [&credentials.user, &credentials.password] {
        let bytes = text.reveal().as_bytes();
        let length = u8::try_from(bytes.len())
            .map_err(|_| refused("SOCKS allows at most 255 bytes of user name and of password"))?;
        message.push(length);
        message.extend(bytes);
    }
    agreement.write_all(&message)?;
    let [_, status] = agreement.read_exact()?;
    match status {
        SUCCEEDED => Ok(()),
        _ => Err(agreement.wrong_credentials(
            "it does not accept the user name and password",
            "it asks for authentication",
        )),
    }
}

fn check_version(version: u8) -> Result<(), Failure> {
    match version {
        VERSION => Ok(()),
        b'H' => Err(refused(
            "it speaks HTTP and not SOCKS 5; its URL must begin with http://",
        )),
        other => Err(refused(format!(
            "it does not speak SOCKS 5, its answer begins with byte {other}"
        ))),
    }
}

fn in_words(destination: Destination<'_>) -> String {
    match destination {
        Destination::Name(name) => name.to_owned(),
        Destination::Address(address) => address.to_string(),
    }
}

fn meaning(reply: u8) -> String {
    let words = match reply {
        1 => "general failure",
        2 => "its rules forbid it",
        3 => "the network is unreachable",
        4 => "the host is unreachable",
        5 => "the connection was refused",
        6 => "the time to live ran out",
        7 => "it knows no CONNECT",
        8 => "it knows no such type of address",
        other => return format!("reply {other}"),
    };
    words.to_owned()
}
