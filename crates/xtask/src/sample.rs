//! A small ABI for tests, with something of each kind.

use crate::abi::{Abi, Function};
use crate::sources::Sources;

const CONSTANTS: &str = r#"
    //! Ignored.
    use std::ffi::{c_char, c_void};
    /// How a call ended.
    pub type polyai_status = u32;
    /// It did what it should.
    pub const POLYAI_STATUS_OK: polyai_status = 0;
    /// A length: the text ends at its first NUL.
    pub const POLYAI_NUL_TERMINATED: usize = usize::MAX;
    /// The newest ABI.
    pub const POLYAI_ABI_VERSION: u32 = 1;
    /// The oldest ABI that is served.
    pub(crate) const POLYAI_ABI_OLDEST: u32 = 1;
    /// Gets a line.
    pub type polyai_log_callback =
        Option<unsafe extern "C" fn(user_data: *mut c_void, line: *const c_char, length: usize)>;
"#;

/// The second word of the name is the file.
const FUNCTIONS: &str = "
plain fn polyai_config_new() -> NewHandle<Config> { None }
fallible fn polyai_config_set(config: Changed<Config>, key: Text, key_length: usize, value: Text, value_length: usize,) {}
plain fn polyai_config_free(config: Freed<Config>) {}
fallible fn polyai_client_new(config: Optional<Config>, client: NewOut<Client>) {}
fallible fn polyai_client_create(client: Shared<Client>, made: NewOut<Conversation>, greeting: OptionalOut<Reply>) {}
fallible fn polyai_client_log(client: Shared<Client>, log: polyai_log_callback, user_data: UserData) {}
plain fn polyai_client_free(client: Freed<Client>) {}
fallible fn polyai_conversation_respond(conversation: Shared<Conversation>, text: Text, text_length: usize, reply: NewOut<Reply>) {}
fallible fn polyai_conversation_close(conversation: Shared<Conversation>) {}
plain fn polyai_conversation_free(conversation: Freed<Conversation>) {}
plain fn polyai_reply_response(reply: Shared<Reply>, length: LengthOut) -> BorrowedText { None }
plain fn polyai_reply_free(reply: Freed<Reply>) {}
plain fn polyai_error_copy(error: Shared<Error>, buffer: Buffer, capacity: usize) -> usize { 0 }
plain fn polyai_error_free(error: Freed<Error>) {}";

pub(crate) fn abi() -> Result<Abi, String> {
    with_function("")
}

pub(crate) fn function(name: &str) -> Function {
    abi()
        .unwrap()
        .functions
        .into_iter()
        .find(|function| function.name == name)
        .unwrap()
}

/// The sample with one function more, in `config.rs`.
pub(crate) fn with_function(function: &str) -> Result<Abi, String> {
    let mut files: Vec<(String, String)> = Vec::new();
    for function in FUNCTIONS
        .lines()
        .chain([function])
        .filter(|function| !function.is_empty())
    {
        let file = function.split('_').nth(1).filter(|file| {
            function.contains(" polyai_") && FUNCTIONS.contains(&format!("_{file}_free"))
        });
        let file = file.unwrap_or("config");
        let summary = if function.contains("_set(") {
            "Sets one option\n/// by its name."
        } else {
            "Does it."
        };
        let blocks = if function.contains("_respond(") {
            "until the reply, at most the timeout"
        } else {
            "never"
        };
        let notice =
            format!("Blocks: {blocks}. Threads: one at a time for each {file}.\n/// Since: 0.1.0.");
        let block = format!("export! {{\n/// {summary}\n///\n/// {notice}\n{function}\n}}\n");
        match files.iter_mut().find(|(name, _)| name == file) {
            Some((_, text)) => text.push_str(&block),
            None => files.push((file.to_owned(), block)),
        }
    }
    Sources {
        files,
        constants: CONSTANTS.to_owned(),
        first_page: String::new(),
    }
    .abi()
}
