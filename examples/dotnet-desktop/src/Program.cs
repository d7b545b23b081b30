// SPDX-License-Identifier: Apache-2.0 OR MIT
using System;
using System.Globalization;
using System.IO;
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

    static int isExiting;

    static int Main(string[] arguments)
    {
        Encoding plain = new UTF8Encoding(false);
        Screen screen = new Screen(new StreamWriter(Console.OpenStandardOutput(), plain));
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
        Console.CancelKeyPress += (sender, pressed) =>
        {
            Volatile.Write(ref isInterrupted, true);
            // The reading of lines cannot be ended, but the program can.
            pressed.Cancel = true;
            ThreadPool.QueueUserWorkItem(none =>
            {
                desk.End(true);
                Exit(Interrupted);
            });
        };
        screen.Show(Help);
        TextReader input = new StreamReader(Console.OpenStandardInput(), plain);
        string line = input.ReadLine();
        while (line != null && line != "/quit" && !screen.IsGone)
        {
            Do(desk, screen, line);
            line = input.ReadLine();
        }
        desk.End(screen.IsGone);
        Exit(Volatile.Read(ref isInterrupted) ? Interrupted : screen.IsGone ? NothingShown : 0);
        return 0;
    }

    /// <summary>Ends the process, once: a runtime that two threads end at the same time may hang.</summary>
    static void Exit(int status)
    {
        if (Interlocked.Exchange(ref isExiting, 1) == 0)
        {
            Environment.Exit(status);
        }
        Thread.Sleep(Timeout.Infinite);
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
