// SPDX-License-Identifier: Apache-2.0 OR MIT
using System;
using System.Collections.Generic;
using System.Globalization;
using System.Linq;
using System.Text;

/// <summary>A number as it was written.</summary>
sealed class Number
{
    public readonly string Text;

    public Number(string text)
    {
        Text = text;
    }
}

/// <summary>JSON, because Mono has no reader that fits: objects are dictionaries, arrays are lists. What is written
/// has its names in order, so that equal objects are equal texts.</summary>
sealed class Json
{
    readonly string text;
    int at;

    Json(string text)
    {
        this.text = text;
    }

    public static object Parse(string text)
    {
        if (text == null)
        {
            return null;
        }
        Json json = new Json(text);
        object value = json.Value();
        json.Space();
        if (json.at != text.Length)
        {
            throw new FormatException("something follows the JSON");
        }
        return value;
    }

    void Space()
    {
        while (at < text.Length && " \t\r\n".IndexOf(text[at]) >= 0)
        {
            at++;
        }
    }

    char Next()
    {
        Space();
        return text[at];
    }

    object Value()
    {
        switch (Next())
        {
            case '{': return Object();
            case '[': return Array();
            case '"': return String();
            case 't': at += 4; return true;
            case 'f': at += 5; return false;
            case 'n': at += 4; return null;
            default: return Digits();
        }
    }

    Dictionary<string, object> Object()
    {
        Dictionary<string, object> members = new Dictionary<string, object>();
        at++;
        while (Next() != '}')
        {
            string name = String();
            Next();
            at++;
            members[name] = Value();
            if (Next() == ',')
            {
                at++;
            }
            Space();
        }
        at++;
        return members;
    }

    List<object> Array()
    {
        List<object> items = new List<object>();
        at++;
        while (Next() != ']')
        {
            items.Add(Value());
            if (Next() == ',')
            {
                at++;
            }
        }
        at++;
        return items;
    }

    Number Digits()
    {
        int begin = at;
        while (at < text.Length && "+-.eE0123456789".IndexOf(text[at]) >= 0)
        {
            at++;
        }
        if (at == begin)
        {
            throw new FormatException("no JSON at " + at);
        }
        return new Number(text.Substring(begin, at - begin));
    }

    string String()
    {
        StringBuilder read = new StringBuilder();
        for (at++; text[at] != '"'; at++)
        {
            if (text[at] != '\\')
            {
                read.Append(text[at]);
                continue;
            }
            at++;
            int escape = "bfnrt".IndexOf(text[at]);
            if (text[at] == 'u')
            {
                read.Append((char)int.Parse(text.Substring(at + 1, 4), NumberStyles.HexNumber, CultureInfo.InvariantCulture));
                at += 4;
            }
            else
            {
                read.Append(escape < 0 ? text[at] : "\b\f\n\r\t"[escape]);
            }
        }
        at++;
        return read.ToString();
    }

    public static string Write(object value)
    {
        StringBuilder written = new StringBuilder();
        Write(written, value);
        return written.ToString();
    }

    static void Write(StringBuilder written, object value)
    {
        Dictionary<string, object> members = value as Dictionary<string, object>;
        List<object> items = value as List<object>;
        if (members != null)
        {
            string comma = "{";
            foreach (KeyValuePair<string, object> member in members.OrderBy(each => each.Key, StringComparer.Ordinal))
            {
                written.Append(comma);
                WriteText(written, member.Key);
                written.Append(':');
                Write(written, member.Value);
                comma = ",";
            }
            written.Append(members.Count == 0 ? "{}" : "}");
        }
        else if (items != null)
        {
            string comma = "[";
            foreach (object item in items)
            {
                written.Append(comma);
                Write(written, item);
                comma = ",";
            }
            written.Append(items.Count == 0 ? "[]" : "]");
        }
        else if (value is string)
        {
            WriteText(written, (string)value);
        }
        else if (value is bool)
        {
            written.Append((bool)value ? "true" : "false");
        }
        else if (value is Number)
        {
            written.Append(((Number)value).Text);
        }
        else
        {
            written.Append(value == null ? "null" : Convert.ToString(value, CultureInfo.InvariantCulture));
        }
    }

    static void WriteText(StringBuilder written, string text)
    {
        written.Append('"');
        foreach (char each in text)
        {
            if (each < ' ' || each > '~' || each == '"' || each == '\\')
            {
                written.Append("\\u").Append(((int)each).ToString("x4", CultureInfo.InvariantCulture));
            }
            else
            {
                written.Append(each);
            }
        }
        written.Append('"');
    }
}
