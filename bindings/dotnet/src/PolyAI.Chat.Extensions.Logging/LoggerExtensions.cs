// SPDX-License-Identifier: Apache-2.0 OR MIT
using System;
using Microsoft.Extensions.Logging;

namespace PolyAI.Chat
{
    /// <summary>Logs of a client by Microsoft.Extensions.Logging.</summary>
    /// <remarks>Since 0.1.0.</remarks>
    public static class LoggerExtensions
    {
        /// <summary>The category of the loggers that <see cref="Log(ChatClientBuilder, ILoggerFactory)"/> makes.</summary>
        /// <remarks>Since 0.1.0.</remarks>
        public const string Category = "PolyAI.Chat";

        // Filters and sinks tell the entries of this library by it.
        private static readonly EventId Attempt = new EventId(1, "Attempt");

        // The library tells of an attempt and then gives its line, both on the thread of the call.
        [ThreadStatic]
        private static string attempt;

        /// <summary>Has a logger of the category <see cref="Category"/> get an entry for every attempt of a call.</summary>
        /// <param name="builder">The options of the client.</param>
        /// <param name="factory">Makes the logger. Dispose of it after the client.</param>
        /// <returns>The builder.</returns>
        /// <remarks>As <see cref="Log(ChatClientBuilder, ILogger)"/>. Since 0.1.0.</remarks>
        public static ChatClientBuilder Log(this ChatClientBuilder builder, ILoggerFactory factory)
        {
            if (factory == null)
            {
                throw new ArgumentNullException(nameof(factory));
            }
            return builder.Log(factory.CreateLogger(Category));
        }

        /// <summary>Has a logger get an entry for every attempt of a call. It is a warning where something failed for good, information where
        /// it is tried again, and for debugging where the attempt succeeded. Its text is the line that a delegate would get; its structured
        /// values are what is known of the attempt, by the names of <c>RecentAttemptsJson</c>, such as <c>correlation_id</c>. Keys, tokens
        /// and messages are hidden in both.</summary>
        /// <param name="builder">The options of the client. It takes one logger or delegate: this takes the place of an earlier
        /// <c>Log</c> and <c>Attempts</c>.</param>
        /// <param name="logger">Is called on the thread of the call, which for a started or asynchronous call is one of the library's, and
        /// from several threads at the same time. It must not take long. An exception that it throws is dropped.</param>
        /// <returns>The builder.</returns>
        /// <remarks>A shared client takes no logger. Since 0.1.0.</remarks>
        public static ChatClientBuilder Log(this ChatClientBuilder builder, ILogger logger)
        {
            if (builder == null)
            {
                throw new ArgumentNullException(nameof(builder));
            }
            if (logger == null)
            {
                throw new ArgumentNullException(nameof(logger));
            }
            return builder.Attempts(json => attempt = json).Log((level, line) =>
            {
                string json = attempt;
                attempt = null;
                Microsoft.Extensions.Logging.LogLevel mapped = Mapped(level);
                if (logger.IsEnabled(mapped))
                {
                    logger.Log(mapped, Attempt, new Entry(line, json), null, (entry, problem) => entry.ToString());
                }
            });
        }

        private static Microsoft.Extensions.Logging.LogLevel Mapped(LogLevel level)
        {
            switch (level)
            {
                case LogLevel.Warn: return Microsoft.Extensions.Logging.LogLevel.Warning;
                case LogLevel.Debug: return Microsoft.Extensions.Logging.LogLevel.Debug;
                default: return Microsoft.Extensions.Logging.LogLevel.Information;
            }
        }
    }
}
