//! What lists of products are asked.

use std::collections::BTreeMap;

use catalog_model::listing::{CategoryRef, ProductFilter, ProductSort};
use catalog_model::search::{FacetName, Wanted};
use kernel::{Currency, FieldError};
use serde::Deserialize;
use utoipa::{IntoParams, ToSchema};
use validator::{Validate, ValidationError};

use crate::dto::choices::{ConditionDto, KindDto};
use crate::problem::RequestError;

/// How many values a filter may have.
const MAX_VALUES: u64 = 20;

/// In which order.
#[derive(Debug, Clone, Copy, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = ProductSort)]
pub(crate) enum SortDto {
    /// The best match first; the newest first without `q`.
    Relevance,
    /// The newest first.
    Newest,
    /// By name.
    Name,
    /// The cheapest first.
    Price,
    /// The dearest first.
    PriceDesc,
}

impl From<SortDto> for ProductSort {
    fn from(dto: SortDto) -> Self {
        match dto {
            SortDto::Relevance => Self::Relevance,
            SortDto::Newest => Self::Newest,
            SortDto::Name => Self::Name,
            SortDto::Price => Self::Price,
            SortDto::PriceDesc => Self::PriceDesc,
        }
    }
}

/// In which order, where nothing is searched.
#[derive(Debug, Clone, Copy, Default, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = AdminProductSort)]
pub(crate) enum AdminSortDto {
    /// The newest first.
    #[default]
    Newest,
    /// By name.
    Name,
    /// The cheapest first.
    Price,
    /// The dearest first.
    PriceDesc,
}

impl From<AdminSortDto> for ProductSort {
    fn from(dto: AdminSortDto) -> Self {
        match dto {
            AdminSortDto::Newest => Self::Newest,
            AdminSortDto::Name => Self::Name,
            AdminSortDto::Price => Self::Price,
            AdminSortDto::PriceDesc => Self::PriceDesc,
        }
    }
}

/// Which products, in which order, which page.
#[derive(Deserialize, IntoParams, Validate)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub(crate) struct ProductsQuery {
    /// Words to look for. The first eight count.
    #[validate(length(max = 200))]
    #[param(max_length = 200, example = "trail shoe")]
    q: Option<String>,
    /// In the category, by id or slug, or below it. May be repeated. One that
    /// there is not has no products.
    #[serde(default)]
    #[validate(length(max = "MAX_VALUES"), custom(function = short))]
    #[param(max_items = 20)]
    category: Vec<String>,
    /// Of a maker. May be repeated.
    #[serde(default)]
    #[validate(length(max = "MAX_VALUES"), custom(function = short))]
    #[param(max_items = 20)]
    brand: Vec<String>,
    /// New or used. May be repeated.
    #[serde(default)]
    #[validate(length(max = "MAX_VALUES"))]
    #[param(max_items = 20)]
    condition: Vec<ConditionDto>,
    /// Of a kind. May be repeated.
    #[serde(default)]
    #[validate(length(max = "MAX_VALUES"))]
    #[param(max_items = 20)]
    kind: Vec<KindDto>,
    /// With a tag. May be repeated.
    #[serde(default)]
    #[validate(length(max = "MAX_VALUES"), custom(function = short))]
    #[param(max_items = 20)]
    tag: Vec<String>,
    /// With a variant of that size. May be repeated.
    #[serde(default)]
    #[validate(length(max = "MAX_VALUES"), custom(function = short))]
    #[param(max_items = 20)]
    size: Vec<String>,
    /// With a property, or a variant with an option, of that value: the name
    /// and the value with a colon between them. May be repeated: values of one
    /// name are alternatives, different names hold together.
    #[serde(default)]
    #[validate(length(max = "MAX_VALUES"), custom(function = pairs))]
    #[param(max_items = 20, example = json!(["material:Mesh"]))]
    attribute: Vec<String>,
    /// With a variant that costs at least so much, in minor units.
    #[validate(range(min = 0))]
    #[param(minimum = 0)]
    price_from: Option<i64>,
    /// With a variant that costs at most so much, in minor units.
    #[validate(range(min = 0))]
    #[param(minimum = 0)]
    price_to: Option<i64>,
    /// Only what is there; what is sold before it is there does not count.
    in_stock: Option<bool>,
    /// What to count beside the page: `true` for everything, or some of
    /// `category`, `brand`, `condition`, `kind`, `tag`, `size`, `price`, `in_stock`
    /// and `attribute`, with commas between them.
    #[validate(custom(function = known_facets))]
    #[param(example = "brand,size")]
    facets: Option<String>,
    /// The currency of prices, `price_from` and `price_to`: the shop's own when
    /// absent. Products without a price in it are left out. It does not go with
    /// `q`, `attribute` and `facets`.
    #[param(value_type = Option<String>, pattern = "^[A-Z]{3}$", example = "EUR")]
    currency: Option<Currency>,
    /// In which order; by relevance with `q`, else the newest first.
    #[param(inline)]
    sort: Option<SortDto>,
    /// How many at most.
    #[validate(range(min = 1, max = 100))]
    #[param(minimum = 1, maximum = 100, default = 20)]
    limit: Option<u64>,
    /// `next_cursor` of the page before.
    cursor: Option<String>,
}

