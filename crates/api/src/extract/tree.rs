//! JSON as it was sent, to be read strictly.
//!
//! serde's derived readers take an array where an object is expected and read
//! its items as fields in their order, which is no part of the contract. They
//! are given a [`Tree`] instead of the text: it offers them objects only as
//! objects. As JSON Schema has it, `2.0` is a whole number.

use std::fmt;

use serde::de::value::{MapAccessDeserializer, MapDeserializer, SeqDeserializer};
use serde::de::{
    Deserialize, Deserializer, Error as _, IntoDeserializer, MapAccess, SeqAccess, Unexpected,
    Visitor,
};
use serde::forward_to_deserialize_any;
use serde_json::Number;

use crate::extract::refusal::Refusal;

/// What no text may hold, because PostgreSQL cannot store it.
pub(crate) const NUL: char = '\0';
/// What is said about it.
pub(crate) const NUL_REFUSED: &str = "must not contain the character U+0000";

/// Numbers up to here have no digits that a float could lose.
const MAX_EXACT: f64 = 9_007_199_254_740_992.0;

/// A JSON value. Names that occur twice stay two, so that readers see them.
pub(crate) enum Tree {
    Null,
    Bool(bool),
    Number(Number),
    Text(String),
    List(Vec<Tree>),
    Object(Vec<(String, Tree)>),
}

impl<'de> Deserialize<'de> for Tree {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Reader)
    }
}

struct Reader;

