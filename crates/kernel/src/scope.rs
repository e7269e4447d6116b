//! Who is asking, for which tenant, and what they may do.

use std::net::IpAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use crate::error::AccessDenied;
use crate::id::{ApiKeyId, JobId, SellerId, SessionId, TenantId, UserId};
use crate::permission::{Permission, Permissions};

/// Who acts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Actor {
    /// Nobody is signed in.
    Anonymous,
    /// A person, in one of their sessions.
    User {
        /// Who.
        id: UserId,
        /// In which session.
        session: SessionId,
    },
    /// A program that uses a person's API key.
    ApiKey {
        /// Which key.
        id: ApiKeyId,
        /// Whose.
        owner: UserId,
    },
    /// A background job.
    Job(JobId),
    /// The system itself: start-up, a command line, a received webhook.
    System,
}

impl Actor {
    /// The user behind the actor, if there is one.
    pub fn user(self) -> Option<UserId> {
        match self {
            Self::User { id, .. } | Self::ApiKey { owner: id, .. } => Some(id),
            Self::Anonymous | Self::Job(_) | Self::System => None,
        }
    }

    /// A text that tells principals apart, as stored in logs and histories.
    pub fn label(self) -> String {
        match self {
            Self::Anonymous => "anonymous".to_owned(),
            Self::User { id, .. } => id.to_string(),
            Self::ApiKey { id, .. } => id.to_string(),
            Self::Job(id) => id.to_string(),
            Self::System => "system".to_owned(),
        }
    }
}

/// A client's wish that a repeated request has one effect. Clones are the same
/// wish: what one notes, all know.
#[derive(Debug, Clone)]
pub struct Idempotency {
    /// What the client sent as `Idempotency-Key`.
    pub key: String,
    /// Method and route pattern, such as `POST /api/checkout`.
    pub route: String,
    /// SHA-256 of what was asked: path, query and body.
    pub fingerprint: [u8; 32],
    /// Who asks, so that keys of strangers never meet: the account, or for
    /// guests the capability they hold or the address they come from.
    pub principal: String,
    /// Whether the answer is a stored one.
    replayed: Arc<AtomicBool>,
}

impl Idempotency {
    /// A wish.
    pub fn new(key: String, route: String, fingerprint: [u8; 32], principal: String) -> Self {
        Self {
            key,
            route,
            fingerprint,
            principal,
            replayed: Arc::default(),
        }
    }

    /// The same wish for a request whose body was read later.
    #[must_use]
    pub fn with_fingerprint(&self, fingerprint: [u8; 32]) -> Self {
        Self {
            fingerprint,
            ..self.clone()
        }
    }

    /// Notes that the answer is a stored one.
    pub fn mark_replayed(&self) {
        self.replayed.store(true, Ordering::Relaxed);
    }

    /// Whether the answer is a stored one.
    pub fn was_replayed(&self) -> bool {
        self.replayed.load(Ordering::Relaxed)
    }
}

/// What is known about the request or job that is being served.
#[derive(Debug, Clone, Default)]
pub struct RequestInfo {
    /// Returned as `x-request-id` and on every log line.
    pub request_id: String,
    /// Where the client is, if trusted proxies told.
    pub address: Option<IpAddr>,
    /// What the client calls itself.
    pub user_agent: Option<String>,
    /// The language the client wishes for most, as a BCP 47 tag.
    pub language: Option<String>,
    /// The idempotency wish, if any.
    pub idempotency: Option<Idempotency>,
}

impl RequestInfo {
    /// The same origin without the idempotency wish, for another scope of the
    /// same request.
    #[must_use]
    pub fn origin(&self) -> Self {
        Self {
            request_id: self.request_id.clone(),
            address: self.address,
            user_agent: self.user_agent.clone(),
            language: self.language.clone(),
            idempotency: None,
        }
    }
}

#[derive(Debug)]
struct Inner {
    tenant: TenantId,
    actor: Actor,
    permissions: Permissions,
    seller: Option<SellerId>,
    lacks_second_factor: bool,
    request: RequestInfo,
}

/// The authority under which anything happens: every query takes its tenant
/// from here. It cannot be made except by authentication, by the job envelope
/// and by commands of the binary; a lint forbids [`Scope::issue`] elsewhere.
#[derive(Debug, Clone)]
pub struct Scope(Arc<Inner>);

impl Scope {
    /// Makes a scope. Only authentication, the job worker and the binary's own
    /// commands may call this.
    pub fn issue(
        tenant: TenantId,
        actor: Actor,
        permissions: Permissions,
        request: RequestInfo,
    ) -> Self {
        Self(Arc::new(Inner {
            tenant,
            actor,
            permissions,
            seller: None,
            lacks_second_factor: false,
            request,
        }))
    }

