//! What a tenant decides for itself.

use accounts_model::tenant::{
    DowngradePolicy, FeeBearer, PlatformFee, SubscriptionSettings, Tenant, UpgradePolicy,
};
use accounts_service::{NewPlatformFee, SettingsChange};
use actix_web::web::Data;
use actix_web::{HttpResponse, get, patch};
use kernel::Currency;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use validator::Validate;

use crate::dto::money::MoneyDto;
use crate::dto::patch::{present, removable};
use crate::extract::{Caller, Json, RequiredIfMatch, etag, line, mail_address};
use crate::problem::ApiError;
use crate::state::ApiState;

/// Who bears the platform fee.
#[derive(Debug, Clone, Copy, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = FeeBearer)]
pub(crate) enum FeeBearerDto {
    /// It is added to what the buyer pays.
    Buyer,
    /// It is kept of what the seller gets.
    Seller,
}

/// What the platform takes of an order: so much, plus a share.
#[derive(Debug, Clone, Copy, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = PlatformFee)]
pub(crate) struct PlatformFeeDto {
    /// So much for each order, in the currency of the shop.
    fixed: MoneyDto,
    /// Of the subtotal, in hundredths of a percent.
    #[schema(minimum = 0, maximum = 10_000, example = 290)]
    basis_points: u32,
    /// Who bears it.
    borne_by: FeeBearerDto,
}

impl PlatformFeeDto {
    fn of(fee: PlatformFee, currency: Currency) -> Self {
        Self {
            fixed: MoneyDto {
                amount: fee.fixed,
                currency,
            },
            basis_points: fee.basis_points,
            borne_by: match fee.borne_by {
                FeeBearer::Buyer => FeeBearerDto::Buyer,
                FeeBearer::Seller => FeeBearerDto::Seller,
            },
        }
    }
}

impl From<PlatformFeeDto> for NewPlatformFee {
    fn from(dto: PlatformFeeDto) -> Self {
        Self {
            fixed: dto.fixed.into(),
            basis_points: dto.basis_points,
            borne_by: match dto.borne_by {
                FeeBearerDto::Buyer => FeeBearer::Buyer,
                FeeBearerDto::Seller => FeeBearer::Seller,
            },
        }
    }
}

/// When subscriptions change to a higher tier.
#[derive(Debug, Clone, Copy, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = UpgradePolicy)]
pub(crate) enum UpgradePolicyDto {
    /// At once, for the difference.
    Immediate,
    /// When the period that is paid for ends.
    AtPeriodEnd,
    /// Never.
    Refused,
}

/// When subscriptions change to a lower tier.
#[derive(Debug, Clone, Copy, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = DowngradePolicy)]
pub(crate) enum DowngradePolicyDto {
    /// Never.
    Refused,
    /// When the period that is paid for ends.
    AtPeriodEnd,
}

/// How subscriptions of hosted services are changed, and what happens to those
/// that are not paid.
#[derive(Debug, Clone, Copy, Serialize, Deserialize, ToSchema, Validate)]
#[serde(deny_unknown_fields)]
#[schema(as = SubscriptionSettings)]
pub(crate) struct SubscriptionSettingsDto {
    /// When they change to a higher tier.
    upgrades: UpgradePolicyDto,
    /// When they change to a lower tier.
    downgrades: DowngradePolicyDto,
    /// For how many days what is not paid runs on.
    #[validate(range(max = 90))]
    #[schema(minimum = 0, maximum = 90, example = 7)]
    grace_days: u32,
    /// After how many further days, in which it is stopped, it ends.
    #[validate(range(max = 365))]
    #[schema(minimum = 0, maximum = 365, example = 14)]
    suspension_days: u32,
}

