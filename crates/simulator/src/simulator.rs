use crate::error::SimulatorError;
use crate::fault::{ActiveFault, Fault, FaultError, FaultId};
use crate::operation::Operation;
use crate::records::{ConversationRecord, Counts, ReceivedRequest, Records};
use crate::server::listener::{self, Acceptance};
use crate::settings::{Credentials, Dialect};
use crate::shared::Shared;
use std::net::SocketAddr;
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::Duration;
use tokio::net::TcpListener;
use tokio::runtime::{Builder, Runtime};
use tokio::sync::oneshot;
use tokio_rustls::rustls::ServerConfig;

/// A running simulator. Dropping it closes its port and all connections, and ends its thread.
///
/// ```
/// use polyai_chat_simulator::{Operation, Simulator};
///
/// let simulator = Simulator::builder().account("acme-uk", "acme-team-4").start()?;
/// assert!(simulator.url().starts_with("http://127.0.0.1:"));
/// // ... let a client talk to it ...
/// assert_eq!(simulator.requests_to(Operation::Respond), 0);
/// # Ok::<(), polyai_chat_simulator::SimulatorError>(())
/// ```
#[derive(Debug)]
pub struct Simulator {
    shared: Arc<Shared>,
    address: SocketAddr,
    ca_pem: Option<String>,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

pub(crate) struct Start {
    pub(crate) listen: SocketAddr,
    pub(crate) receive_buffer: Option<u32>,
    pub(crate) shared: Shared,
    pub(crate) tls_config: Option<Arc<ServerConfig>>,
    pub(crate) ca_pem: Option<String>,
}

impl Simulator {
    pub(crate) fn start(start: Start) -> Result<Self, SimulatorError> {
        let runtime = Builder::new_current_thread()
            .enable_all()
            .build()
            .map_err(SimulatorError::Thread)?;
        let (listener, address) = listen(&runtime, start.listen, start.receive_buffer)?;
        let shared = Arc::new(start.shared);
        let acceptance = Acceptance {
            shared: Arc::clone(&shared),
            tls: start.tls_config,
        };
        let (stop, stopped) = oneshot::channel();
        let thread = std::thread::Builder::new()
            .name("polyai-simulator".to_owned())
            .spawn(move || runtime.block_on(listener::accept(listener, acceptance, stopped)))
            .map_err(SimulatorError::Thread)?;
        Ok(Self {
            shared,
            address,
            ca_pem: start.ca_pem,
            stop: Some(stop),
            thread: Some(thread),
        })
    }

    /// The base URL for a client.
    #[must_use]
    pub fn url(&self) -> String {
        let scheme = if self.ca_pem.is_some() {
            "https"
        } else {
            "http"
        };
        format!("{scheme}://{}", self.address)
    }

    /// The address that it listens on.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The certificate by which a client can trust it, when it serves TLS.
    #[must_use]
    pub fn ca_pem(&self) -> Option<&str> {
        self.ca_pem.as_deref()
    }

    /// The API key that is accepted now.
    #[must_use]
    pub fn api_key(&self) -> String {
        self.shared.read(|state| state.credentials.api_key.clone())
    }

    /// The connector token that is accepted now.
    #[must_use]
    pub fn token(&self) -> String {
        self.shared.read(|state| state.credentials.token.clone())
    }

    /// The account that exists.
    #[must_use]
    pub fn account_id(&self) -> &str {
        &self.shared.settings.account_id
    }

    /// The project that exists.
    #[must_use]
    pub fn project_id(&self) -> &str {
        &self.shared.settings.project_id
    }

    /// The version in the path.
    #[must_use]
    pub fn version(&self) -> &str {
        &self.shared.settings.version
    }

    /// The dialect that is spoken.
    #[must_use]
    pub fn dialect(&self) -> Dialect {
        self.shared.settings.dialect
    }

    /// Accepts another key and token from now on, and the old ones no more.
    pub fn replace_credentials(&self, api_key: &str, token: &str) {
        let credentials = Credentials {
            api_key: api_key.to_owned(),
            token: token.to_owned(),
        };
        self.shared.change(|state| state.credentials = credentials);
    }

