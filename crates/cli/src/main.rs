//! The program `polyai-chat`.

use std::process::ExitCode;

fn main() -> ExitCode {
    ExitCode::from(polyai_chat_cli::run(std::env::args_os()))
}
