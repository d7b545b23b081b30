// SPDX-License-Identifier: Apache-2.0 OR MIT
package ai.polyai.chat;

import java.time.Duration;

/** Times as the library takes them. */
final class Times {
    private Times() {}

    /** Part of a millisecond counts as a whole one. What is too long or negative stays so, and is refused by the library. */
    static long milliseconds(Duration time) {
        try {
            return time.plusNanos(999_999).toMillis();
        } catch (ArithmeticException tooLong) {
            return Long.MAX_VALUE;
        }
    }
}
