//! Examples of requests and answers, put together from those of the
//! properties.

use serde_json::{Map, Value};
use utoipa::openapi::{Content, OpenApi as Document, RefOr};

use super::{operations, texts};

/// Gives every request and every answer of the document an example.
pub(super) fn add(document: &mut Document) {
    let Ok(all) = serde_json::to_value(&*document) else {
        return;
    };
    let schemas = Schemas(&all);
    for (path, item) in &mut document.paths.paths {
        for (_, operation) in operations(item) {
            if let Some(RefOr::T(body)) = &mut operation.request_body {
                for (kind, content) in &mut body.content {
                    give(path, kind, content, &schemas);
                }
            }
            for response in operation.responses.responses.values_mut() {
                let RefOr::T(response) = response else {
                    continue;
                };
                for (kind, content) in &mut response.content {
                    give(path, kind, content, &schemas);
                }
            }
        }
    }
}

fn give(path: &str, kind: &str, content: &mut RefOr<Content>, schemas: &Schemas) {
    if let RefOr::T(content) = content
        && content.example.is_none()
        && let Some(schema) = &content.schema
        && let Ok(schema) = serde_json::to_value(schema)
    {
        content.example = schemas
            .example(&schema, &mut Vec::new())
            .or_else(|| texts::of_content(kind, path));
    }
}

/// The schemas of a document as JSON.
pub(super) struct Schemas<'a>(pub(super) &'a Value);

impl Schemas<'_> {
    /// A value that fits a schema; none where it holds itself, or where
    /// something in it has no example. `within` are the schemas around it.
    pub(super) fn example(&self, schema: &Value, within: &mut Vec<String>) -> Option<Value> {
        if let Some(place) = schema["$ref"].as_str() {
            if within.iter().any(|outer| outer == place) {
                return None;
            }
            within.push(place.to_owned());
            let found = self
                .0
                .pointer(place.trim_start_matches('#'))
                .and_then(|schema| self.example(schema, within));
            within.pop();
            return found;
        }
        given(schema)
            .or_else(|| self.alternative(schema, within))
            .or_else(|| self.whole(schema, within))
            .or_else(|| self.object(schema, within))
            .or_else(|| self.list(schema, within))
            .or_else(|| by_kind(schema))
    }

    /// The first alternative that is a value.
    fn alternative(&self, schema: &Value, within: &mut Vec<String>) -> Option<Value> {
        let alternatives = schema["oneOf"].as_array().or(schema["anyOf"].as_array())?;
        alternatives
            .iter()
            .filter(|one| one["type"] != "null")
            .find_map(|one| self.example(one, within))
    }

    /// All parts in one object.
    fn whole(&self, schema: &Value, within: &mut Vec<String>) -> Option<Value> {
        let mut whole = Map::new();
        for part in schema["allOf"].as_array()? {
            if let Value::Object(part) = self.example(part, within)? {
                whole.extend(part);
            }
        }
        Some(Value::Object(whole))
    }

    fn object(&self, schema: &Value, within: &mut Vec<String>) -> Option<Value> {
        let Some(properties) = schema["properties"].as_object() else {
            let values = schema.get("additionalProperties")?;
            let value = self.example(values, within)?;
            return Some(Value::Object(Map::from_iter([(
                "colour".to_owned(),
                value,
            )])));
        };
        let mut object = Map::new();
        for (name, property) in properties {
            // A thing is given as it is or by its id.
            let by_id = name.strip_suffix("_id");
            if by_id.is_some_and(|name| properties.contains_key(name)) {
                continue;
            }
            if let Some(value) = self.example(property, within) {
                object.insert(name.clone(), value);
            }
        }
        Some(Value::Object(object))
    }

    fn list(&self, schema: &Value, within: &mut Vec<String>) -> Option<Value> {
        let items = schema.get("items")?;
        let item = self.example(items, within);
        Some(Value::Array(item.into_iter().collect()))
    }
}

/// What a schema says itself.
fn given(schema: &Value) -> Option<Value> {
    ["example", "const", "default"]
        .iter()
        .find_map(|key| schema.get(*key))
        .or_else(|| schema["examples"].get(0))
        .or_else(|| schema["enum"].get(0))
        .filter(|value| !value.is_null())
        .cloned()
}

/// What the type and format of a scalar tell.
fn by_kind(schema: &Value) -> Option<Value> {
    let kind = schema["type"]
        .as_str()
        .or_else(|| schema["type"].get(0)?.as_str())?;
    match (kind, schema["format"].as_str()) {
        ("boolean", _) => Some(Value::Bool(false)),
        ("string", Some("date-time")) => Some("2026-11-20T12:00:00.000000Z".into()),
        ("string", Some("date")) => Some("2026-11-20".into()),
        ("string", Some("email")) => Some("ada@example.com".into()),
        ("string", Some("uri")) => Some("https://shop.example.com/".into()),
        ("string", Some("password")) => Some("correct horse battery staple".into()),
        ("string", Some("binary")) => Some("(the bytes of the file)".into()),
        _ => None,
    }
}
