//! The document says of every answer what it looks like.

use std::collections::BTreeMap;

use serde_json::Value;

use super::document;

const METHODS: [&str; 5] = ["get", "post", "put", "patch", "delete"];

struct Read(Value);

impl Read {
    fn new() -> Self {
        Self(serde_json::to_value(document()).unwrap())
    }

    /// What a reference points to, or the thing itself.
    fn real<'a>(&'a self, thing: &'a Value) -> &'a Value {
        match thing["$ref"].as_str() {
            Some(place) => {
                let place = place.trim_start_matches('#');
                self.real(self.0.pointer(place).unwrap_or_else(|| panic!("{place}")))
            }
            None => thing,
        }
    }

    fn operations(&self) -> impl Iterator<Item = (String, &Value)> {
        let paths = self.0["paths"].as_object().unwrap();
        paths.iter().flat_map(|(path, item)| {
            METHODS.iter().filter_map(move |method| {
                let operation = item.get(*method)?;
                Some((format!("{} {path}", method.to_uppercase()), operation))
            })
        })
    }

    /// Every answer: of which operation, its status, and what it is.
    fn answers(&self) -> impl Iterator<Item = (String, &str, &Value)> {
        self.operations().flat_map(move |(place, operation)| {
            let responses = operation["responses"].as_object().unwrap();
            responses
                .iter()
                .map(move |(status, answer)| (place.clone(), status.as_str(), self.real(answer)))
        })
    }
}

/// What a value lacks to fit a schema; the rules that examples break easily.
fn misfits(document: &Read, schema: &Value, value: &Value, at: &str, found: &mut Vec<String>) {
    let schema = document.real(schema);
    if let Some(choices) = schema["oneOf"].as_array() {
        let of_each = choices.iter().map(|choice| {
            let mut of_choice = Vec::new();
            misfits(document, choice, value, at, &mut of_choice);
            of_choice
        });
        found.extend(of_each.min_by_key(Vec::len).unwrap_or_default());
        return;
    }
    scalar_misfits(schema, value, at, found);
    for name in schema["required"].as_array().into_iter().flatten() {
        if value.get(name.as_str().unwrap()).is_none() {
            found.push(format!("{at}: {name} is missing"));
        }
    }
    for (name, property) in schema["properties"].as_object().into_iter().flatten() {
        if let Some(inner) = value.get(name) {
            misfits(document, property, inner, &format!("{at}.{name}"), found);
        }
    }
    if let Some(items) = schema.get("items") {
        for item in value.as_array().into_iter().flatten() {
            misfits(document, items, item, &format!("{at}[]"), found);
        }
    }
}

fn scalar_misfits(schema: &Value, value: &Value, at: &str, found: &mut Vec<String>) {
    if let Some(allowed) = schema["enum"].as_array()
        && !allowed.contains(value)
    {
        found.push(format!("{at}: {value} is none of {allowed:?}"));
    }
    let kinds: Vec<&str> = match &schema["type"] {
        Value::String(kind) => vec![kind],
        Value::Array(kinds) => kinds.iter().filter_map(Value::as_str).collect(),
        _ => Vec::new(),
    };
    let kind = match value {
        Value::Null => "null",
        Value::Bool(_) => "boolean",
        Value::Number(_) if kinds.contains(&"number") => "number",
        Value::Number(_) => "integer",
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
    };
    if !kinds.is_empty() && !kinds.contains(&kind) {
        found.push(format!("{at}: {value} is no {kinds:?}"));
    }
    let (least, most, size) = match value {
        Value::String(text) => (
            "minLength",
            "maxLength",
            i64::try_from(text.chars().count()).ok(),
        ),
        value => ("minimum", "maximum", value.as_i64()),
    };
    let bound = |name: &str| schema[name].as_i64();
    let outside = size.is_some_and(|size| {
        bound(least).is_some_and(|least| size < least)
            || bound(most).is_some_and(|most| size > most)
    });
    if outside {
        found.push(format!("{at}: {value} is out of bounds"));
    }
}

