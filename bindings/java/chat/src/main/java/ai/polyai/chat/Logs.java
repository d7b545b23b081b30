// SPDX-License-Identifier: Apache-2.0 OR MIT
package ai.polyai.chat;

import java.util.Queue;
import java.util.concurrent.LinkedBlockingQueue;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The log lines of a client. The library's threads only leave them here; the program's threads hand them to SLF4J, at the end of a call. */
final class Logs {
    private static final int MOST = 4096;

    private final Logger logger = LoggerFactory.getLogger("ai.polyai.chat");
    private final Queue<Line> lines = new LinkedBlockingQueue<>(MOST);

    /** As it was at the end of the last call: SLF4J is asked by the program's threads alone. */
    private volatile boolean isDebugWanted = true;

    private static final class Line {
        final LogLevel level;
        final String text;

        Line(LogLevel level, String text) {
            this.level = level;
            this.text = text;
        }
    }

    boolean wants(LogLevel level) {
        return level != LogLevel.DEBUG || isDebugWanted;
    }

    void add(LogLevel level, String text) {
        // One too many is dropped.
        lines.offer(new Line(level, text));
    }

    /** Never throws: what a log does must not change the outcome of a call. */
    void drain() {
        try {
            isDebugWanted = logger.isDebugEnabled();
        } catch (Throwable ignored) {
            isDebugWanted = true;
        }
        for (Line line = lines.poll(); line != null; line = lines.poll()) {
            try {
                switch (line.level) {
                    case WARN:
                        logger.warn(line.text);
                        break;
                    case INFO:
                        logger.info(line.text);
                        break;
                    default:
                        logger.debug(line.text);
                }
            } catch (Throwable ignored) {
                // The next line may be luckier.
            }
        }
    }
}
