//! Query strings.

use std::future::{Ready, ready};

use actix_web::dev::Payload;
use actix_web::{FromRequest, HttpRequest};
use kernel::FieldError;
use serde::de::DeserializeOwned;
use validator::Validate;

use crate::extract::refusal::Refusal;
use crate::extract::tree::{NUL, NUL_REFUSED};
use crate::extract::validation::flatten;
use crate::problem::{ApiError, RequestError};

/// A query string that was understood and validated. Unknown parameters are
/// refused, because a misspelt filter must not look like an answer; so is
/// nothing where a number or a word belongs.
pub(crate) struct Query<T>(pub(crate) T);

impl<T: DeserializeOwned + Validate> Query<T> {
    /// The query string of a request; for controllers that may have an answer
    /// before it has to be read.
    pub(crate) fn of(request: &HttpRequest) -> Result<Self, ApiError> {
        parse(request.query_string())
            .map(Self)
            .map_err(ApiError::from)
    }
}

impl<T: DeserializeOwned + Validate> FromRequest for Query<T> {
    type Error = ApiError;
    type Future = Ready<Result<Self, ApiError>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(Self::of(request))
    }
}

fn parse<T: DeserializeOwned + Validate>(text: &str) -> Result<T, RequestError> {
    let pairs = serde_urlencoded::from_str::<Vec<(String, String)>>(text)
        .map_err(|error| invalid("", error.to_string()))?;
    let refused = |text: &str| text.contains(NUL);
    if let Some((name, _)) = pairs.iter().find(|(n, v)| refused(n) || refused(v)) {
        return Err(invalid(&format!("/{name}"), NUL_REFUSED.to_owned()));
    }
    let mut values: Vec<(&str, Vec<&str>)> = Vec::new();
    for (name, value) in &pairs {
        match values.iter_mut().find(|(known, _)| known == name) {
            Some((_, all)) => all.push(value),
            None => values.push((name, vec![value])),
        }
    }
    let reader = serde::de::value::MapDeserializer::<_, Refusal>::new(
        values.iter().map(|(name, values)| (*name, Values(values))),
    );
    let value: T = serde_path_to_error::deserialize(reader).map_err(|error| {
        let name = error.path().to_string();
        let pointer = if name == "." {
            String::new()
        } else {
            format!("/{name}")
        };
        invalid(&pointer, error.into_inner().to_string())
    })?;
    value
        .validate()
        .map_err(|errors| RequestError::InvalidQuery(flatten(&errors)))?;
    Ok(value)
}

fn invalid(pointer: &str, detail: String) -> RequestError {
    RequestError::InvalidQuery(vec![FieldError::new(pointer, "type", detail)])
}

/// The values of a parameter: a list of them where one is asked for, else the
/// only one.
struct Values<'a>(&'a [&'a str]);

impl Values<'_> {
    fn only(&self) -> Result<Text<'_>, Refusal> {
        match self.0 {
            [only] => Ok(Text(only)),
            _ => Err(serde::de::Error::custom("must be given once")),
        }
    }
}

impl serde::de::IntoDeserializer<'_, Refusal> for Values<'_> {
    type Deserializer = Self;

    fn into_deserializer(self) -> Self {
        self
    }
}

impl<'de> serde::Deserializer<'de> for Values<'_> {
    type Error = Refusal;

    fn deserialize_any<V: serde::de::Visitor<'de>>(self, v: V) -> Result<V::Value, Self::Error> {
        self.only()?.deserialize_any(v)
    }

    fn deserialize_option<V: serde::de::Visitor<'de>>(self, v: V) -> Result<V::Value, Self::Error> {
        v.visit_some(self)
    }

    fn deserialize_newtype_struct<V: serde::de::Visitor<'de>>(
        self,
        _: &'static str,
        v: V,
    ) -> Result<V::Value, Self::Error> {
        v.visit_newtype_struct(self)
    }

    fn deserialize_seq<V: serde::de::Visitor<'de>>(self, v: V) -> Result<V::Value, Self::Error> {
        let texts = self.0.iter().map(|value| Text(value));
        v.visit_seq(serde::de::value::SeqDeserializer::new(texts))
    }

    fn deserialize_bool<V: serde::de::Visitor<'de>>(self, v: V) -> Result<V::Value, Self::Error> {
        self.only()?.deserialize_bool(v)
    }

    fn deserialize_u32<V: serde::de::Visitor<'de>>(self, v: V) -> Result<V::Value, Self::Error> {
        self.only()?.deserialize_u32(v)
    }

    fn deserialize_u64<V: serde::de::Visitor<'de>>(self, v: V) -> Result<V::Value, Self::Error> {
        self.only()?.deserialize_u64(v)
    }

    fn deserialize_i64<V: serde::de::Visitor<'de>>(self, v: V) -> Result<V::Value, Self::Error> {
        self.only()?.deserialize_i64(v)
    }

    fn deserialize_enum<V: serde::de::Visitor<'de>>(
        self,
        name: &'static str,
        words: &'static [&'static str],
        v: V,
    ) -> Result<V::Value, Self::Error> {
        self.only()?.deserialize_enum(name, words, v)
    }

    serde::forward_to_deserialize_any! {
        i8 i16 i32 i128 u8 u16 u128 f32 f64 char str string bytes byte_buf unit unit_struct
        tuple tuple_struct map struct identifier ignored_any
    }
}

