//! How a cluster is reached, as it is kept sealed.

use std::fmt;

use serde::{Deserialize, Serialize};
use strum::{EnumString, IntoStaticStr};

/// How Sutler gets into a cluster.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, EnumString, IntoStaticStr)]
#[strum(serialize_all = "snake_case")]
#[serde(rename_all = "snake_case")]
pub enum AccessKind {
    /// With what a kubeconfig said.
    Kubeconfig,
    /// With the service account of the pod that Sutler runs in.
    InCluster,
}

/// What is needed to get into a cluster. Of a kubeconfig only what its current
/// context needs is kept, so that nothing in it can name a file or a program.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ClusterAccess {
    /// With what a kubeconfig said.
    Kubeconfig(Box<Remote>),
    /// With the service account of the pod that Sutler runs in.
    InCluster,
}

/// The current context of a kubeconfig.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Remote {
    /// The address of the API server.
    pub server: String,
    /// Which name its certificate has, where that is not the host's.
    pub tls_server_name: Option<String>,
    /// Who signed its certificate: PEM as base 64. The usual authorities when
    /// none.
    pub authority: Option<String>,
    /// A token to show.
    pub token: Option<String>,
    /// A certificate to show: PEM as base 64.
    pub certificate: Option<String>,
    /// Its key: PEM as base 64.
    pub key: Option<String>,
}

impl ClusterAccess {
    /// Which kind it is.
    pub fn kind(&self) -> AccessKind {
        match self {
            Self::Kubeconfig(_) => AccessKind::Kubeconfig,
            Self::InCluster => AccessKind::InCluster,
        }
    }

    /// The address of the API server, which is no secret.
    pub fn server(&self) -> Option<&str> {
        match self {
            Self::Kubeconfig(remote) => Some(&remote.server),
            Self::InCluster => None,
        }
    }
}

/// Without what is secret.
impl fmt::Debug for ClusterAccess {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Kubeconfig(remote) => write!(f, "Kubeconfig({})", remote.server),
            Self::InCluster => f.write_str("InCluster"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_printed_holds_no_secret() {
        let access = ClusterAccess::Kubeconfig(Box::new(Remote {
            server: "https://k8s.example".to_owned(),
            tls_server_name: None,
            authority: None,
            token: Some("hunter2".to_owned()),
            certificate: None,
            key: Some("hunter2".to_owned()),
        }));
        assert_eq!(format!("{access:?}"), "Kubeconfig(https://k8s.example)");
        let sealed = serde_json::to_vec(&access).unwrap();
        assert_eq!(
            serde_json::from_slice::<ClusterAccess>(&sealed).unwrap(),
            access
        );
    }
}
