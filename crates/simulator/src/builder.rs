use crate::error::SimulatorError;
use crate::fault::{ArmedFaults, Fault};
use crate::records::Records;
use crate::script::Script;
use crate::settings::{Credentials, Dialect, EndedCode, Recording, Settings, UnknownConversation};
use crate::shared::{Shared, State};
use crate::simulator::{Simulator, Start};
use crate::tls::TlsIdentity;
use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

/// How a simulator is set up; [`start`](Self::start) starts it.
#[derive(Clone, Debug)]
pub struct SimulatorBuilder {
    listen: SocketAddr,
    settings: Settings,
    dialect: Option<Dialect>,
    credentials: Credentials,
    script: Script,
    tls: Option<TlsIdentity>,
    faults: Vec<Fault>,
    receive_buffer: Option<u32>,
}

impl Simulator {
    /// A simulator to be set up.
    #[must_use]
    pub fn builder() -> SimulatorBuilder {
        SimulatorBuilder::new()
    }
}

impl SimulatorBuilder {
    pub(crate) fn new() -> Self {
        Self {
            listen: SocketAddr::from((Ipv4Addr::LOCALHOST, 0)),
            settings: Settings::default(),
            dialect: None,
            credentials: Credentials {
                api_key: "simulator-key".to_owned(),
                token: "simulator-token".to_owned(),
            },
            script: Script::built_in(),
            tls: None,
            faults: Vec::new(),
            receive_buffer: None,
        }
    }

    /// Where to listen: `127.0.0.1` by default. Port 0 takes a free one.
    #[must_use]
    pub fn listen(mut self, address: SocketAddr) -> Self {
        self.listen = address;
        self
    }

    /// Which description of the API is followed: that of the script by default, and if it names none, the current one.
    #[must_use]
    pub fn dialect(mut self, dialect: Dialect) -> Self {
        self.dialect = Some(dialect);
        self
    }

    /// The API key and the connector token that are accepted: `simulator-key` and `simulator-token` by default.
    #[must_use]
    pub fn credentials(mut self, api_key: &str, token: &str) -> Self {
        self.credentials = Credentials {
            api_key: api_key.to_owned(),
            token: token.to_owned(),
        };
        self
    }

    /// The account and project that exist: `simulator-account` and `simulator-project` by default.
    #[must_use]
    pub fn account(mut self, account_id: &str, project_id: &str) -> Self {
        account_id.clone_into(&mut self.settings.account_id);
        project_id.clone_into(&mut self.settings.project_id);
        self
    }

    /// The version in the path: `v1` by default.
    #[must_use]
    pub fn version(mut self, version: &str) -> Self {
        version.clone_into(&mut self.settings.version);
        self
    }

    /// What the agent says: the built-in script by default.
    #[must_use]
    pub fn script(mut self, script: Script) -> Self {
        self.script = script;
        self
    }

    /// Serves TLS with this certificate, and nothing else.
    #[must_use]
    pub fn tls(mut self, identity: TlsIdentity) -> Self {
        self.tls = Some(identity);
        self
    }

    /// How long a conversation may be idle, before it is over with `CHAT_TIMEOUT`: for ever by default.
    #[must_use]
    pub fn idle_limit(mut self, limit: Duration) -> Self {
        self.settings.idle_limit = Some(limit);
        self
    }

    /// How many bytes a request body may have: 1 MiB by default. A larger one is answered with 413.
    #[must_use]
    pub fn body_limit(mut self, bytes: usize) -> Self {
        self.settings.body_limit = bytes;
        self
    }

    /// How the code of an ended conversation is spelled.
    #[must_use]
    pub fn ended_code(mut self, code: EndedCode) -> Self {
        self.settings.ended_code = code;
        self
    }

    /// What is answered for a conversation id that never existed.
    #[must_use]
    pub fn unknown_conversation(mut self, answer: UnknownConversation) -> Self {
        self.settings.unknown_conversation = answer;
        self
    }

    /// How much of what arrives is kept.
    #[must_use]
    pub fn record(mut self, recording: Recording) -> Self {
        self.settings.recording = recording;
        self
    }

    /// Sets a fault from the start, after those of the script.
    #[must_use]
    pub fn fault(mut self, fault: Fault) -> Self {
        self.faults.push(fault);
        self
    }

    /// The size of the sockets' receive buffers, so that slow reading holds a client up early.
    #[must_use]
    pub fn receive_buffer(mut self, bytes: u32) -> Self {
        self.receive_buffer = Some(bytes);
        self
    }

    /// Starts the simulator on a thread of its own. It listens when this returns.
    ///
    /// # Errors
    ///
    /// When the address cannot be listened on, the certificate cannot be used, or a fault cannot happen.
    pub fn start(self) -> Result<Simulator, SimulatorError> {
        let mut faults = ArmedFaults::default();
        for fault in self.script.faults().iter().cloned().chain(self.faults) {
            faults.add(fault)?;
        }
        let tls_config = self
            .tls
            .as_ref()
            .map(TlsIdentity::server_config)
            .transpose()?;
        let records = Records::new(self.settings.recording);
        let dialect = self.dialect.or(self.script.dialect());
        let shared = Shared::new(
            Settings {
                dialect: dialect.unwrap_or_default(),
                ..self.settings
            },
            self.script,
            State {
                records,
                faults,
                credentials: self.credentials,
            },
        );
        Simulator::start(Start {
            listen: self.listen,
            receive_buffer: self.receive_buffer,
            shared,
            tls_config,
            ca_pem: self.tls.map(|identity| identity.ca_pem().to_owned()),
        })
    }
}