    /// The same caller, who may do what they may only with what belongs to a
    /// seller. Whatever is not made for that refuses them: [`Scope::may`] and
    /// [`Scope::require`] say no from here on.
    #[must_use]
    pub fn bound_to(self, seller: SellerId) -> Self {
        Self(Arc::new(Inner {
            tenant: self.0.tenant,
            actor: self.0.actor,
            permissions: self.0.permissions,
            seller: Some(seller),
            lacks_second_factor: self.0.lacks_second_factor,
            request: self.0.request.clone(),
        }))
    }

    /// The same caller, who may do nothing but turn on the second factor that
    /// their tenant requires of them.
    #[must_use]
    pub fn lacking_second_factor(self) -> Self {
        let request = self.0.request.origin();
        Self(Arc::new(Inner {
            tenant: self.0.tenant,
            actor: self.0.actor,
            permissions: Permissions::NONE,
            seller: self.0.seller,
            lacks_second_factor: true,
            request,
        }))
    }

    /// The same authority with an idempotency wish, which is known only when
    /// the body of the request is.
    #[must_use]
    pub fn with_idempotency(&self, wish: Idempotency) -> Self {
        Self(Arc::new(Inner {
            tenant: self.0.tenant,
            actor: self.0.actor,
            permissions: self.0.permissions,
            seller: self.0.seller,
            lacks_second_factor: self.0.lacks_second_factor,
            request: RequestInfo {
                request_id: self.0.request.request_id.clone(),
                address: self.0.request.address,
                user_agent: self.0.request.user_agent.clone(),
                language: self.0.request.language.clone(),
                idempotency: Some(wish),
            },
        }))
    }

    /// The tenant all reads and writes are confined to.
    pub fn tenant(&self) -> TenantId {
        self.0.tenant
    }

    /// Who acts.
    pub fn actor(&self) -> Actor {
        self.0.actor
    }

    /// What they may do; within what is their seller's, if they have one.
    pub fn permissions(&self) -> Permissions {
        self.0.permissions
    }

    /// Whether their tenant requires a second factor of them that they lack.
    pub fn lacks_second_factor(&self) -> bool {
        self.0.lacks_second_factor
    }

    /// The request or job.
    pub fn request(&self) -> &RequestInfo {
        &self.0.request
    }

    /// The signed-in user, or the owner of the API key.
    pub fn user(&self) -> Option<UserId> {
        self.0.actor.user()
    }

    /// The signed-in user; an error that says to sign in when there is none.
    pub fn require_user(&self) -> Result<UserId, AccessDenied> {
        self.user().ok_or(AccessDenied::Unauthenticated)
    }

    /// The user and session when a person is signed in; API keys are refused.
    pub fn require_session(&self) -> Result<(UserId, SessionId), AccessDenied> {
        match self.0.actor {
            Actor::User { id, session } => Ok((id, session)),
            Actor::ApiKey { .. } => Err(AccessDenied::UsersOnly),
            _ => Err(AccessDenied::Unauthenticated),
        }
    }

    /// The seller they are bound to: what they administer is confined to what
    /// belongs to that one.
    pub fn seller(&self) -> Option<SellerId> {
        self.0.seller
    }

    /// Whether the permission is held, for all there is in the tenant. Never
    /// for those who are bound to a seller.
    pub fn may(&self, permission: Permission) -> bool {
        self.0.seller.is_none() && self.may_within(permission)
    }

    /// Whether the permission is held, be it only for what belongs to the
    /// seller they are bound to. For use cases whose queries keep to
    /// [`Scope::seller`].
    pub fn may_within(&self, permission: Permission) -> bool {
        self.0.permissions.contains(permission)
    }

    /// Refuses a caller who lacks the permission, or is bound to a seller.
    pub fn require(&self, permission: Permission) -> Result<(), AccessDenied> {
        self.check(self.may(permission), permission)
    }

    /// Refuses a caller who lacks the permission; those who are bound to a
    /// seller have it for what is theirs. For use cases whose queries keep to
    /// [`Scope::seller`].
    pub fn require_within(&self, permission: Permission) -> Result<(), AccessDenied> {
        self.check(self.may_within(permission), permission)
    }

    /// The seller they are bound to; refuses everybody else, and those who
    /// lack the permission.
    pub fn require_seller(&self, permission: Permission) -> Result<SellerId, AccessDenied> {
        self.require_within(permission)?;
        self.0.seller.ok_or(AccessDenied::SellersOnly)
    }

    fn check(&self, may: bool, permission: Permission) -> Result<(), AccessDenied> {
        if may {
            Ok(())
        } else if self.0.lacks_second_factor {
            Err(AccessDenied::SecondFactor)
        } else if self.0.actor == Actor::Anonymous {
            Err(AccessDenied::Unauthenticated)
        } else if self.may_within(permission) {
            Err(AccessDenied::Bound(permission))
        } else {
            Err(AccessDenied::Missing(permission))
        }
    }
}
