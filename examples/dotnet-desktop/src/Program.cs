// SPDX-License-Identifier: Apache-2.0 OR MIT
using System;
using System.Globalization;
using System.IO;
using System.Runtime.InteropServices;
using System.Text;
using System.Threading;
using PolyAI.Chat;

/// <summary>Several conversations in one console: a line that begins with a slash is a command, any other is said.</summary>
static class Program
{
    const int Interrupted = 130;
    const int NothingShown = 1;
    const string Help = "/new [NAME] begins a conversation, /use N chooses one, /list shows them, /close closes the one in use, /quit ends; "
        + "any other line is said, //... with one slash";

    static int Main(string[] arguments)
    {
        Screen screen = new Screen(new StreamWriter(Console.OpenStandardOutput(), new UTF8Encoding(false)));
        ChatClient client;
        try
        {
            client = arguments.Length == 2 && arguments[0] == "--profile" ? ChatClient.FromProfile(arguments[1]) : ChatClient.FromEnvironment();
        }
        catch (Exception problem) when (problem is ChatException || problem is NativeLibraryException)
        {
            Console.Error.WriteLine(problem.Message);
            return 1;
        }
        Desk desk = new Desk(client, screen);
        bool isInterrupted = false;
        ManualResetEvent isToEnd = new ManualResetEvent(false);
        Console.CancelKeyPress += (sender, pressed) =>
        {
            pressed.Cancel = true;
            Volatile.Write(ref isInterrupted, true);
            desk.Cancel();
            isToEnd.Set();
        };
        screen.Show(Help);
        // A read of the console cannot be cancelled, so that a thread of its own waits for it.
        Thread reader = new Thread(() =>
        {
            try
            {
                ReadLines(desk, screen);
            }
            catch (IOException)
            {
                // The terminal has gone: nobody types any more.
            }
            isToEnd.Set();
        });
        reader.IsBackground = true;
        reader.Start();
        isToEnd.WaitOne();
        desk.End();
        int status = Volatile.Read(ref isInterrupted) ? Interrupted : screen.IsGone ? NothingShown : 0;
        if (Type.GetType("Mono.Runtime") != null && Environment.OSVersion.Platform == PlatformID.Unix)
        {
            EndAtOnce(status);
        }
        return status;
    }

    /// <summary>Ends the process, and leaves the terminal as it was. Mono's own way stops every thread first, and may hang on one that
    /// waits for a key: https://github.com/mono/mono/issues/17317.</summary>
    [DllImport("libc", EntryPoint = "exit")]
    static extern void EndAtOnce(int status);

    static void ReadLines(Desk desk, Screen screen)
    {
        TextReader input = new StreamReader(Console.OpenStandardInput(), new UTF8Encoding(false));
        string line = input.ReadLine();
        while (line != null && line != "/quit" && !screen.IsGone)
        {
            Do(desk, screen, line);
            line = input.ReadLine();
        }
        if (screen.IsGone)
        {
            desk.Cancel();
        }
    }

    static void Do(Desk desk, Screen screen, string line)
    {
        string[] words = line.Split(new[] { ' ' }, 2);
        string rest = words.Length > 1 ? words[1].Trim() : "";
        int number;
        if (line.Length == 0)
        {
            return;
        }
        if (line[0] != '/' || line.StartsWith("//"))
        {
            desk.Say(line[0] == '/' ? line.Substring(1) : line);
        }
        else if (words[0] == "/new")
        {
            desk.Create(rest);
        }
        else if (words[0] == "/use" && int.TryParse(rest, NumberStyles.None, CultureInfo.InvariantCulture, out number))
        {
            desk.Use(number);
        }
        else if (line == "/list")
        {
            desk.List();
        }
        else if (line == "/close")
        {
            desk.Close();
        }
        else
        {
            screen.Show(Help);
        }
    }
}
