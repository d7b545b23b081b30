// SPDX-License-Identifier: Apache-2.0 OR MIT
package ai.polyai.chat;

/**
 * Ends calls from another thread: those whose {@link Request} has it. One token may serve any number of calls. Any thread may use it at any
 * time. Interrupting the thread of a call, and {@link Turn#cancel()}, end calls without a token.
 *
 * @since 0.1.0
 */
public final class CancelToken extends NativeObject implements AutoCloseable {
    /**
     * Makes a token. It is freed by {@link #close()}, or a while after it was collected.
     *
     * @throws NativeLibraryException the native library cannot be used
     * @since 0.1.0
     */
    public CancelToken() {
        this(Library.get());
    }

    private CancelToken(Library library) {
        super(library, library.raw.polyai_cancel_new(), Raw::polyai_cancel_free);
    }

    /**
     * Ends the calls that are under way with it: each throws {@link CancelledException} with a truthful delivery. When none is, nothing
     * happens: calls that begin later run as usual. Does not block.
     *
     * @since 0.1.0
     */
    public void cancel() {
        library.raw.polyai_cancel_trigger(handle());
        keep();
    }

    /**
     * Ends the calls that are under way with it, and has every later call with it fail as cancelled, not sent. For where the cancellation
     * may come before the call begins. It cannot be undone. Does not block.
     *
     * @since 0.1.0
     */
    public void cancelForGood() {
        library.raw.polyai_cancel_trigger_for_good(handle());
        keep();
    }

    /**
     * Lets go of it; calls that have it go on. Does not block.
     *
     * @since 0.1.0
     */
    @Override
    public void close() {
        free();
    }
}