#[test]
fn every_request_and_answer_has_an_example_that_fits() {
    let document = Read::new();
    let mut wrong = Vec::new();
    let mut look = |place: String, content: &Value| {
        for (kind, media) in content.as_object().into_iter().flatten() {
            let Some(example) = media.get("example") else {
                wrong.push(format!("{place} {kind}: no example"));
                continue;
            };
            misfits(&document, &media["schema"], example, &place, &mut wrong);
        }
    };
    for (place, operation) in document.operations() {
        look(
            format!("{place} request"),
            &operation["requestBody"]["content"],
        );
    }
    for (place, status, answer) in document.answers() {
        look(format!("{place} {status}"), &answer["content"]);
    }
    wrong.dedup();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn every_property_and_parameter_tells_what_it_looks_like() {
    let document = Read::new();
    let schemas = super::examples::Schemas(&document.0);
    let mut silent = Vec::new();
    for (name, schema) in document.0["components"]["schemas"].as_object().unwrap() {
        for (property, schema) in schema["properties"].as_object().into_iter().flatten() {
            let fits = schemas.example(schema, &mut Vec::new());
            let empty = fits
                .as_ref()
                .is_none_or(|value| *value == Value::Array(Vec::new()));
            let holds_itself = schema["items"]["$ref"] == format!("#/components/schemas/{name}");
            if empty && !holds_itself {
                silent.push(format!("{name}.{property}"));
            }
        }
    }
    for (place, operation) in document.operations() {
        for parameter in operation["parameters"].as_array().into_iter().flatten() {
            let parameter = document.real(parameter);
            if parameter.get("example").is_some() {
                continue;
            }
            if schemas
                .example(&parameter["schema"], &mut Vec::new())
                .is_none()
            {
                silent.push(format!("{place} ?{}", parameter["name"]));
            }
        }
    }
    assert!(
        silent.is_empty(),
        "give these `#[schema(example = …)]`, or a line in openapi/samples.rs or texts.rs: {}",
        silent.join(", ")
    );
}

#[test]
fn the_example_of_an_error_has_its_status_and_a_code_of_it() {
    let document = Read::new();
    let codes: BTreeMap<&str, u16> = crate::error_codes().into_iter().collect();
    let mut seen = 0;
    for (place, status, answer) in document.answers() {
        let Some(problem) = answer["content"].get("application/problem+json") else {
            continue;
        };
        let example = &problem["example"];
        let code = example["code"].as_str().unwrap_or_default();
        assert_eq!(example["status"].to_string(), status, "{place}");
        let known = codes.get(code).map(u16::to_string);
        assert_eq!(known.as_deref(), Some(status), "{place}: {code:?}");
        assert_ne!(
            example["detail"], "",
            "{place}: {code} says nothing; see openapi/details.rs"
        );
        assert_eq!(example["type"], format!("urn:sutler:error:{code}"));
        seen += 1;
    }
    assert!(seen > 1_500, "{seen}");
}

#[test]
fn answers_name_their_headers() {
    let document = Read::new();
    for (place, status, answer) in document.answers() {
        let headers = answer["headers"].as_object();
        let has = |name: &str| headers.is_some_and(|headers| headers.contains_key(name));
        assert!(has("x-request-id"), "{place} {status}");
        if place.contains(" /api/") {
            assert!(
                has("RateLimit") && has("RateLimit-Policy"),
                "{place} {status}"
            );
        }
        assert!(status != "401" || has("WWW-Authenticate"), "{place}");
        let later = ["429", "503"].contains(&status) && !place.ends_with("/ready");
        assert!(!later || has("Retry-After"), "{place}");
        assert!(status != "304" || has("ETag"), "{place}");
        for (name, header) in headers.into_iter().flatten() {
            let header = document.real(header);
            assert!(
                header["schema"]["examples"][0].is_string(),
                "{place} {status} {name}"
            );
        }
    }
    let fine = |place: &str, status: &str, name: &str| {
        let (method, path) = place.split_once(' ').unwrap();
        let answer = &document.0["paths"][path][method.to_lowercase()]["responses"][status];
        assert!(
            answer["headers"].get(name).is_some(),
            "{place} {status} lacks {name}"
        );
    };
    fine("POST /api/checkout", "201", "Idempotent-Replayed");
    fine("POST /api/checkout", "201", "Location");
    fine("POST /api/carts", "201", "Location");
    fine("POST /api/auth/login", "200", "Set-Cookie");
    fine("GET /api/orders", "200", "Link");
    fine("GET /api/catalog/products", "200", "Link");
    fine(
        "PATCH /api/admin/catalog/products/{product_id}",
        "200",
        "ETag",
    );
}

#[test]
fn nothing_in_the_document_is_a_placeholder() {
    assert!(
        document()
            .info
            .contact
            .is_none_or(|contact| { !contact.url.unwrap_or_default().contains("example") })
    );
}

/// A POST takes `Idempotency-Key`, or docs/api.md says why it needs none.
#[test]
fn every_post_takes_a_key_or_is_listed_as_needing_none() {
    let document = Read::new();
    let page =
        std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/api.md")).unwrap();
    let listed: Vec<&str> = page
        .lines()
        .skip_while(|line| !line.starts_with("These ignore the header"))
        .take_while(|line| !line.starts_with("## "))
        .filter(|line| line.starts_with("| "))
        .flat_map(|line| line.split('`').skip(1).step_by(2))
        .collect();
    let mut keyless: Vec<String> = document
        .operations()
        .filter(|(place, _)| place.starts_with("POST "))
        .filter(|(_, operation)| {
            let parameters = operation["parameters"].as_array();
            !parameters
                .into_iter()
                .flatten()
                .any(|parameter| document.real(parameter)["name"] == "Idempotency-Key")
        })
        .map(|(place, _)| place.trim_start_matches("POST ").to_owned())
        .collect();
    keyless.sort();
    let mut listed: Vec<String> = listed.into_iter().map(str::to_owned).collect();
    listed.sort();
    assert_eq!(keyless, listed);
}