    /// The requests that were received, oldest first: the last 10,000 of them.
    #[must_use]
    pub fn received(&self) -> Vec<ReceivedRequest> {
        self.shared
            .read(|state| state.records.received().cloned().collect())
    }

    /// How many requests of one operation were received.
    #[must_use]
    pub fn requests_to(&self, operation: Operation) -> u64 {
        self.shared
            .read(|state| state.records.requests_to(operation))
    }

    /// The counters.
    #[must_use]
    pub fn counts(&self) -> Counts {
        self.shared.read(|state| state.records.counts().clone())
    }

    /// The conversations, in the order in which they were created.
    #[must_use]
    pub fn conversations(&self) -> Vec<ConversationRecord> {
        self.shared
            .read(|state| state.records.conversations().cloned().collect())
    }

    /// One conversation by its id.
    #[must_use]
    pub fn conversation(&self, id: &str) -> Option<ConversationRecord> {
        self.shared
            .read(|state| state.records.conversation(id).cloned())
    }

    /// How many connections were accepted.
    #[must_use]
    pub fn connections(&self) -> u64 {
        self.shared.read(|state| state.records.counts().connections)
    }

    /// How many connections are open.
    #[must_use]
    pub fn open_connections(&self) -> u64 {
        self.shared
            .read(|state| state.records.counts().open_connections)
    }

    /// Waits until the condition holds, looking again at every change. False when the time is over before.
    ///
    /// The simulator stands still while the condition looks, so it must not call the simulator.
    #[must_use]
    pub fn wait_for(&self, condition: impl FnMut(&Records) -> bool, timeout: Duration) -> bool {
        self.shared.wait_for(condition, timeout)
    }

    /// Sets a fault, beside those that are set already.
    ///
    /// # Errors
    ///
    /// When it can never happen as it is described.
    pub fn fail(&self, fault: Fault) -> Result<FaultId, FaultError> {
        self.shared.change(|state| state.faults.add(fault))
    }

    /// Takes a fault back, if it is set.
    pub fn take_back(&self, id: FaultId) {
        self.shared.change(|state| state.faults.remove(id));
    }

    /// Takes all faults back.
    pub fn clear_faults(&self) {
        self.shared.change(|state| state.faults.clear());
    }

    /// The faults that are set, and how often each has happened.
    #[must_use]
    pub fn faults(&self) -> Vec<ActiveFault> {
        self.shared
            .read(|state| state.faults.active().cloned().collect())
    }

    /// Ends a conversation from the agent's side, as if its last reply had said so; false when it does not exist.
    #[must_use = "false says that there is no such conversation"]
    pub fn end_conversation(&self, id: &str) -> bool {
        self.change_conversation(id, |record| record.ended = true)
    }

    /// Lets a conversation outlive its time limit; false when it does not exist.
    #[must_use = "false says that there is no such conversation"]
    pub fn time_out_conversation(&self, id: &str) -> bool {
        self.change_conversation(id, |record| record.timed_out = true)
    }

    /// Forgets the requests that were received, and sets the counters to zero. Conversations, open
    /// connections and faults stay. Of a script's conversations, the first one is held next.
    pub fn clear(&self) {
        self.shared.change(|state| state.records.clear());
    }

    fn change_conversation(&self, id: &str, change: impl FnOnce(&mut ConversationRecord)) -> bool {
        self.shared
            .change(|state| match state.records.conversations.get_mut(id) {
                Some(conversation) => {
                    change(&mut conversation.record);
                    true
                }
                None => false,
            })
    }
}

impl Drop for Simulator {
    fn drop(&mut self) {
        if let Some(stop) = self.stop.take() {
            // Fails only when the thread has ended already.
            let _ = stop.send(());
        }
        if let Some(thread) = self.thread.take() {
            // A panic there was reported by the panic hook; there is nothing left to stop.
            let _ = thread.join();
        }
    }
}

fn listen(
    runtime: &Runtime,
    address: SocketAddr,
    receive_buffer: Option<u32>,
) -> Result<(TcpListener, SocketAddr), SimulatorError> {
    let refused = |source| SimulatorError::Listen { address, source };
    let _inside = runtime.enter();
    let listener = listener::listen(address, receive_buffer).map_err(refused)?;
    let bound = listener.local_addr().map_err(refused)?;
    Ok((listener, bound))
}
