//! People and their tokens.

use accounts_model::session::Tokens;
use accounts_model::user::{User, UserStatus};
use accounts_service::SecondStep;
use kernel::{CartId, Permission, Role, Scope, SellerId, TenantId, Timestamp, UserId};
use secrecy::ExposeSecret as _;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// What an account is in its tenant.
#[derive(Debug, Clone, Copy, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = Role)]
pub(crate) enum RoleDto {
    /// Buys.
    User,
    /// Sells in the shop what is one seller's.
    Seller,
    /// Runs the shop.
    Manager,
    /// Runs the tenant.
    Admin,
    /// Runs the installation.
    Operator,
}

impl From<Role> for RoleDto {
    fn from(role: Role) -> Self {
        match role {
            Role::User => Self::User,
            Role::Seller => Self::Seller,
            Role::Manager => Self::Manager,
            Role::Admin => Self::Admin,
            Role::Operator => Self::Operator,
        }
    }
}

impl From<RoleDto> for Role {
    fn from(dto: RoleDto) -> Self {
        match dto {
            RoleDto::User => Self::User,
            RoleDto::Seller => Self::Seller,
            RoleDto::Manager => Self::Manager,
            RoleDto::Admin => Self::Admin,
            RoleDto::Operator => Self::Operator,
        }
    }
}

/// Who is signed in, where, and what they may do.
#[derive(Serialize, ToSchema)]
#[schema(as = Me)]
pub(crate) struct MeDto {
    /// The account.
    user: UserDto,
    /// The tenant it belongs to.
    #[schema(value_type = String, example = "ten_01j9z6m3k4f5g6h7j8k9m0n1p2")]
    tenant_id: TenantId,
    /// What it may do beyond its own affairs; with the role `seller` only with
    /// what is the seller's.
    #[schema(value_type = Vec<String>, example = json!(["catalog:read", "orders:read"]))]
    permissions: Vec<Permission>,
    /// Whether the shop requires two-factor authentication of the account that
    /// is not on yet. Until it is, nothing but `/api/auth` is open to it.
    two_factor_missing: bool,
}

impl MeDto {
    pub(crate) fn new(user: User, scope: &Scope) -> Self {
        Self {
            user: user.into(),
            tenant_id: scope.tenant(),
            permissions: scope.permissions().iter().collect(),
            two_factor_missing: scope.lacks_second_factor(),
        }
    }
}

/// Whether an account may be used.
#[derive(Debug, Clone, Copy, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = UserStatus)]
pub(crate) enum UserStatusDto {
    /// It may.
    Active,
    /// An administrator closed it.
    Disabled,
}

impl From<UserStatus> for UserStatusDto {
    fn from(status: UserStatus) -> Self {
        match status {
            UserStatus::Active => Self::Active,
            UserStatus::Disabled => Self::Disabled,
        }
    }
}

impl From<UserStatusDto> for UserStatus {
    fn from(dto: UserStatusDto) -> Self {
        match dto {
            UserStatusDto::Active => Self::Active,
            UserStatusDto::Disabled => Self::Disabled,
        }
    }
}

/// A person with an account.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = User)]
pub(crate) struct UserDto {
    /// Which.
    #[schema(value_type = String, example = "usr_01j9z6m3k4f5g6h7j8k9m0n1p2")]
    id: UserId,
    /// The address they sign in with.
    #[schema(example = "ada@example.com")]
    email: String,
    /// Whether the address is proven.
    email_verified: bool,
    /// What they are in the tenant.
    role: RoleDto,
    /// The seller they belong to, with the role `seller`.
    #[schema(value_type = Option<String>)]
    seller_id: Option<SellerId>,
    /// Whether the account may be used.
    status: UserStatusDto,
    /// What they are called.
    #[schema(example = "Ada Lovelace")]
    name: String,
    /// Their telephone number, as they wrote it.
    phone: Option<String>,
    /// Their language, as a BCP 47 tag.
    #[schema(example = "de")]
    locale: Option<String>,
    /// Grows with every change; also the `ETag`.
    version: i64,
    /// When the account was made.
    #[schema(value_type = String, format = DateTime)]
    created_at: Timestamp,
    /// When it was last changed.
    #[schema(value_type = String, format = DateTime)]
    updated_at: Timestamp,
}

impl From<User> for UserDto {
    fn from(user: User) -> Self {
        Self {
            id: user.id,
            email: user.email.to_string(),
            email_verified: user.email_verified_at.is_some(),
            role: user.role.into(),
            seller_id: user.seller,
            status: user.status.into(),
            name: user.name,
            phone: user.phone,
            locale: user.locale,
            version: user.version,
            created_at: user.created_at,
            updated_at: user.updated_at,
        }
    }
}

/// How the refresh token travels.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(crate) enum TokenTransport {
    /// In bodies: for apps and servers.
    #[default]
    Body,
    /// In a cookie that scripts cannot read: for browsers.
    Cookie,
}

/// That the password was right, and a code is wanted.
#[derive(Serialize, ToSchema)]
#[schema(as = SecondStep)]
pub(crate) struct SecondStepDto {
    /// Always `two_factor`.
    #[schema(example = "two_factor")]
    next: &'static str,
    /// To be sent with the code to `POST /api/auth/login/2fa`.
    two_factor_token: String,
    /// For how many seconds it is good.
    #[schema(example = 300)]
    expires_in: u64,
}

impl From<SecondStep> for SecondStepDto {
    fn from(step: SecondStep) -> Self {
        Self {
            next: "two_factor",
            two_factor_token: step.token.expose_secret().to_owned(),
            expires_in: step.ttl.as_secs(),
        }
    }
}

/// Tokens of a session, and whose it is.
#[derive(Serialize, ToSchema)]
#[schema(as = Session)]
pub(crate) struct SessionDto {
    /// Who is signed in.
    user: UserDto,
    /// A JWT for the header `Authorization: Bearer …`.
    access_token: String,
    /// Always `Bearer`.
    #[schema(example = "Bearer")]
    token_type: &'static str,
    /// For how many seconds the access token is good.
    #[schema(example = 900)]
    expires_in: u64,
    /// Works once, to get the next tokens; absent when it is in the cookie.
    #[serde(skip_serializing_if = "Option::is_none")]
    refresh_token: Option<String>,
    /// For how many seconds the refresh token is good; that of somebody who may
    /// do more than use their own account lasts as long as there are requests.
    #[schema(example = 604_800)]
    refresh_expires_in: u64,
    /// The account's cart, when a guest's was merged into it.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    cart_id: Option<CartId>,
}

impl SessionDto {
    pub(crate) fn new(
        user: User,
        tokens: &Tokens,
        transport: TokenTransport,
        cart_id: Option<CartId>,
    ) -> Self {
        let refresh = tokens.refresh.expose_secret().to_owned();
        Self {
            user: user.into(),
            access_token: tokens.access.expose_secret().to_owned(),
            token_type: "Bearer",
            expires_in: tokens.access_ttl.as_secs(),
            refresh_token: (transport == TokenTransport::Body).then_some(refresh),
            refresh_expires_in: tokens.refresh_ttl.as_secs(),
            cart_id,
        }
    }
}
