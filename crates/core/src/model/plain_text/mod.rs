//! Markdown as plain text, for what shows or speaks words as they are: SMS, e-mail, a voice.

mod addresses;
mod emphasis;
mod lines;
mod lists;
mod markdown;
mod nesting;
mod tables;
mod tags;

pub use markdown::plain_text;
