// SPDX-License-Identifier: Apache-2.0 OR MIT
using System;
using System.Collections.Generic;
using System.Linq;
using System.Reflection;
using System.Text.RegularExpressions;
using System.Xml.Linq;
using PolyAI.Chat;

/// <summary>Compares two sayings about null: the documentation of each public member, and its annotations.</summary>
static class Documented
{
    /// <summary>Prints the places where they differ. The exit status is 0 where there is none.</summary>
    internal static int Check(string documentation)
    {
        List<XElement> members = XDocument.Load(documentation).Descendants("member").ToList();
        int places = 0;
        var wrong = new List<string>();
        void Compare(string place, string? said, bool annotated)
        {
            places++;
            // What stands in parentheses is about members of JSON.
            bool documented = Regex.IsMatch(Regex.Replace(said ?? "", @"\([^)]*\)", ""), @"\b[Nn]ull\b");
            if (documented != annotated)
            {
                wrong.Add(place + (annotated ? " may be null, and its documentation does not say so" : " is said to be null, and has no annotation"));
            }
        }
        foreach (Type type in typeof(ChatClient).Assembly.GetExportedTypes())
        {
            const BindingFlags Own = BindingFlags.Public | BindingFlags.Instance | BindingFlags.Static | BindingFlags.DeclaredOnly;
            foreach (PropertyInfo property in type.GetProperties(Own).Where(each => each.GetMethod != null && each.GetIndexParameters().Length == 0))
            {
                string of(Type declaring) => "P:" + declaring.FullName + "." + property.Name;
                XElement? said = members.Find(each => (string?)each.Attribute("name") == of(type));
                if (said?.Element("inheritdoc") != null)
                {
                    said = members.Find(each => (string?)each.Attribute("name") == of(typeof(IChatError)));
                }
                // The compiler moves it there.
                bool annotated = Has(property.GetMethod!.ReturnParameter, "MaybeNullAttribute") || Nullable.GetUnderlyingType(property.PropertyType) != null;
                Compare(type.Name + "." + property.Name, said?.Element("summary")?.Value, annotated);
            }
            foreach (MethodInfo method in type.GetMethods(Own).Where(each => !each.IsSpecialName))
            {
                ParameterInfo[] parameters = method.GetParameters();
                XElement? said = members.Find(each => Regex.IsMatch((string)each.Attribute("name")!, "^M:" + Regex.Escape(type.FullName + "." + method.Name) + @"(\(|$)")
                    && each.Elements("param").Select(one => (string?)one.Attribute("name")).SequenceEqual(parameters.Select(one => one.Name)));
                if (!method.ReturnType.IsGenericParameter)
                {
                    Compare(type.Name + "." + method.Name, said?.Element("returns")?.Value,
                        Has(method.ReturnParameter, "MaybeNullAttribute") || HasNullableArgument(method.ReturnParameter));
                }
                foreach (ParameterInfo parameter in parameters)
                {
                    XElement? about = said?.Elements("param").First(each => (string?)each.Attribute("name") == parameter.Name);
                    // `As <see cref="..."/>.`: the member there says it.
                    if (about != null && !about.Value.StartsWith("As "))
                    {
                        Compare(type.Name + "." + method.Name + ": " + parameter.Name, about.Value, Has(parameter, "AllowNullAttribute"));
                    }
                }
            }
        }
        wrong.ForEach(each => Console.WriteLine("FAILED: " + each));
        Console.WriteLine(wrong.Count + " of " + places + " places say another thing about null in documentation and annotations");
        return wrong.Count == 0 && places > 100 ? 0 : 1;
    }

    static bool Has(ICustomAttributeProvider place, string attribute)
    {
        return place.GetCustomAttributes(false).Any(each => each.GetType().Name == attribute);
    }

    /// <summary>Whether it is a type such as <c>Task&lt;Closed?&gt;</c>.</summary>
    static bool HasNullableArgument(ParameterInfo returned)
    {
        CustomAttributeData? nullable = returned.CustomAttributes.FirstOrDefault(each => each.AttributeType.Name == "NullableAttribute");
        return nullable?.ConstructorArguments[0].Value is IReadOnlyCollection<CustomAttributeTypedArgument> flags
            && flags.Skip(1).Any(flag => (byte)flag.Value! == 2);
    }
}
