//! Stripe's way of putting nested parameters into forms and queries:
//! `line_items[0][price_data][currency]=eur`.

use serde_json::{Map, Value};

/// Nested parameters from a form. Every leaf is a text, lists are maps whose
/// keys are numbers.
pub(super) fn parse(form: &str) -> Value {
    let mut root = Map::new();
    for (key, value) in url::form_urlencoded::parse(form.as_bytes()) {
        let mut path: Vec<String> = Vec::new();
        for part in key.split('[') {
            path.push(part.trim_end_matches(']').to_owned());
        }
        put(&mut root, &path, value.into_owned());
    }
    Value::Object(root)
}

fn put(map: &mut Map<String, Value>, path: &[String], value: String) {
    let Some((first, rest)) = path.split_first() else {
        return;
    };
    // `expand[]=a&expand[]=b` has no numbers of its own.
    let key = if first.is_empty() {
        map.len().to_string()
    } else {
        first.clone()
    };
    if rest.is_empty() {
        map.insert(key, Value::String(value));
        return;
    }
    let inner = map
        .entry(key)
        .or_insert_with(|| Value::Object(Map::new()))
        .as_object_mut();
    if let Some(inner) = inner {
        put(inner, rest, value);
    }
}

/// The entries of a list, in their order.
pub(super) fn list(value: Option<&Value>) -> Vec<&Value> {
    let mut entries: Vec<(usize, &Value)> = value
        .and_then(Value::as_object)
        .map(|map| {
            map.iter()
                .filter_map(|(key, value)| Some((key.parse().ok()?, value)))
                .collect()
        })
        .unwrap_or_default();
    entries.sort_by_key(|(at, _)| *at);
    entries.into_iter().map(|(_, value)| value).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn nested_names_become_nested_values() {
        let parsed = parse("a=1&b[c]=x%20y&l[0][n]=0&l[1][n]=1&expand[]=p&expand[]=q");
        assert_eq!(
            parsed,
            json!({"a": "1", "b": {"c": "x y"}, "l": {"0": {"n": "0"}, "1": {"n": "1"}},
                "expand": {"0": "p", "1": "q"}})
        );
        assert_eq!(list(parsed.get("l")).len(), 2);
        assert_eq!(list(parsed.get("expand"))[1], "q");
    }
}