fn refused(sentence: &'static str) -> ValidationError {
    ValidationError::new("value").with_message(sentence.into())
}

fn short(values: &[String]) -> Result<(), ValidationError> {
    if values.iter().all(|value| value.chars().count() <= 200) {
        Ok(())
    } else {
        Err(refused("must have values of at most 200 characters"))
    }
}

fn pairs(values: &[String]) -> Result<(), ValidationError> {
    let fits = |value: &String| {
        value.split_once(':').is_some_and(|(name, value)| {
            !name.is_empty() && name.chars().count() <= 64 && value.chars().count() <= 500
        })
    };
    if values.iter().all(fits) {
        Ok(())
    } else {
        Err(refused(
            "must be a name of at most 64 and a value of at most 500 characters, with a colon between them, such as material:Mesh",
        ))
    }
}

fn known_facets(text: &str) -> Result<(), ValidationError> {
    wanted(text).map(|_| ()).ok_or_else(|| {
        refused(
            "must be true, false, or some of these with commas between them: category, brand, condition, kind, tag, size, price, in_stock, attribute",
        )
    })
}

fn wanted(text: &str) -> Option<Wanted> {
    match text {
        "true" => Some(Wanted::all()),
        "false" => Some(Wanted::default()),
        names => names.split(',').try_fold(Wanted::default(), |all, name| {
            Some(all.and(name.parse::<FacetName>().ok()?))
        }),
    }
}

impl ProductsQuery {
    /// Refuses bounds between which there is nothing.
    pub(crate) fn check(&self) -> Result<(), RequestError> {
        match (self.price_from, self.price_to) {
            (Some(from), Some(to)) if from > to => {
                let why = "must be at least price_from";
                let wrong = FieldError::new("/price_to", "range", why);
                Err(RequestError::InvalidQuery(vec![wrong]))
            }
            _ => Ok(()),
        }
    }

    /// Where to begin.
    pub(crate) fn cursor(&self) -> Option<&str> {
        self.cursor.as_deref()
    }

    /// How many at most.
    pub(crate) fn limit(&self) -> Option<u64> {
        self.limit
    }

    /// Which products. An empty search box asks for nothing.
    pub(crate) fn filter(&self) -> ProductFilter {
        let mut attributes: BTreeMap<String, Vec<String>> = BTreeMap::new();
        for (name, value) in self
            .attribute
            .iter()
            .filter_map(|pair| pair.split_once(':'))
        {
            attributes
                .entry(name.to_owned())
                .or_default()
                .push(value.to_owned());
        }
        let categories = self.category.iter();
        ProductFilter {
            text: self.q.clone().filter(|text| !text.trim().is_empty()),
            categories: categories
                .map(|name| CategoryRef::from(name.as_str()))
                .collect(),
            brands: self.brand.clone(),
            conditions: self.condition.iter().copied().map(Into::into).collect(),
            kinds: self.kind.iter().copied().map(Into::into).collect(),
            tags: self.tag.clone(),
            sizes: self.size.clone(),
            attributes,
            price_from: self.price_from,
            price_to: self.price_to,
            in_stock: self.in_stock.unwrap_or(false),
            status: None,
            seller: None,
        }
    }

    /// The currency of prices.
    pub(crate) fn currency(&self) -> Option<Currency> {
        self.currency
    }

    /// In which order.
    pub(crate) fn sort(&self) -> ProductSort {
        self.sort.map_or_else(
            || match self.q {
                Some(_) => ProductSort::Relevance,
                None => ProductSort::Newest,
            },
            Into::into,
        )
    }

    /// What is counted.
    pub(crate) fn wanted(&self) -> Wanted {
        self.facets.as_deref().and_then(wanted).unwrap_or_default()
    }
}
