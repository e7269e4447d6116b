//! What can go wrong with clusters and instances.

use std::time::Duration;

use kernel::{AccessDenied, DomainError, ErrorKind, Fault, FieldError, OnceError};
use strum::{EnumDiscriminants, EnumIter};

use crate::cluster::{MAX_CLUSTERS, MAX_NAME};

/// Why a use case of clusters was refused.
#[derive(Debug, thiserror::Error, EnumDiscriminants)]
#[strum_discriminants(name(ClustersErrorCode), derive(EnumIter))]
pub enum ClustersError {
    /// The caller may not.
    #[error(transparent)]
    Access(#[from] AccessDenied),
    /// There is no such cluster.
    #[error("there is no such cluster")]
    NotFound,
    /// The name is none.
    #[error("a name has 1 to {MAX_NAME} characters")]
    InvalidName,
    /// The name is taken.
    #[error("another cluster has this name already")]
    NameTaken,
    /// The kubeconfig cannot be used.
    #[error("the kubeconfig cannot be used: {0}")]
    InvalidKubeconfig(String),
    /// Sutler may not use the cluster it runs in.
    #[error(
        "this installation does not let shops use the cluster it runs in; send a `kubeconfig`, or set CLUSTERS_ALLOW_IN_CLUSTER"
    )]
    InClusterOff,
    /// Its way in is another one.
    #[error(
        "this is the cluster that Sutler runs in, which has no kubeconfig; register another cluster instead"
    )]
    NoKubeconfig,
    /// There are too many.
    #[error("there can be {MAX_CLUSTERS} clusters at most; delete one that is not used")]
    TooMany,
    /// Instances are there.
    #[error(
        "instances run there; let it take no new ones, and delete it when all of them are gone"
    )]
    InUse,
    /// Somebody else changed it.
    #[error(
        "it was changed by somebody else in the meantime; read it again and repeat your change"
    )]
    VersionMismatch,
    /// There is no such instance.
    #[error("there is no such instance")]
    InstanceNotFound,
    /// It is suspended.
    #[error("the instance is suspended; it goes on when its subscription is paid for")]
    Suspended,
    /// It is stopped.
    #[error("the instance is stopped; start it instead")]
    Stopped,
    /// It is gone or going.
    #[error("the instance is gone or going")]
    Over,
    /// It does not work yet.
    #[error("the instance does not work yet; its credentials can be seen when it does")]
    NotReady,
    /// Its secrets were seen.
    #[error("the credentials were shown already, and are not kept")]
    CredentialsShown,
    /// It has no secrets.
    #[error("the instance has no credentials")]
    NoCredentials,
    /// What is to run is out of order.
    #[error("the template cannot run: {0}")]
    InvalidTemplate(String),
    /// A page goes on in no cluster.
    #[error("`cursor` goes on in one cluster; send its `cluster_id` too")]
    CursorWithoutCluster,
    /// The labels are none.
    #[error("`label` has to be a label selector, such as app=n8n or app in (n8n,ghost)")]
    InvalidLabel,
    /// The namespace is none.
    #[error(
        "`namespace` has to be the name of a namespace: 1 to 63 lower-case letters, digits and dashes"
    )]
    InvalidNamespace,
    /// A repeated request stands in the way.
    #[error(transparent)]
    Once(#[from] OnceError),
    /// Something failed.
    #[error(transparent)]
    Fault(#[from] Fault),
}

impl ClustersErrorCode {
    /// The stable code; empty for errors that carry their own.
    pub fn code(self) -> &'static str {
        match self {
            Self::NotFound => "cluster.not_found",
            Self::InvalidName => "cluster.invalid_name",
            Self::NameTaken => "cluster.name_taken",
            Self::InvalidKubeconfig => "cluster.invalid_kubeconfig",
            Self::InClusterOff => "cluster.in_cluster_off",
            Self::NoKubeconfig => "cluster.no_kubeconfig",
            Self::TooMany => "cluster.too_many",
            Self::InUse => "cluster.in_use",
            Self::VersionMismatch => "version_mismatch",
            Self::InstanceNotFound => "instance.not_found",
            Self::Suspended => "instance.suspended",
            Self::Stopped => "instance.stopped",
            Self::Over => "instance.over",
            Self::NotReady => "instance.not_ready",
            Self::CredentialsShown => "instance.credentials_shown",
            Self::NoCredentials => "instance.no_credentials",
            Self::InvalidTemplate => "instance.invalid_template",
            Self::CursorWithoutCluster => "cluster.cursor_without_cluster",
            Self::InvalidLabel => "cluster.invalid_label",
            Self::InvalidNamespace => "cluster.invalid_namespace",
            Self::Access | Self::Once | Self::Fault => "",
        }
    }

    /// What kind of failure has the code; errors that carry their own have
    /// their own kind, too.
    pub fn kind(self) -> ErrorKind {
        match self {
            Self::NotFound | Self::InstanceNotFound | Self::NoCredentials => ErrorKind::NotFound,
            Self::InvalidName
            | Self::InvalidKubeconfig
            | Self::InClusterOff
            | Self::InvalidTemplate
            | Self::CursorWithoutCluster
            | Self::InvalidLabel
            | Self::InvalidNamespace => ErrorKind::Unprocessable,
            Self::NameTaken
            | Self::NoKubeconfig
            | Self::TooMany
            | Self::InUse
            | Self::Suspended
            | Self::Stopped
            | Self::Over
            | Self::NotReady => ErrorKind::Conflict,
            Self::CredentialsShown => ErrorKind::Gone,
            Self::VersionMismatch => ErrorKind::PreconditionFailed,
            Self::Access | Self::Once | Self::Fault => ErrorKind::Internal,
        }
    }
}

impl DomainError for ClustersError {
    fn kind(&self) -> ErrorKind {
        match self {
            Self::Access(inner) => inner.kind(),
            Self::Once(inner) => inner.kind(),
            Self::Fault(inner) => inner.kind(),
            other => ClustersErrorCode::from(other).kind(),
        }
    }

    fn code(&self) -> &'static str {
        match self {
            Self::Access(inner) => inner.code(),
            Self::Once(inner) => inner.code(),
            Self::Fault(inner) => inner.code(),
            other => ClustersErrorCode::from(other).code(),
        }
    }

    fn fields(&self) -> Vec<FieldError> {
        let pointer = match self {
            Self::InvalidName | Self::NameTaken => "/name",
            Self::InvalidKubeconfig(_) | Self::InClusterOff | Self::NoKubeconfig => "/kubeconfig",
            Self::CursorWithoutCluster => "/cluster_id",
            Self::InvalidLabel => "/label",
            Self::InvalidNamespace => "/namespace",
            _ => return Vec::new(),
        };
        vec![FieldError::new(pointer, self.code(), self.to_string())]
    }

    fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::Once(inner) => inner.retry_after(),
            Self::Fault(inner) => inner.retry_after(),
            _ => None,
        }
    }

    fn fault(&self) -> Option<&Fault> {
        match self {
            Self::Once(inner) => inner.fault(),
            Self::Fault(fault) => Some(fault),
            _ => None,
        }
    }
}
