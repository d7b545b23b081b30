//! A server to be troubled, and a client of it.

use crate::lateness::Lateness;
use crate::row::{PATIENCE, Row, Trouble};
use crate::transport::{Proxies, Transport};
use polyai_chat_core::{Client, Config};
use polyai_chat_simulator::{Dialect, Script, Simulator, TlsIdentity};
use socket2::{Domain, Socket, Type};
use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::sync::atomic::{AtomicUsize, Ordering};
use tempfile::TempDir;

const SCRIPT: &str = r#"
greeting = "Hello."
default_reply = "You said: {message}"
"#;

/// What all cells share, because it takes long to make.
pub(crate) struct Materials {
    identity: TlsIdentity,
    directory: TempDir,
    files: AtomicUsize,
    pub(crate) proxies: Option<Proxies>,
    pub(crate) lateness: Lateness,
}

impl Materials {
    pub(crate) fn new() -> Self {
        Self {
            identity: TlsIdentity::generate().unwrap(),
            directory: TempDir::new().unwrap(),
            files: AtomicUsize::new(0),
            proxies: Proxies::start(),
            lateness: Lateness::measure(),
        }
    }

    fn write_pem(&self, pem: &str) -> PathBuf {
        let number = self.files.fetch_add(1, Ordering::Relaxed);
        let path = self.directory.path().join(format!("{number}.pem"));
        std::fs::write(&path, pem).unwrap();
        path
    }
}

pub(crate) struct Bench {
    pub(crate) simulator: Simulator,
    config: Config,
    /// Without what the row sets.
    usual_config: Config,
    _unused_port: Option<Socket>,
}

impl Bench {
    pub(crate) fn new(
        materials: &Materials,
        row: &Row,
        dialect: Dialect,
        transport: &Transport,
        stretch: u32,
    ) -> Self {
        let (identity, trusted) = match row.trouble {
            Trouble::Certificate(make, true) => {
                let identity = make().unwrap();
                (identity.clone(), identity)
            }
            Trouble::Certificate(make, false) => (make().unwrap(), materials.identity.clone()),
            _ => (materials.identity.clone(), materials.identity.clone()),
        };
        let mut builder = Simulator::builder()
            .dialect(dialect)
            .script(Script::parse(SCRIPT, "matrix.toml").unwrap());
        if transport.is_secure {
            builder = builder.tls(identity);
        }
        let simulator = builder.start().unwrap();
        let unused_port = matches!(row.trouble, Trouble::NobodyListens).then(port_of_nobody);
        let address = match &unused_port {
            Some(socket) => socket.local_addr().unwrap().as_socket().unwrap(),
            None => simulator.address(),
        };
        let scheme = if transport.is_secure { "https" } else { "http" };
        let mut config = Config::new()
            .base_url(format!("{scheme}://{address}"))
            .account_id(simulator.account_id())
            .project_id(simulator.project_id())
            .api_key(simulator.api_key())
            .token(simulator.token())
            .dialect(dialect.name())
            .timeout(PATIENCE)
            .close_timeout(PATIENCE)
            .connect_timeout(PATIENCE)
            .backoff(std::time::Duration::from_millis(2));
        if transport.is_secure {
            let file = materials.write_pem(trusted.ca_pem());
            config = config.ca_file(file.to_str().unwrap());
        }
        let proxies = materials.proxies.as_ref();
        if let Some(proxy) = proxies.and_then(|proxies| proxies.address(transport)) {
            config = config.allow_plain_http(true);
            config.set("proxy", &proxy).unwrap();
        }
        let usual_config = config.clone();
        for (name, value) in &row.options {
            match value.parse::<u32>() {
                Ok(ms) if name.ends_with("_ms") => {
                    config.set(name, &(ms * stretch).to_string()).unwrap();
                }
                _ => config.set(name, value).unwrap(),
            }
        }
        Self {
            simulator,
            config,
            usual_config,
            _unused_port: unused_port,
        }
    }

    pub(crate) fn client(&self) -> Client {
        Client::new(self.config.clone()).unwrap()
    }

    /// A client that no short limit of the row can fail before the trouble begins.
    pub(crate) fn usual_client(&self) -> Client {
        Client::new(self.usual_config.clone()).unwrap()
    }

    /// Waits until the server has dealt with everything that ever reached it. Every client must be gone. Returns the connections
    /// that stay open all the same.
    pub(crate) fn settle(&self) -> Option<LeftOpen> {
        // Connections are accepted in their order: one that is answered has all earlier ones before it.
        let last: ureq::Agent = ureq::Agent::config_builder()
            .http_status_as_error(false)
            .proxy(None)
            .timeout_global(Some(PATIENCE))
            .build()
            .into();
        // One that speaks TLS says so without it.
        last.get(format!("http://{}", self.simulator.address()))
            .call()
            .unwrap();
        drop(last);
        let none_is_left = self
            .simulator
            .wait_for(|seen| seen.counts().open_connections == 0, PATIENCE);
        (!none_is_left).then(|| LeftOpen::at(self.simulator.address().port()))
    }
}

/// A port that is taken, so that nobody else gets it, but not listened on.
fn port_of_nobody() -> Socket {
    let socket = Socket::new(Domain::IPV4, Type::STREAM, None).unwrap();
    let any: SocketAddr = (Ipv4Addr::LOCALHOST, 0).into();
    socket.bind(&any.into()).unwrap();
    socket
}

/// Connections that a server still has when every client is gone.
#[derive(Debug)]
pub(crate) struct LeftOpen {
    /// The kernel's lines about the sockets at both ends: addresses, states, bytes that wait, owners.
    pub(crate) sockets: String,
    /// This process has the client's end of one, or the system does not tell. A proxy may have it too, or a program that has
    /// connected to this port by mistake.
    pub(crate) are_ours: bool,
}

impl LeftOpen {
    fn at(port: u16) -> Self {
        const REMOTE: usize = 2;
        const INODE: usize = 9;
        let port = format!(":{port:04X}");
        let Ok(table) = std::fs::read_to_string("/proc/net/tcp") else {
            return Self {
                sockets: String::new(),
                are_ours: true,
            };
        };
        let sockets: Vec<_> = table
            .lines()
            .filter(|line| line.split(' ').any(|word| word.ends_with(&port)))
            .collect();
        let ours = sockets_of_this_process();
        let are_ours = sockets.iter().any(|line| {
            let words: Vec<_> = line.split_whitespace().collect();
            words[REMOTE].ends_with(&port) && ours.contains(&format!("socket:[{}]", words[INODE]))
        });
        Self {
            sockets: sockets.join("\n"),
            are_ours,
        }
    }
}

fn sockets_of_this_process() -> Vec<String> {
    let descriptors = std::fs::read_dir("/proc/self/fd").unwrap();
    descriptors
        .filter_map(|entry| std::fs::read_link(entry.ok()?.path()).ok())
        .map(|target| target.to_string_lossy().into_owned())
        .collect()
}

#[cfg(target_os = "linux")]
#[test]
fn a_connection_of_this_process_is_told_from_those_of_others() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    assert!(!LeftOpen::at(address.port()).are_ours);
    let _client = std::net::TcpStream::connect(address).unwrap();
    assert!(LeftOpen::at(address.port()).are_ours);
}
