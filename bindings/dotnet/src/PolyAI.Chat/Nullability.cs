// SPDX-License-Identifier: Apache-2.0 OR MIT
#if !NETSTANDARD2_1_OR_GREATER && !NETCOREAPP3_0_OR_GREATER && !__MonoCS__
namespace System.Diagnostics.CodeAnalysis
{
    // Compilers know these by their names; netstandard2.0 has none. C# 7 cannot say `string?`.

    /// <summary>Null may be given.</summary>
    [AttributeUsage(AttributeTargets.Parameter)]
    internal sealed class AllowNullAttribute : Attribute { }

    /// <summary>Null may come back.</summary>
    [AttributeUsage(AttributeTargets.Property | AttributeTargets.ReturnValue)]
    internal sealed class MaybeNullAttribute : Attribute { }
}
#endif
