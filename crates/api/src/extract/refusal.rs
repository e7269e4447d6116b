//! Why a value was not what it should be, in the words of the API.
//!
//! serde tells it in the words of Rust: an `i64`, a `struct OrderRequest`.

use std::fmt::{self, Display};

use serde::de::{self, Expected, Unexpected};

/// Why a value was refused.
#[derive(Debug)]
pub(crate) struct Refusal {
    why: String,
    /// The field of the value that should be there.
    pub(crate) missing: Option<&'static str>,
}

impl Refusal {
    fn new(why: String) -> Self {
        Self { why, missing: None }
    }
}

impl Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.why)
    }
}

impl std::error::Error for Refusal {}

impl de::Error for Refusal {
    fn custom<T: Display>(text: T) -> Self {
        Self::new(text.to_string())
    }

    fn invalid_type(found: Unexpected<'_>, expected: &dyn Expected) -> Self {
        let expected = in_words(&expected.to_string());
        Self::new(format!("must be {expected}, not {}", found_in_words(found)))
    }

    fn invalid_value(found: Unexpected<'_>, expected: &dyn Expected) -> Self {
        let expected = expected.to_string();
        let bounds = bounds_of(&expected).unwrap_or_else(|| in_words(&expected));
        Self::new(format!("must be {bounds}, not {}", found_in_words(found)))
    }

    fn invalid_length(length: usize, expected: &dyn Expected) -> Self {
        let expected = in_words(&expected.to_string());
        Self::new(format!("must be {expected}, and has {length} items"))
    }

    fn unknown_variant(_: &str, known: &'static [&'static str]) -> Self {
        Self::new(format!("must be one of: {}", known.join(", ")))
    }

    fn unknown_field(name: &str, known: &'static [&'static str]) -> Self {
        let name: String = name.chars().take(64).collect();
        Self::new(if known.is_empty() {
            format!("{name:?} is not known here; there are no fields")
        } else {
            format!(
                "{name:?} is not known here; fields are: {}",
                known.join(", ")
            )
        })
    }

    fn missing_field(name: &'static str) -> Self {
        Self {
            why: format!("the field {name:?} is missing"),
            missing: Some(name),
        }
    }

    fn duplicate_field(name: &'static str) -> Self {
        Self::new(format!("the field {name:?} occurs twice"))
    }
}

/// What was found. A text is not repeated: it may be a secret.
fn found_in_words(found: Unexpected<'_>) -> String {
    match found {
        Unexpected::Bool(value) => value.to_string(),
        Unexpected::Unsigned(number) => number.to_string(),
        Unexpected::Signed(number) => number.to_string(),
        Unexpected::Float(number) => format!("{number:?}"),
        Unexpected::Unit | Unexpected::Option => "null".to_owned(),
        Unexpected::Seq => "a list".to_owned(),
        Unexpected::Char(_) | Unexpected::Str(_) => "this text".to_owned(),
        // Objects, and what JSON has no other word for.
        _ => "an object".to_owned(),
    }
}

/// What a reader of serde's says that it expects.
fn in_words(expected: &str) -> String {
    let words = match expected {
        "i8" | "i16" | "i32" | "i64" | "i128" | "isize" | "u8" | "u16" | "u32" | "u64" | "u128"
        | "usize" => "a whole number",
        "f32" | "f64" => "a number",
        "a boolean" => "true or false",
        "a string" | "a borrowed string" | "a character" | "variant identifier"
        | "field identifier" => "a text",
        "a sequence" => "a list",
        "a map" => "an object",
        "unit" | "option" => "null",
        struct_or_enum if struct_or_enum.contains("struct ") => "an object",
        struct_or_enum if struct_or_enum.contains("tagged enum ") => "an object",
        struct_or_enum if struct_or_enum.contains("enum ") => "a text",
        ours => ours,
    };
    words.to_owned()
}

/// The whole numbers that fit.
fn bounds_of(expected: &str) -> Option<String> {
    let (least, most) = match expected {
        "i32" => (i32::MIN.to_string(), i32::MAX.to_string()),
        "i64" => (i64::MIN.to_string(), i64::MAX.to_string()),
        "u8" => (u8::MIN.to_string(), u8::MAX.to_string()),
        "u16" => (u16::MIN.to_string(), u16::MAX.to_string()),
        "u32" => (u32::MIN.to_string(), u32::MAX.to_string()),
        "u64" | "usize" => (u64::MIN.to_string(), u64::MAX.to_string()),
        _ => return None,
    };
    Some(format!("a whole number from {least} to {most}"))
}