impl From<SubscriptionSettings> for SubscriptionSettingsDto {
    fn from(settings: SubscriptionSettings) -> Self {
        Self {
            upgrades: match settings.upgrades {
                UpgradePolicy::Immediate => UpgradePolicyDto::Immediate,
                UpgradePolicy::AtPeriodEnd => UpgradePolicyDto::AtPeriodEnd,
                UpgradePolicy::Refused => UpgradePolicyDto::Refused,
            },
            downgrades: match settings.downgrades {
                DowngradePolicy::Refused => DowngradePolicyDto::Refused,
                DowngradePolicy::AtPeriodEnd => DowngradePolicyDto::AtPeriodEnd,
            },
            grace_days: settings.grace_days,
            suspension_days: settings.suspension_days,
        }
    }
}

impl From<SubscriptionSettingsDto> for SubscriptionSettings {
    fn from(dto: SubscriptionSettingsDto) -> Self {
        Self {
            upgrades: match dto.upgrades {
                UpgradePolicyDto::Immediate => UpgradePolicy::Immediate,
                UpgradePolicyDto::AtPeriodEnd => UpgradePolicy::AtPeriodEnd,
                UpgradePolicyDto::Refused => UpgradePolicy::Refused,
            },
            downgrades: match dto.downgrades {
                DowngradePolicyDto::Refused => DowngradePolicy::Refused,
                DowngradePolicyDto::AtPeriodEnd => DowngradePolicy::AtPeriodEnd,
            },
            grace_days: dto.grace_days,
            suspension_days: dto.suspension_days,
        }
    }
}

/// The settings of a shop.
#[derive(Serialize, ToSchema)]
#[schema(as = Settings)]
pub(crate) struct SettingsDto {
    /// What it is called.
    name: String,
    /// The currency of its prices.
    #[schema(value_type = String, example = "EUR")]
    currency: Currency,
    /// The IANA name of its time zone.
    #[schema(example = "Europe/Berlin")]
    time_zone: String,
    /// The language of its mails, for those who wish for no other one.
    #[schema(example = "en")]
    language: String,
    /// Where replies to its mails go.
    support_email: Option<String>,
    /// What the platform takes of an order.
    platform_fee: PlatformFeeDto,
    /// The number of its first order, less one.
    order_numbers_after: i64,
    /// For how many days after they arrived buyers can ask to return goods;
    /// 0 when they cannot.
    return_window_days: u32,
    /// Whether managers and administrators need two-factor authentication.
    require_two_factor: bool,
    /// From which number of available pieces on stock is low, where a variant
    /// says nothing else.
    low_stock_threshold: u32,
    /// How subscriptions of hosted services are changed.
    subscriptions: SubscriptionSettingsDto,
    /// Grows with every change; also the `ETag`.
    version: i64,
}

impl From<&Tenant> for SettingsDto {
    fn from(tenant: &Tenant) -> Self {
        Self {
            name: tenant.name.clone(),
            currency: tenant.settings.currency,
            time_zone: tenant.settings.time_zone.clone(),
            language: tenant.settings.language.clone(),
            support_email: tenant.settings.support_email.clone(),
            platform_fee: PlatformFeeDto::of(
                tenant.settings.platform_fee,
                tenant.settings.currency,
            ),
            order_numbers_after: tenant.settings.order_numbers_after,
            return_window_days: tenant.settings.return_window_days,
            require_two_factor: tenant.settings.require_two_factor,
            low_stock_threshold: tenant.settings.low_stock_threshold,
            subscriptions: tenant.settings.subscriptions.into(),
            version: tenant.version,
        }
    }
}

