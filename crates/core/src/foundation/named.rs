//! Enums whose members have a stable name, a stable number and a meaning. Whatever lists them elsewhere is made from here.

/// Declares such an enum from one table.
macro_rules! named {
    (
        $(#[$attribute:meta])* $of:ident;
        $($variant:ident = $number:literal, $name:literal, $meaning:literal;)+
    ) => {
        $(#[$attribute])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[repr(u32)]
        pub enum $of {
            $(#[doc = $meaning] $variant = $number,)+
        }

        impl $of {
            /// Every member, in the order of their numbers.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)+];

            /// The stable name, the same in every language.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self { $(Self::$variant => $name,)+ }
            }

            /// The name with the NUL that C ends it with.
            #[doc(hidden)]
            #[must_use]
            pub const fn c_name(self) -> &'static str {
                match self { $(Self::$variant => concat!($name, "\0"),)+ }
            }

            /// The stable number.
            #[must_use]
            pub const fn number(self) -> u32 {
                self as u32
            }

            /// What it means, in one sentence or two.
            #[must_use]
            pub const fn meaning(self) -> &'static str {
                match self { $(Self::$variant => $meaning,)+ }
            }
        }

        impl std::fmt::Display for $of {
            fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                formatter.write_str(self.name())
            }
        }
    };
}

pub(crate) use named;

#[cfg(test)]
mod tests {
    use crate::client::ConversationState;
    use crate::model::{Delivery, ErrorKind};
    use crate::observe::LogLevel;
    use std::collections::HashSet;

    #[test]
    fn numbers_and_names_are_unique_and_in_order() {
        let kinds = ErrorKind::ALL.iter().map(|of| (of.number(), of.name()));
        let deliveries = Delivery::ALL.iter().map(|of| (of.number(), of.name()));
        let states = ConversationState::ALL
            .iter()
            .map(|of| (of.number(), of.name()));
        let levels = LogLevel::ALL.iter().map(|of| (of.number(), of.name()));
        let all: [Vec<(u32, &str)>; 4] = [
            kinds.collect(),
            deliveries.collect(),
            states.collect(),
            levels.collect(),
        ];
        for of_enum in all {
            let numbers = of_enum.iter().map(|(number, _)| *number);
            assert!(numbers.eq((1..).take(of_enum.len())), "{of_enum:?}");
            let names: HashSet<&str> = of_enum.iter().map(|(_, name)| *name).collect();
            assert_eq!(names.len(), of_enum.len(), "{of_enum:?}");
        }
    }
}
