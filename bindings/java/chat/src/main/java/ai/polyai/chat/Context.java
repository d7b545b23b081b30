// SPDX-License-Identifier: Apache-2.0 OR MIT
package ai.polyai.chat;

import java.util.concurrent.Executor;

/** What a client and all that comes from it share. */
final class Context {
    final Library library;
    final Logs logs;
    /** Completes futures. */
    final Executor executor;

    Context(Library library, Logs logs, Executor executor) {
        this.library = library;
        this.logs = logs;
        this.executor = executor;
    }
}