/// A change of the settings; what is absent stays, null removes.
#[derive(Deserialize, ToSchema, Validate)]
#[serde(deny_unknown_fields)]
pub(crate) struct SettingsPatch {
    /// What it is called.
    #[serde(default, deserialize_with = "present")]
    #[validate(custom(function = "line"), length(min = 1, max = 200))]
    #[schema(min_length = 1, max_length = 200, nullable = false)]
    name: Option<String>,
    /// The IANA name of its time zone.
    #[serde(default, deserialize_with = "present")]
    #[validate(length(min = 1, max = 64))]
    #[schema(
        min_length = 1,
        max_length = 64,
        nullable = false,
        example = "Europe/Berlin"
    )]
    time_zone: Option<String>,
    /// The language of its mails, for those who wish for no other one: a tag
    /// such as `de` or `pt-BR`.
    #[serde(default, deserialize_with = "present")]
    #[validate(length(min = 2, max = 16))]
    #[schema(min_length = 2, max_length = 16, nullable = false, example = "de")]
    language: Option<String>,
    /// Where replies to its mails go.
    #[serde(default, deserialize_with = "removable")]
    #[validate(custom(function = "mail_address"), length(max = 254))]
    #[schema(value_type = Option<String>, format = Email, max_length = 254)]
    support_email: Option<Option<String>>,
    /// What the platform takes of an order.
    #[serde(default, deserialize_with = "present")]
    #[schema(nullable = false)]
    platform_fee: Option<PlatformFeeDto>,
    /// For how many days after they arrived buyers can ask to return goods;
    /// 0 when they cannot.
    #[serde(default, deserialize_with = "present")]
    #[validate(range(max = 3650))]
    #[schema(minimum = 0, maximum = 3650, nullable = false, example = 30)]
    return_window_days: Option<u32>,
    /// Whether managers and administrators need two-factor authentication.
    /// Those who have none may only turn it on.
    #[serde(default, deserialize_with = "present")]
    #[schema(nullable = false)]
    require_two_factor: Option<bool>,
    /// From which number of available pieces on stock is low, where a variant
    /// says nothing else.
    #[serde(default, deserialize_with = "present")]
    #[validate(range(max = 1_000_000_000))]
    #[schema(minimum = 0, maximum = 1_000_000_000, nullable = false, example = 5)]
    low_stock_threshold: Option<u32>,
    /// How subscriptions of hosted services are changed, as a whole.
    #[serde(default, deserialize_with = "present")]
    #[validate(nested)]
    #[schema(nullable = false)]
    subscriptions: Option<SubscriptionSettingsDto>,
}

fn respond(tenant: &Tenant) -> HttpResponse {
    HttpResponse::Ok()
        .insert_header(("etag", etag(tenant.version)))
        .json(SettingsDto::from(tenant))
}

/// See the settings of the shop
#[utoipa::path(tag = "admin: settings", responses(
    (status = 200, description = "The settings.", body = SettingsDto, headers(("ETag" = String, description = "The version."))),
))]
#[get("/api/admin/settings")]
pub(crate) async fn get_settings(
    state: Data<ApiState>,
    caller: Caller,
) -> Result<HttpResponse, ApiError> {
    Ok(respond(&*state.accounts.settings(&caller.0).await?))
}

/// Change the settings of the shop
#[utoipa::path(tag = "admin: settings", request_body = SettingsPatch, params(
    ("If-Match" = String, Header, description = "The ETag of what you read."),
), responses(
    (status = 200, description = "The settings.", body = SettingsDto, headers(("ETag" = String, description = "The version."))),
))]
#[patch("/api/admin/settings")]
pub(crate) async fn patch_settings(
    state: Data<ApiState>,
    caller: Caller,
    version: RequiredIfMatch,
    body: Json<SettingsPatch>,
) -> Result<HttpResponse, ApiError> {
    let body = body.0;
    let change = SettingsChange {
        name: body.name,
        time_zone: body.time_zone,
        language: body.language,
        support_email: body.support_email,
        platform_fee: body.platform_fee.map(Into::into),
        return_window_days: body.return_window_days,
        require_two_factor: body.require_two_factor,
        low_stock_threshold: body.low_stock_threshold,
        subscriptions: body.subscriptions.map(Into::into),
    };
    let tenant = state
        .accounts
        .change_settings(&caller.0, change, &version.0)
        .await?;
    Ok(respond(&tenant))
}
