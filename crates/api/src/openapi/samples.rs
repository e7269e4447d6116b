//! Examples of single values, where a DTO gives none of its own: properties
//! and parameters of the same name look the same wherever they are.

use serde_json::{Value, json};
use utoipa::openapi::path::{Operation, Parameter};
use utoipa::openapi::schema::{
    AdditionalProperties, ArrayItems, Object, Schema, SchemaFormat, SchemaType, Type,
};
use utoipa::openapi::{OpenApi as Document, RefOr};

use super::{operations, texts};

/// Gives the properties and parameters of the document examples.
pub(super) fn add(document: &mut Document) {
    if let Some(components) = &mut document.components {
        for (name, schema) in &mut components.schemas {
            give(name, schema);
        }
    }
    for item in document.paths.paths.values_mut() {
        for (_, operation) in operations(item) {
            for parameter in parameters(operation) {
                let name = parameter.name.clone();
                if let Some(schema) = &mut parameter.schema {
                    give(&name, schema);
                }
            }
        }
    }
}

fn parameters(operation: &mut Operation) -> impl Iterator<Item = &mut Parameter> {
    let all = operation.parameters.iter_mut().flatten();
    all.filter_map(|parameter| match parameter {
        RefOr::T(parameter) => Some(parameter),
        RefOr::Ref(_) => None,
    })
}

fn give(name: &str, schema: &mut RefOr<Schema>) {
    let RefOr::T(schema) = schema else {
        return;
    };
    match schema {
        Schema::Object(object) => give_object(name, object),
        Schema::Array(list) => {
            if let ArrayItems::RefOrSchema(items) = &mut list.items {
                give(name, items);
            }
        }
        Schema::OneOf(of) => of.items.iter_mut().for_each(|item| give(name, item)),
        Schema::AllOf(of) => of.items.iter_mut().for_each(|item| give(name, item)),
        Schema::AnyOf(of) => of.items.iter_mut().for_each(|item| give(name, item)),
        _ => {}
    }
}

fn give_object(name: &str, object: &mut Object) {
    for (name, property) in &mut object.properties {
        give(name, property);
    }
    if let Some(more) = &mut object.additional_properties
        && let AdditionalProperties::RefOr(values) = more.as_mut()
    {
        give(name, values);
    }
    if has_own(object) {
        return;
    }
    let example = if is(object, &Type::String) {
        texts::text(name).map(Value::from)
    } else if is(object, &Type::Integer) {
        number(name).map(Value::from)
    } else if is(object, &Type::Boolean) {
        Some(Value::from(TRUE.contains(&name)))
    } else if is(object, &Type::Object) && object.properties.is_empty() {
        free(name)
    } else {
        None
    };
    object.examples.extend(example);
}

/// Whether the schema tells what a value looks like.
fn has_own(object: &Object) -> bool {
    let told = object.format.as_ref().is_some_and(|format| match format {
        SchemaFormat::KnownFormat(format) => {
            use utoipa::openapi::schema::KnownFormat;
            matches!(
                format,
                KnownFormat::Email | KnownFormat::Password | KnownFormat::Binary
            )
        }
        SchemaFormat::Custom(_) => false,
    });
    told || object.example.is_some()
        || !object.examples.is_empty()
        || object.default.is_some()
        || object.enum_values.is_some()
}

fn is(object: &Object, kind: &Type) -> bool {
    match &object.schema_type {
        SchemaType::Type(one) => one == kind,
        SchemaType::Array(several) => several.contains(kind),
        SchemaType::AnyValue => false,
    }
}

/// Flags that are mostly set.
const TRUE: &[&str] = &[
    "applies",
    "bearer_only",
    "current",
    "email_verified",
    "enabled",
    "has_more",
    "holds",
    "intact",
    "needs_shipping",
    "open",
    "possible",
];

/// Numbers.
#[rustfmt::skip]
const NUMBERS: &[(&str, i64)] = &[
    ("amount", 1_299), ("attempts", 1), ("available", 12), ("backorder_limit", 20),
    ("bundles_available", 12),
    ("backordered", 0), ("backordered_after", 0), ("backordered_delta", 0), ("basis_points", 1_000),
    ("bytes", 48_211), ("bytes_read", 48_211), ("carts", 210), ("checked", 1_874),
    ("checkouts", 84), ("conversion_basis_points", 460), ("count", 17), ("customer_limit", 1),
    ("dead", 0), ("due", 0), ("ended", 2), ("error_count", 0), ("events", 0),
    ("funds_withdrawn", 1_299), ("in_stock", 17), ("later", 0), ("left", 12), ("limit", 20),
    ("low_stock_threshold", 5), ("matches", 1), ("max_attempts", 20), ("max_total", 10_000),
    ("mended", 0), ("min_total", 1_000), ("minimum", 5_000), ("minimum_quantity", 2),
    ("number", 1_001), ("oldest_due_seconds", 0), ("oldest_webhook_seconds", 0), ("on_hand", 12),
    ("on_hand_after", 12), ("on_hand_delta", -1), ("order_numbers_after", 1_000), ("orders", 61),
    ("oversold", 0), ("paid", 61), ("pieces", 75), ("piles", 1_240), ("position", 0),
    ("price_from", 1_000), ("price_to", 10_000), ("priority", 10), ("product_views", 3_120),
    ("products_changed", 4), ("products_new", 120), ("quantity", 1), ("recovered_orders", 3),
    ("recovery_codes_left", 8), ("refunds", 2), ("reminders", 14), ("reserved", 1),
    ("reserved_after", 0), ("reserved_before", 2), ("reserved_delta", -1), ("restock", 1),
    ("restocked", 1), ("return_window_days", 30), ("returned", 1), ("returned_pieces", 0),
    ("returning", 0), ("rows_read", 240), ("running", 0), ("scrap", 0), ("scrapped", 0),
    ("sequence", 1_874), ("set_aside", 0), ("shipped", 1), ("short", 0), ("tail", 100), ("threshold", 5), ("to", 12), ("to_ship", 1),
    ("total_limit", 1_000), ("use_limit", 100), ("used", 3), ("variants_changed", 8),
    ("variants_new", 232), ("version", 3), ("visitors", 1_326), ("webhooks", 0),
    ("weight_grams", 640),
];

fn number(name: &str) -> Option<i64> {
    let mut known = NUMBERS.iter();
    known
        .find(|(known, _)| *known == name)
        .map(|(_, number)| *number)
}

/// Objects whose names are the shop's own.
fn free(name: &str) -> Option<Value> {
    Some(match name {
        "attributes" => json!({ "material": "leather" }),
        "options" => json!({ "colour": "black" }),
        "payload" => json!({ "order_id": "ord_01j9z6m3k4f5g6h7j8k9m0n1p2" }),
        "before" => json!({ "status": "draft" }),
        "after" => json!({ "status": "active" }),
        "variables" => json!({ "order.number": "The number of the order." }),
        _ => return None,
    })
}
