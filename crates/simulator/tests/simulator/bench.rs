//! A conversation that is about to meet a fault.

use crate::client::{Client, request, turn};
use polyai_chat_simulator::{Action, Fault, Simulator};

pub(crate) struct Bench {
    pub(crate) simulator: Simulator,
    pub(crate) client: Client,
    pub(crate) id: String,
}

impl Bench {
    /// A conversation on one connection, so that a fault set now meets the second request.
    pub(crate) fn new() -> Self {
        let simulator = Simulator::builder().start().unwrap();
        let mut client = Client::connect(&simulator);
        let id = client.create(&simulator);
        Self {
            simulator,
            client,
            id,
        }
    }

    pub(crate) fn with(fault: impl Into<Action>) -> Self {
        let bench = Self::new();
        bench.fail(Fault::new(fault).once());
        bench
    }

    pub(crate) fn fail(&self, fault: Fault) {
        self.simulator.fail(fault).unwrap();
    }

    pub(crate) fn send(&mut self) {
        let body = turn(&self.id, "order 4711");
        self.client.send(request(&self.simulator, "respond", &body));
    }

    pub(crate) fn turns(&self) -> u64 {
        self.simulator.conversation(&self.id).unwrap().turns
    }
}