/// A text that becomes a number, a truth value or a word, as is asked for.
struct Text<'a>(&'a str);

impl serde::de::IntoDeserializer<'_, Refusal> for Text<'_> {
    type Deserializer = Self;

    fn into_deserializer(self) -> Self {
        self
    }
}

impl<'de> serde::Deserializer<'de> for Text<'_> {
    type Error = Refusal;

    fn deserialize_any<V: serde::de::Visitor<'de>>(self, v: V) -> Result<V::Value, Self::Error> {
        v.visit_str(self.0)
    }

    fn deserialize_option<V: serde::de::Visitor<'de>>(self, v: V) -> Result<V::Value, Self::Error> {
        v.visit_some(self)
    }

    fn deserialize_newtype_struct<V: serde::de::Visitor<'de>>(
        self,
        _: &'static str,
        v: V,
    ) -> Result<V::Value, Self::Error> {
        v.visit_newtype_struct(self)
    }

    fn deserialize_bool<V: serde::de::Visitor<'de>>(self, v: V) -> Result<V::Value, Self::Error> {
        match self.0 {
            "true" => v.visit_bool(true),
            "false" => v.visit_bool(false),
            _ => Err(serde::de::Error::custom("must be true or false")),
        }
    }

    fn deserialize_u32<V: serde::de::Visitor<'de>>(self, v: V) -> Result<V::Value, Self::Error> {
        self.deserialize_u64(v)
    }

    fn deserialize_u64<V: serde::de::Visitor<'de>>(self, v: V) -> Result<V::Value, Self::Error> {
        match self.0.parse() {
            Ok(number) => v.visit_u64(number),
            Err(_) => Err(serde::de::Error::custom(
                "must be a whole number of at least 0",
            )),
        }
    }

    fn deserialize_i64<V: serde::de::Visitor<'de>>(self, v: V) -> Result<V::Value, Self::Error> {
        match self.0.parse() {
            Ok(number) => v.visit_i64(number),
            Err(_) => Err(serde::de::Error::custom("must be a whole number")),
        }
    }

    fn deserialize_enum<V: serde::de::Visitor<'de>>(
        self,
        name: &'static str,
        words: &'static [&'static str],
        v: V,
    ) -> Result<V::Value, Self::Error> {
        use serde::de::IntoDeserializer as _;
        let reader: serde::de::value::StrDeserializer<'_, Self::Error> = self.0.into_deserializer();
        reader.deserialize_enum(name, words, v)
    }

    serde::forward_to_deserialize_any! {
        i8 i16 i32 i128 u8 u16 u128 f32 f64 char str string bytes byte_buf unit unit_struct
        seq tuple tuple_struct map struct identifier ignored_any
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, PartialEq, serde::Deserialize)]
    #[serde(rename_all = "snake_case")]
    enum Sort {
        Name,
        Newest,
    }

    #[derive(Debug, PartialEq, serde::Deserialize, Validate)]
    #[serde(deny_unknown_fields)]
    struct Filter {
        #[validate(range(min = 1, max = 100))]
        limit: Option<u64>,
        tail: Option<u32>,
        sort: Option<Sort>,
        in_stock: Option<bool>,
        q: Option<String>,
        #[serde(default)]
        tag: Vec<String>,
    }

    #[test]
    fn parameters_are_read_and_refused_by_name() {
        let filter = parse::<Filter>("limit=5&tail=7&sort=name&in_stock=true&q=a+b").unwrap();
        assert_eq!(
            filter,
            Filter {
                limit: Some(5),
                tail: Some(7),
                sort: Some(Sort::Name),
                in_stock: Some(true),
                q: Some("a b".to_owned()),
                tag: Vec::new(),
            }
        );
        assert_eq!(parse::<Filter>("q=").unwrap().q, Some(String::new()));
        assert_eq!(parse::<Filter>("tag=a").unwrap().tag, ["a"]);
        assert_eq!(
            parse::<Filter>("tag=b&limit=2&tag=a").unwrap().tag,
            ["b", "a"]
        );
        for (text, pointer) in [
            ("limit=0", "/limit"),
            ("limit=x", "/limit"),
            ("limit=", "/limit"),
            ("tail=-1", "/tail"),
            ("tail=4294967296", "/tail"),
            ("sort=sideways", "/sort"),
            ("in_stock=1", "/in_stock"),
            ("limmit=5", "/limmit"),
            ("q=a%00b", "/q"),
            ("q=a&q=b", "/q"),
            ("sort=name&sort=name", "/sort"),
        ] {
            match parse::<Filter>(text) {
                Err(RequestError::InvalidQuery(fields)) => {
                    assert_eq!(fields[0].pointer, pointer, "{text}");
                }
                other => panic!("{text}: {other:?}"),
            }
        }
        assert!(parse::<Filter>("limit=1&limit=2").is_err());
    }
}
