// SPDX-License-Identifier: Apache-2.0 OR MIT
using System;
using System.Diagnostics;
using System.Globalization;
using PolyAI.Chat;

/// <summary>What every program of the benchmark does, in C#: <c>Turns.exe URL</c> opens a conversation, makes as many turns as BENCH_WARM_UP says,
/// prints "ready", and then answers each number of turns with what they took, as <c>c/turns.c</c> does but for processor time. With BENCH_ASYNC a turn is a task that is
/// waited for.</summary>
static class Turns
{
    const string Message = "Where is my order?";
    const string Expected = "Your order was dispatched yesterday, and should be with you by Thursday. Is there anything else?";

    static void Main(string[] arguments)
    {
        ChatClient client = ChatClient.Builder().BaseUrl(arguments[0]).AccountId("simulator-account").ProjectId("simulator-project")
            .ApiKey("simulator-key").Token("simulator-token").Timeout(TimeSpan.FromSeconds(30)).Build();
        Conversation conversation = client.Create();
        Func<string> turn = () => conversation.Respond(Message).Response;
        if (Environment.GetEnvironmentVariable("BENCH_ASYNC") != null)
        {
            turn = () => conversation.RespondAsync(Message).GetAwaiter().GetResult().Response;
        }
        Timed(turn, int.Parse(Environment.GetEnvironmentVariable("BENCH_WARM_UP") ?? "0", CultureInfo.InvariantCulture));
        Console.WriteLine("ready");
        for (string line = Console.ReadLine(); line != null; line = Console.ReadLine())
        {
            Console.WriteLine(Measured(turn, int.Parse(line, CultureInfo.InvariantCulture)));
        }
    }

    /// <summary>The wall time of each turn, in microseconds.</summary>
    static double[] Timed(Func<string> turn, int turns)
    {
        double[] walls = new double[turns];
        for (int i = 0; i < turns; i++)
        {
            long began = Stopwatch.GetTimestamp();
            string reply = turn();
            walls[i] = (Stopwatch.GetTimestamp() - began) * 1e6 / Stopwatch.Frequency;
            // A program that is fast because it fails would be of no interest.
            if (reply != Expected)
            {
                throw new InvalidOperationException("this is not the reply: " + reply);
            }
        }
        return walls;
    }

    static string Measured(Func<string> turn, int turns)
    {
        Stopwatch took = Stopwatch.StartNew();
        double[] walls = Timed(turn, turns);
        took.Stop();
        Array.Sort(walls);
        return string.Format(CultureInfo.InvariantCulture,
            "{{\"wall_us\": {0:F3}, \"p99_us\": {1:F3}, \"turns_per_s\": {2:F1} }}",
            walls[turns / 2], walls[turns * 99 / 100], turns / took.Elapsed.TotalSeconds);
    }
}
