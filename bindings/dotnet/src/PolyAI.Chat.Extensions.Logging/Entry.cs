// SPDX-License-Identifier: Apache-2.0 OR MIT
using System.Collections;
using System.Collections.Generic;
using System.Globalization;
using System.Text.RegularExpressions;

namespace PolyAI.Chat
{
    /// <summary>What a logger gets: a line, and the values of its attempt. Providers look for this type of list.</summary>
    internal sealed class Entry : IReadOnlyList<KeyValuePair<string, object>>
    {
        // Readers of JSON are packages of their own, or, on some frameworks, load a library of ciphers.
        private static readonly Regex Member = new Regex(
            @"""(?<name>\w+)"":(?:""(?<text>(?:[^""\\]|\\.)*)""|(?<number>-?\d+)(?=[,}])|(?<flag>true|false))", RegexOptions.CultureInvariant);

        private readonly string line;
        private readonly List<KeyValuePair<string, object>> values = new List<KeyValuePair<string, object>>();

        internal Entry(string line, string json)
        {
            this.line = line;
            if (json != null)
            {
                Read(json);
            }
            values.Add(new KeyValuePair<string, object>("Line", line));
            // By convention the last one is the template: one for all entries, and no words of others, whose braces would be holes in it.
            values.Add(new KeyValuePair<string, object>("{OriginalFormat}", "{Line}"));
        }

        /// <summary>Reads a JSON object whose members are texts, whole numbers, flags and nulls; those that are null are left out.</summary>
        private void Read(string json)
        {
            foreach (Match member in Member.Matches(json))
            {
                values.Add(new KeyValuePair<string, object>(member.Groups["name"].Value, Value(member)));
            }
        }

        private static object Value(Match member)
        {
            if (member.Groups["text"].Success)
            {
                // Knows every escape of JSON.
                return Regex.Unescape(member.Groups["text"].Value);
            }
            if (member.Groups["number"].Success)
            {
                return long.Parse(member.Groups["number"].Value, CultureInfo.InvariantCulture);
            }
            return member.Groups["flag"].Value == "true";
        }

        public int Count { get { return values.Count; } }

        public KeyValuePair<string, object> this[int index] { get { return values[index]; } }

        public IEnumerator<KeyValuePair<string, object>> GetEnumerator()
        {
            return values.GetEnumerator();
        }

        IEnumerator IEnumerable.GetEnumerator()
        {
            return GetEnumerator();
        }

        public override string ToString()
        {
            return line;
        }
    }
}
