// SPDX-License-Identifier: Apache-2.0 OR MIT
package ai.polyai.chat;

import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicLong;

/**
 * What the library calls, on threads of its own too. Nothing may be thrown into it: that would end the process. So each does little, runs
 * nothing of the program's, and catches everything.
 */
final class Upcalls {
    private static final Map<Long, Runnable> WAITING = new ConcurrentHashMap<>();
    private static final Map<Long, Logs> LOGS = new ConcurrentHashMap<>();
    private static final AtomicLong LAST = new AtomicLong();

    private Upcalls() {}

    /** A number by which {@link #done} finds what is to be run: on a thread of the library, or on this one where the call is done already. */
    static long expect(Runnable done) {
        long id = LAST.incrementAndGet();
        Thread expecting = Thread.currentThread();
        WAITING.put(id, () -> {
            try {
                done.run();
            } finally {
                if (Thread.currentThread() != expecting) {
                    Thread.interrupted(); // what one call leaves behind must not cancel the next one on this thread
                }
            }
        });
        return id;
    }

    static void forget(long id) {
        WAITING.remove(id);
    }

    static long add(Logs logs) {
        long id = LAST.incrementAndGet();
        LOGS.put(id, logs);
        return id;
    }

    static void done(long id) {
        try {
            Runnable done = WAITING.remove(id);
            if (done != null) {
                done.run();
            }
        } catch (Throwable ignored) {
            // See above.
        }
    }

    static int check(long ignored) {
        try {
            return Thread.currentThread().isInterrupted() ? 1 : 0;
        } catch (Throwable thrown) {
            return 0;
        }
    }

    static void log(Library library, long id, int level, long line, long length) {
        try {
            Logs logs = LOGS.get(id);
            LogLevel urgency = LogLevel.of(level);
            if (logs != null && logs.wants(urgency)) {
                logs.add(urgency, library.text(line, length));
            }
        } catch (Throwable ignored) {
            // See above.
        }
    }

    static void released(long id) {
        try {
            LOGS.remove(id);
        } catch (Throwable ignored) {
            // See above.
        }
    }
}
