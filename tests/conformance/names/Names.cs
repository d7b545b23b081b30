// SPDX-License-Identifier: Apache-2.0 OR MIT
using System;
using System.Collections.Generic;
using System.Linq;
using System.Reflection;
using PolyAI.Chat;

/// <summary>Prints what the assembly of .NET exposes, by asking its types and objects: a line for each name, with what it is and whose it is
/// between tabs.</summary>
static class Names
{
    const BindingFlags All = BindingFlags.Public | BindingFlags.NonPublic | BindingFlags.Static | BindingFlags.Instance;
    static readonly Assembly Library = typeof(ChatClient).Assembly;

    static void Say(string what, string whose, object name)
    {
        Console.WriteLine(what + "\t" + whose + "\t" + name);
    }

    static void Main()
    {
        foreach (Type type in Library.GetExportedTypes().OrderBy(type => type.Name, StringComparer.Ordinal))
        {
            OfType(type, type.Name.Split('`')[0]);
        }
        OfObjects();
        Type raw = Library.GetType("PolyAI.Chat.Raw");
        foreach (string name in Library.GetTypes().Where(type => type != raw).SelectMany(Called)
            .Where(method => method.DeclaringType == raw).Select(method => method.Name).Distinct())
        {
            Say("call", "", name);
        }
    }

    static void OfType(Type type, string name)
    {
        bool isFailure = typeof(IChatError).IsAssignableFrom(type) && type != typeof(IChatError) && type != typeof(ChatException);
        if (!isFailure)
        {
            Say("type", "", name);
        }
        if (type.IsEnum)
        {
            foreach (object member in Enum.GetValues(type))
            {
                Say("number", name, member + " = " + (int)member);
            }
            return;
        }
        foreach (ConstructorInfo made in type.GetConstructors())
        {
            Say("member", name, "new");
        }
        foreach (MemberInfo member in type.GetMembers(BindingFlags.Public | BindingFlags.Static | BindingFlags.Instance)
            .Where(member => member.DeclaringType.Assembly == Library && member.MemberType != MemberTypes.Constructor))
        {
            MethodInfo method = member as MethodInfo;
            // The functions of a property are named by it, and some are another's.
            if (method == null || !method.IsSpecialName)
            {
                Say("member", name, member.Name);
            }
        }
    }

    /// <summary>The methods that a type's own refer to.</summary>
    static IEnumerable<MethodBase> Called(Type type)
    {
        foreach (MethodBase method in type.GetMethods(All | BindingFlags.DeclaredOnly).Cast<MethodBase>()
            .Concat(type.GetConstructors(All | BindingFlags.DeclaredOnly)))
        {
            MethodBody body = method.GetMethodBody();
            byte[] code = body == null ? new byte[0] : body.GetILAsByteArray();
            for (int i = 1; i + 4 < code.Length; i++)
            {
                // `call` and `ldftn`, each with the token of a method. What only looks like one resolves to nothing.
                if (code[i - 1] == 0x28 || (i > 1 && code[i - 2] == 0xFE && code[i - 1] == 0x06))
                {
                    MethodBase called = Resolved(type, method, BitConverter.ToInt32(code, i));
                    if (called != null)
                    {
                        yield return called;
                    }
                }
            }
        }
    }

    static MethodBase Resolved(Type type, MethodBase method, int token)
    {
        try
        {
            // A method that is defined in this assembly.
            return token >> 24 == 0x06 ? type.Module.ResolveMethod(token) : null;
        }
        catch (ArgumentException)
        {
            return null;
        }
    }

    /// <summary>What they say, and the names that they know.</summary>
    static void OfObjects()
    {
        Type details = Library.GetType("PolyAI.Chat.ErrorDetails");
        MethodInfo exception = Library.GetType("PolyAI.Chat.Exceptions").GetMethod("Of", All);
        foreach (ErrorKind kind in Enum.GetValues(typeof(ErrorKind)))
        {
            object ofKind = Activator.CreateInstance(details, true);
            details.GetField("Kind", All).SetValue(ofKind, kind);
            bool isCanceled = kind == ErrorKind.Cancelled;
            Say("exception", kind.ToString(),
                isCanceled ? typeof(ChatCanceledException).Name : exception.Invoke(null, new[] { ofKind }).GetType().Name);
        }
        foreach (string argument in new[] { typeof(ChatClient), typeof(Conversation) }
            .SelectMany(type => type.GetMethods()).Where(method => method.Name.StartsWith("Respond") || method.Name == "StartRespond")
            .SelectMany(method => method.GetParameters()).Where(parameter => parameter.ParameterType == typeof(string))
            .Select(parameter => parameter.Name).Where(name => name != "conversationId").Distinct())
        {
            Say("argument", "respond", argument);
        }
        Say("text", "options", ChatLibrary.OptionsJson);
        // Nobody listens at this port of the machine.
        ChatClientBuilder builder = ChatClient.Builder().BaseUrl("http://127.0.0.1:1").AccountId("a").ProjectId("p").ApiKey("k").Token("t")
            .MaxAttempts(1);
        Say("text", "settings", builder.DescribeJson());
        using (ChatClient client = builder.Build())
        {
            Say("text", "metrics", client.MetricsJson());
            Say("text", "attempts", Refused(() => client.Create()).AttemptsJson);
            Say("text", "field", Refused(() => client.Create(new Request().Field("no_such_name", "1"))).Explanation);
        }
        Say("text", "option", Refused(() => ChatClient.Builder().Option("no_such_name", "1").Build()).Explanation);
    }

    static ChatException Refused(Action act)
    {
        try
        {
            act();
        }
        catch (ChatException problem)
        {
            return problem;
        }
        throw new InvalidOperationException("nothing was refused");
    }
}
