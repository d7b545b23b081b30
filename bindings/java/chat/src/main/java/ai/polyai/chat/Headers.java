// SPDX-License-Identifier: Apache-2.0 OR MIT
package ai.polyai.chat;

import java.io.Serializable;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.util.AbstractMap.SimpleImmutableEntry;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Iterator;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;

/**
 * The headers of an answer, in the order in which they came. Names are in lower case, and are found in any case. It never changes, and any
 * thread may use it.
 *
 * @since 0.1.0
 */
public final class Headers implements Iterable<Map.Entry<String, String>>, Serializable {
    private static final long serialVersionUID = 1L;

    /** Names in lower case, and values. */
    private final ArrayList<SimpleImmutableEntry<String, String>> all;

    private Headers(ArrayList<SimpleImmutableEntry<String, String>> all) {
        this.all = all;
    }

    interface At {
        byte at(long index, long name, long value, long length);
    }

    static Headers read(Call call, long count, At at) {
        ArrayList<SimpleImmutableEntry<String, String>> all = new ArrayList<>();
        for (long i = 0; i < count; i++) {
            if (at.at(i, call.out(0), call.out(1), call.out(2)) != 0) {
                all.add(new SimpleImmutableEntry<>(call.library.text(call.result(0)), value(call.saidBytes(call.result(1)))));
            }
        }
        return new Headers(all);
    }

    /** A value may hold any bytes: where they are not UTF-8, each is a character of its own. */
    private static String value(byte[] bytes) {
        try {
            return StandardCharsets.UTF_8.newDecoder().decode(ByteBuffer.wrap(bytes)).toString();
        } catch (CharacterCodingException other) {
            return new String(bytes, StandardCharsets.ISO_8859_1);
        }
    }

    /**
     * The first value of a header.
     *
     * @param name its name, in any case
     * @return the value, as UTF-8, or as ISO 8859-1 where it is not UTF-8; empty where there is no such header
     * @since 0.1.0
     */
    public Optional<String> first(String name) {
        List<String> values = values(name);
        return values.isEmpty() ? Optional.empty() : Optional.of(values.get(0));
    }

    /**
     * All values of a header, in their order.
     *
     * @param name its name, in any case
     * @return the values, as {@link #first} gives them
     * @since 0.1.0
     */
    public List<String> values(String name) {
        List<String> values = new ArrayList<>();
        String wanted = name.toLowerCase(Locale.ROOT);
        for (Map.Entry<String, String> each : all) {
            if (each.getKey().equals(wanted)) {
                values.add(each.getValue());
            }
        }
        return Collections.unmodifiableList(values);
    }

    /**
     * How many headers there are.
     *
     * @return the number, from 0
     * @since 0.1.0
     */
    public int size() {
        return all.size();
    }

    /**
     * All headers, one after the other: name and value.
     *
     * @return an iterator that removes nothing
     * @since 0.1.0
     */
    @Override
    public Iterator<Map.Entry<String, String>> iterator() {
        return Collections.<Map.Entry<String, String>>unmodifiableList(all).iterator();
    }

    /**
     * The headers, for a log.
     *
     * @return names and values
     * @since 0.1.0
     */
    @Override
    public String toString() {
        return all.toString();
    }
}
