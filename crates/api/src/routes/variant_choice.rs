//! Choosing a variant of a product by its options.

use std::collections::BTreeMap;

use actix_web::web::{Data, Path};
use actix_web::{HttpRequest, HttpResponse, get};
use catalog_model::choice::{Choice, OptionChoice, ValueChoice};
use catalog_model::events::{CATEGORIES_TAG, product_tag};
use catalog_model::listing::ProductRef;
use kernel::{Currency, FieldError};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use validator::{Validate, ValidationError};

use crate::answers::{Fresh, keep};
use crate::dto::variant::VariantDto;
use crate::extract::{Caller, Query};
use crate::problem::{ApiError, RequestError};
use crate::state::ApiState;

/// What was chosen.
#[derive(Deserialize, IntoParams, Validate)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(crate) struct ChoiceQuery {
    /// An option and the value that was chosen, with a colon between them;
    /// `size` is the size. Repeated for several options.
    #[serde(default)]
    #[validate(length(max = 20), custom(function = pairs))]
    #[param(max_items = 20, example = json!(["colour:Red", "size:42"]))]
    option: Vec<String>,
    /// The currency of prices; the shop's own when absent. Only variants with
    /// a price in it can be chosen.
    #[param(value_type = Option<String>, pattern = "^[A-Z]{3}$", example = "EUR")]
    currency: Option<Currency>,
}

fn pairs(values: &[String]) -> Result<(), ValidationError> {
    let fits = |value: &String| {
        value.split_once(':').is_some_and(|(name, value)| {
            (1..=64).contains(&name.chars().count()) && (1..=500).contains(&value.chars().count())
        })
    };
    if values.iter().all(fits) {
        Ok(())
    } else {
        Err(ValidationError::new("value").with_message(
            "must be a name of at most 64 and a value of at most 500 characters, with a colon between them, such as colour:Red".into(),
        ))
    }
}

impl ChoiceQuery {
    fn chosen(&self) -> Result<BTreeMap<String, String>, RequestError> {
        let mut chosen = BTreeMap::new();
        let pairs = self.option.iter().filter_map(|pair| pair.split_once(':'));
        for (name, value) in pairs {
            if chosen.insert(name.to_owned(), value.to_owned()).is_some() {
                let why = format!("must name each option once, and names {name} again");
                return Err(RequestError::InvalidQuery(vec![FieldError::new(
                    "/option", "value", why,
                )]));
            }
        }
        Ok(chosen)
    }
}

/// Whether the choice is made.
#[derive(Debug, Clone, Copy, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Resolution {
    /// One variant has all chosen values.
    Exact,
    /// Several have; more has to be chosen.
    Ambiguous,
}

/// What came of choosing.
#[derive(Serialize, ToSchema)]
#[schema(as = VariantChoice)]
pub(crate) struct VariantChoiceDto {
    /// Whether the choice is made.
    resolution: Resolution,
    /// How many variants have all chosen values.
    matches: usize,
    /// The variant, when the choice is made.
    variant: Option<VariantDto>,
    /// What can be chosen.
    options: Vec<OptionChoiceDto>,
}

/// An option of a product.
#[derive(Serialize, ToSchema)]
#[schema(as = OptionChoice)]
pub(crate) struct OptionChoiceDto {
    /// What it is called; `size` is the size.
    #[schema(example = "colour")]
    name: String,
    /// The value that was chosen.
    chosen: Option<String>,
    /// The values that variants have, in their order.
    values: Vec<ValueChoiceDto>,
}

/// A value of an option.
#[derive(Serialize, ToSchema)]
#[schema(as = ValueChoice)]
pub(crate) struct ValueChoiceDto {
    /// The value.
    #[schema(example = "Red")]
    value: String,
    /// Whether a variant has it together with what was chosen of the other
    /// options.
    possible: bool,
    /// Whether such a variant can be bought now.
    in_stock: bool,
}

impl From<OptionChoice> for OptionChoiceDto {
    fn from(option: OptionChoice) -> Self {
        let value = |value: ValueChoice| ValueChoiceDto {
            value: value.value,
            possible: value.possible,
            in_stock: value.in_stock,
        };
        Self {
            name: option.name,
            chosen: option.chosen,
            values: option.values.into_iter().map(value).collect(),
        }
    }
}

impl From<Choice> for VariantChoiceDto {
    fn from(choice: Choice) -> Self {
        Self {
            resolution: match choice.variant {
                Some(_) => Resolution::Exact,
                None => Resolution::Ambiguous,
            },
            matches: choice.matches,
            variant: choice.variant.map(Into::into),
            options: choice.options.into_iter().map(Into::into).collect(),
        }
    }
}

/// Choose a variant by its options
///
/// Finds the variant that has all chosen values among those that are sold, and
/// says for each option which values remain possible. Nothing chosen answers
/// all options of the product. Where no variant has the values, `detail` says
/// which ones there are.
#[utoipa::path(tag = "catalog", params(
    ("product" = String, Path, description = "The product's id or slug."),
    ChoiceQuery,
), responses(
    (status = 200, description = "The variant, or what remains to be chosen.", body = VariantChoiceDto, headers(("ETag" = String, description = "Send it as `If-None-Match`."))),
    (status = 304, description = "It is as you know it."),
))]
#[get("/api/catalog/products/{product}/variants/resolve")]
pub(crate) async fn resolve_variant(
    state: Data<ApiState>,
    caller: Caller,
    request: HttpRequest,
    path: Path<String>,
) -> Result<HttpResponse, ApiError> {
    keep(&state, &caller, &request, async || {
        let query = Query::<ChoiceQuery>::of(&request)?.0;
        let chosen = query.chosen()?;
        let product = ProductRef::from(path.as_str());
        let catalog = &state.catalog;
        let (id, choice) = catalog
            .choose(&caller.0, &product, &chosen, query.currency)
            .await?;
        let tags = vec![product_tag(id), CATEGORIES_TAG.to_owned()];
        Fresh::new(&VariantChoiceDto::from(choice), tags)
    })
    .await
}