impl<'de> Visitor<'de> for Reader {
    type Value = Tree;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_unit<E>(self) -> Result<Tree, E> {
        Ok(Tree::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Tree, E> {
        Ok(Tree::Bool(value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Tree, E> {
        Ok(Tree::Number(value.into()))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Tree, E> {
        Ok(Tree::Number(value.into()))
    }

    fn visit_f64<E: serde::de::Error>(self, value: f64) -> Result<Tree, E> {
        let number = Number::from_f64(value);
        let number = number.ok_or_else(|| E::invalid_value(Unexpected::Float(value), &self))?;
        Ok(Tree::Number(number))
    }

    fn visit_str<E>(self, value: &str) -> Result<Tree, E> {
        Ok(Tree::Text(value.to_owned()))
    }

    fn visit_string<E>(self, value: String) -> Result<Tree, E> {
        Ok(Tree::Text(value))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Tree, A::Error> {
        let mut list = Vec::new();
        while let Some(item) = items.next_element()? {
            list.push(item);
        }
        Ok(Tree::List(list))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Tree, A::Error> {
        let mut object = Vec::new();
        while let Some(member) = members.next_entry()? {
            object.push(member);
        }
        Ok(Tree::Object(object))
    }
}

impl Tree {
    fn unexpected(&self) -> Unexpected<'_> {
        match self {
            Self::Null => Unexpected::Unit,
            Self::Bool(value) => Unexpected::Bool(*value),
            Self::Number(number) => number.as_i64().map_or_else(
                || Unexpected::Float(number.as_f64().unwrap_or_default()),
                Unexpected::Signed,
            ),
            Self::Text(text) => Unexpected::Str(text),
            Self::List(_) => Unexpected::Seq,
            Self::Object(_) => Unexpected::Map,
        }
    }
}

/// Reads a number; a float without a fraction as the whole number it is.
#[expect(clippy::cast_possible_truncation, reason = "bounded before")]
fn read_number<'de, V: Visitor<'de>>(number: &Number, visitor: V) -> Result<V::Value, Refusal> {
    if let Some(whole) = number.as_u64() {
        return visitor.visit_u64(whole);
    }
    if let Some(whole) = number.as_i64() {
        return visitor.visit_i64(whole);
    }
    let float = number.as_f64().unwrap_or_default();
    if float.fract() == 0.0 && float.abs() <= MAX_EXACT {
        visitor.visit_i64(float as i64)
    } else {
        visitor.visit_f64(float)
    }
}

impl IntoDeserializer<'_, Refusal> for Tree {
    type Deserializer = Self;

    fn into_deserializer(self) -> Self {
        self
    }
}

impl<'de> Deserializer<'de> for Tree {
    type Error = Refusal;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Refusal> {
        match self {
            Self::Null => visitor.visit_unit(),
            Self::Bool(value) => visitor.visit_bool(value),
            Self::Number(number) => read_number(&number, visitor),
            Self::Text(text) if text.contains(NUL) => Err(Refusal::custom(NUL_REFUSED)),
            Self::Text(text) => visitor.visit_string(text),
            Self::List(items) => {
                let mut items = SeqDeserializer::new(items.into_iter());
                let value = visitor.visit_seq(&mut items)?;
                items.end().map(|()| value)
            }
            Self::Object(members) if members.iter().any(|(name, _)| name.contains(NUL)) => {
                Err(Refusal::custom(NUL_REFUSED))
            }
            Self::Object(members) => {
                let mut members = MapDeserializer::new(members.into_iter());
                let value = visitor.visit_map(&mut members)?;
                members.end().map(|()| value)
            }
        }
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Refusal> {
        match self {
            Self::Null => visitor.visit_none(),
            some => visitor.visit_some(some),
        }
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        visitor: V,
    ) -> Result<V::Value, Refusal> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Refusal> {
        match self {
            Self::Object(_) => self.deserialize_any(visitor),
            other => Err(Refusal::invalid_type(other.unexpected(), &"an object")),
        }
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Refusal> {
        match self {
            Self::Text(text) if text.contains(NUL) => Err(Refusal::custom(NUL_REFUSED)),
            Self::Text(text) => visitor.visit_enum(text.into_deserializer()),
            Self::Object(members) => {
                let members = MapDeserializer::new(members.into_iter());
                visitor.visit_enum(MapAccessDeserializer::new(members))
            }
            other => Err(Refusal::invalid_type(other.unexpected(), &"a text")),
        }
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf unit
        unit_struct seq tuple tuple_struct map identifier ignored_any
    }
}

#[cfg(test)]
mod tests {
    use serde::Deserialize;

    use super::Tree;

    #[derive(Debug, PartialEq, Deserialize)]
    #[serde(rename_all = "snake_case")]
    enum Kind {
        New,
    }

    #[derive(Debug, PartialEq, Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Inner {
        number: i64,
        kind: Option<Kind>,
    }

    fn read(text: &str) -> Result<Vec<Inner>, String> {
        let tree: Tree = serde_json::from_str(text).unwrap();
        Vec::deserialize(tree).map_err(|error| error.to_string())
    }

    #[test]
    fn objects_are_read_as_objects_only() {
        let inner = |number, kind| Inner { number, kind };
        assert_eq!(
            read(r#"[{"number":1,"kind":"new"},{"number":2.0},{"number":3,"kind":null}]"#).unwrap(),
            [inner(1, Some(Kind::New)), inner(2, None), inner(3, None)]
        );
        for (bad, why) in [
            (r#"{"number":1}"#, "must be a list, not an object"),
            (r#"[[1,"new"]]"#, "must be an object, not a list"),
            (r#"["new"]"#, "must be an object, not this text"),
            (
                r#"[{"number":1,"number":2}]"#,
                "the field \"number\" occurs twice",
            ),
            (r"[{}]", "the field \"number\" is missing"),
            (r#"[{"number":1.5}]"#, "must be a whole number, not 1.5"),
            (r#"[{"number":1e300}]"#, "must be a whole number, not 1e300"),
            (
                r#"[{"number":"1"}]"#,
                "must be a whole number, not this text",
            ),
            (r#"[{"number":null}]"#, "must be a whole number, not null"),
            (r#"[{"number":true}]"#, "must be a whole number, not true"),
            (
                r#"[{"number":18446744073709551615}]"#,
                "must be a whole number from -9223372036854775808 to 9223372036854775807, not 18446744073709551615",
            ),
            (
                r#"[{"number":1,"kind":["new"]}]"#,
                "must be a text, not a list",
            ),
            (r#"[{"number":1,"kind":"old"}]"#, "must be one of: new"),
            (
                r#"[{"number":1,"kind":"ne\u0000w"}]"#,
                "must not contain the character U+0000",
            ),
            (
                r#"[{"number":1,"\u0000":1}]"#,
                "must not contain the character U+0000",
            ),
            (
                r#"[{"number":1,"more":2}]"#,
                "\"more\" is not known here; fields are: number, kind",
            ),
        ] {
            assert_eq!(read(bad).unwrap_err(), why, "{bad}");
        }
    }
}
