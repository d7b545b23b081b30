// SPDX-License-Identifier: Apache-2.0 OR MIT
using System;
using System.Globalization;
using System.IO;
using System.Text;

/// <summary>What is shown: a line at a time, whichever thread has something to show.</summary>
sealed class Screen
{
    /// <summary>Longer texts are cut, so that nobody scrolls a line for minutes.</summary>
    const int MostCharacters = 4000;

    readonly object gate = new object();
    readonly TextWriter output;
    volatile bool isGone;

    internal Screen(TextWriter output)
    {
        this.output = output;
    }

    /// <summary>Whether nobody can read what is shown any more: the pipe is broken, the terminal has gone, or the disk is full.</summary>
    internal bool IsGone { get { return isGone; } }

    /// <summary>A line of this program's own. One that cannot be written is lost, and so are those after it: the conversations are to be
    /// closed all the same.</summary>
    internal void Show(string line)
    {
        lock (gate)
        {
            if (isGone)
            {
                return;
            }
            try
            {
                output.WriteLine(line);
                output.Flush();
            }
            catch (IOException)
            {
                isGone = true;
            }
        }
    }

    /// <summary>A line of a conversation. The text may be another's.</summary>
    internal void Show(int number, string who, string text)
    {
        Show("[" + number + "] " + who + ": " + Clean(text));
    }

    /// <summary>A text in which nothing moves the cursor, changes colours, or turns the direction in which it is read: a terminal would obey
    /// the agent, and whoever has put words into its mouth.</summary>
    internal static string Clean(string text)
    {
        StringBuilder clean = new StringBuilder();
        string given = text ?? "";
        int i = 0;
        while (i < given.Length && clean.Length < MostCharacters)
        {
            string character = CharacterAt(given, i);
            i += character.Length;
            UnicodeCategory category = CharUnicodeInfo.GetUnicodeCategory(character, 0);
            if (category == UnicodeCategory.Control || category == UnicodeCategory.LineSeparator || category == UnicodeCategory.ParagraphSeparator)
            {
                clean.Append(' ');
            }
            // Emoji are joined by one of the characters that are left out otherwise.
            else if (category != UnicodeCategory.Format || character == "\u200D")
            {
                clean.Append(character);
            }
        }
        return clean.ToString();
    }

    /// <summary>Half a surrogate pair is no character.</summary>
    static string CharacterAt(string text, int i)
    {
        if (!char.IsSurrogate(text[i]))
        {
            return text.Substring(i, 1);
        }
        return i + 1 < text.Length && char.IsSurrogatePair(text[i], text[i + 1]) ? text.Substring(i, 2) : "\uFFFD";
    }
}
