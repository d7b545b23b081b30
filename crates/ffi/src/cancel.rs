//! The cancel token.

use crate::arguments::{Changed, Freed, NewHandle};
use crate::handle::{Kind, Object};
use polyai_chat_core::CancelToken;

pub struct Cancel(pub(crate) CancelToken);

impl Object for Cancel {
    const KIND: Kind = Kind::Cancel;
}

export! {
    /// Makes a token that can end calls. Give it to their requests with `polyai_request_set_cancel`.
    ///
    /// One token may serve any number of calls, at the same time or one after the other. NULL only when there are too many
    /// handles.
    ///
    /// Blocks: never. Threads: any. Since: 0.1.0.
    plain fn polyai_cancel_new() -> NewHandle<Cancel> {
        NewHandle::of(Cancel(CancelToken::new()))
    }

    /// Lets go of a token. Calls that have it go on.
    ///
    /// Blocks: never. Threads: any. Since: 0.1.0.
    plain fn polyai_cancel_free(cancel: Freed<Cancel>) {
        cancel.free()
    }

    /// Ends the calls that are under way with this token, in whatever phase they are. Each returns
    /// `POLYAI_STATUS_CANCELLED` with a truthful delivery.
    ///
    /// When no call is under way with it, nothing happens: calls that begin later run as usual. Not for signal handlers.
    ///
    /// Blocks: never. Threads: any. Since: 0.1.0.
    plain fn polyai_cancel_trigger(cancel: Changed<Cancel>) {
        cancel.get()?.0.cancel();
        Ok(())
    }
}
