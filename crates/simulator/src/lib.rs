//! A local simulator of the PolyAI Chat API, with scripts and faults.
//!
//! It speaks the same HTTP, checks the same headers, keeps the same conversations and refuses in the same
//! words as the service, on a port of this machine. Nothing it says comes from PolyAI.
//!
//! ```
//! use polyai_chat_simulator::{Answer, Fault, Operation, Script, Simulator};
//!
//! let script = Script::parse(
//!     r#"
//!     greeting = "Hello, how can I help?"
//!     default_reply = "You said: {message}"
//!     "#,
//!     "echo.toml",
//! )?;
//! let simulator = Simulator::builder().script(script).start()?;
//! println!("{}", simulator.url());
//!
//! // The third turn is refused as busy, once.
//! simulator.fail(Fault::new(Answer::status(503)).on(Operation::Respond).nth(3))?;
//! # Ok::<(), polyai_chat_simulator::SimulatorError>(())
//! ```

mod builder;
mod control;
mod error;
mod fault;
mod operation;
mod page;
mod records;
mod script;
mod server;
mod service;
mod settings;
mod shared;
mod simulator;
mod tls;
mod wire;

pub use builder::SimulatorBuilder;
pub use error::{SimulatorError, TlsError};
pub use fault::{
    Action, ActiveFault, Answer, AnswerBody, Direction, Fault, FaultError, FaultId, Moment, Pause,
    RetryAfter, Selector,
};
pub use operation::Operation;
pub use records::{ConversationRecord, Counts, ReceivedRequest, Records};
pub use script::{RecordedError, RecordedReply, Script, ScriptError, ScriptRecorder};
pub use settings::{Dialect, EndedCode, Recording, UnknownConversation};
pub use simulator::Simulator;
pub use tls::TlsIdentity;

/// Compiles the code of the user documentation.
#[cfg(doctest)]
#[doc = include_str!("../../../docs/simulator.md")]
struct Documentation;
