//! Talking to clusters: a connection for each, a time limit for each request,
//! and what answers that are none mean.

use std::error::Error as StdError;
use std::sync::{MutexGuard, PoisonError};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use clusters_model::access::{ClusterAccess, Remote};
use clusters_model::cluster::shortened;
use clusters_model::ports::{Target, Trouble};
use http_body_util::{LengthLimitError, Limited};
use hyper::body::Incoming;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use kernel::{ClusterId, chain};
use kube::client::{Body, ConfigExt as _};
use kube::config::AuthInfo;
use kube::{Client, Config};
use secrecy::SecretString;
use tower::ServiceBuilder;

use crate::guard::{self, Guarded};
use crate::{Known, Kubernetes};
use std::collections::HashMap;

/// The most that is read of an answer, in bytes: a page of five hundred things
/// has a few million.
const MAX_ANSWER: usize = 32 << 20;

impl Kubernetes {
    fn known(&self) -> MutexGuard<'_, HashMap<ClusterId, Known>> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The connection to a cluster, unless it is left alone for a while.
    pub(crate) fn client(&self, target: &Target) -> Result<Client, Trouble> {
        let now = self.clock.now();
        if let Some(known) = self.known().get(&target.id)
            && known.version >= target.version
            && let Some(rest) = known.breaker.rests(now)
        {
            return Err(Trouble::passing(format!(
                "the cluster did not answer several times; it is asked again in {} s",
                rest.as_secs() + 1
            )));
        }
        self.client_at_once(target)
    }

    /// The connection to a cluster, even while it is left alone.
    pub(crate) fn client_at_once(&self, target: &Target) -> Result<Client, Trouble> {
        if let Some(known) = self.known().get(&target.id)
            && known.version >= target.version
        {
            return Ok(known.client.clone());
        }
        let client = self.connect(&target.access)?;
        let known = Known {
            version: target.version,
            client: client.clone(),
            breaker: crate::breaker::Breaker::default(),
        };
        self.known().insert(target.id, known);
        Ok(client)
    }

    pub(crate) fn connect(&self, access: &ClusterAccess) -> Result<Client, Trouble> {
        let lasting = |error: &(dyn StdError + 'static)| Trouble::lasting(chain(error));
        let (mut config, allow_private) = match access {
            ClusterAccess::Kubeconfig(remote) => {
                let allow_private = self.settings.allow_private_addresses;
                // The setting may be another one since it was registered.
                guard::read_server(&remote.server, allow_private).map_err(Trouble::lasting)?;
                (of_remote(remote)?, allow_private)
            }
            ClusterAccess::InCluster => {
                if !self.settings.allow_in_cluster {
                    return Err(Trouble::lasting("CLUSTERS_ALLOW_IN_CLUSTER is off"));
                }
                (Config::incluster().map_err(|error| lasting(&error))?, true)
            }
        };
        config.connect_timeout = Some(self.settings.timeout);
        let mut connector = HttpConnector::new_with_resolver(Guarded { allow_private });
        connector.enforce_http(false);
        connector.set_connect_timeout(Some(self.settings.timeout));
        let https = config
            .rustls_https_connector_with_connector(connector)
            .map_err(|error| lasting(&error))?;
        let auth = config.auth_layer().map_err(|error| lasting(&error))?;
        let hyper = hyper_util::client::legacy::Client::builder(TokioExecutor::new())
            .build::<_, Body>(https);
        let service = ServiceBuilder::new()
            .map_response(|answer: http::Response<Incoming>| {
                answer.map(|body| Limited::new(body, MAX_ANSWER))
            })
            .layer(config.base_uri_layer())
            .option_layer(auth)
            .map_err(tower::BoxError::from)
            .service(hyper);
        Ok(Client::new(service, config.default_namespace))
    }

    /// The answer of a part of a cluster that may be ill while the API server
    /// is well, such as a kubelet or the metrics server, within the time limit.
    pub(crate) async fn answer_of_part<T>(
        &self,
        request: impl Future<Output = Result<T, kube::Error>>,
    ) -> Result<T, Trouble> {
        self.within_limit(request).await.1
    }

    /// Whether there was an answer to a request, and which.
    async fn within_limit<T>(
        &self,
        request: impl Future<Output = Result<T, kube::Error>>,
    ) -> (bool, Result<T, Trouble>) {
        match tokio::time::timeout(self.settings.timeout, request).await {
            Ok(Ok(value)) => (true, Ok(value)),
            Ok(Err(error)) => {
                let (answered, trouble) = understood(&error);
                (answered, Err(trouble))
            }
            Err(_) => {
                let limit = self.settings.timeout;
                let reason = format!("the cluster did not answer within {limit:?}");
                (false, Err(Trouble::passing(reason)))
            }
        }
    }

    /// The answer of a cluster to a request, within the time limit. One that
    /// does not answer again and again is left alone for a while.
    pub(crate) async fn answer<T>(
        &self,
        target: &Target,
        request: impl Future<Output = Result<T, kube::Error>>,
    ) -> Result<T, Trouble> {
        let (answered, result) = self.within_limit(request).await;
        let now = self.clock.now();
        if let Some(known) = self.known().get_mut(&target.id) {
            if answered {
                known.breaker.answered();
            } else {
                known.breaker.failed(now);
            }
        }
        result
    }
}

/// Whether an error is an answer of the cluster, and what it means.
fn understood(error: &kube::Error) -> (bool, Trouble) {
    if let kube::Error::Api(status) = error {
        let said = shortened(&status.message);
        let reason = format!("the cluster answered {}: {said}", status.code);
        // What is forbidden may be allowed, what is missing may be made.
        let lasting = matches!(status.code, 400 | 405 | 406 | 413 | 415 | 422);
        let answered = !matches!(status.code, 502..=504);
        let trouble = Trouble {
            passing: !lasting,
            refused: matches!(status.code, 403 | 409 | 422) && !is_uncounted(&status.message),
            reason,
        };
        return (answered, trouble);
    }
    let what = match error {
        _ if is_too_large(error) => "the cluster's answer is larger than is read",
        // What it quotes may be a secret.
        kube::Error::SerdeError(error) => {
            let (line, column) = (error.line(), error.column());
            let reason = format!(
                "the cluster's answer cannot be read (line {line}, column {column}); is that an API server, and not a page or a redirect?"
            );
            return (false, Trouble::passing(reason));
        }
        kube::Error::BuildRequest(_) => return (true, Trouble::lasting(chain(error))),
        _ => "the cluster cannot be reached",
    };
    (false, Trouble::passing(format!("{what}: {}", chain(error))))
}

/// Whether the cluster refused something because it counts by the limits that
/// a namespace had before, or by none yet. (The messages of the admission
/// plugin `ResourceQuota`; it has no other way to tell.)
fn is_uncounted(message: &str) -> bool {
    message.contains("status unknown for quota") || message.contains("exceeded quota")
}

fn is_too_large(error: &kube::Error) -> bool {
    let mut next: Option<&(dyn StdError + 'static)> = Some(error);
    while let Some(error) = next {
        if error.is::<LengthLimitError>() {
            return true;
        }
        next = error.source();
    }
    false
}

fn of_remote(remote: &Remote) -> Result<Config, Trouble> {
    let url = remote
        .server
        .parse()
        .map_err(|_| Trouble::lasting("the cluster's server is no URL"))?;
    let mut config = Config::new(url);
    config.tls_server_name.clone_from(&remote.tls_server_name);
    if let Some(authority) = &remote.authority {
        let unreadable = || Trouble::lasting("the cluster's certificate authority cannot be read");
        let text = STANDARD.decode(authority).map_err(|_| unreadable())?;
        let parts = pem::parse_many(text).map_err(|_| unreadable())?;
        config.root_cert = Some(parts.into_iter().map(pem::Pem::into_contents).collect());
    }
    config.auth_info = AuthInfo {
        token: remote.token.clone().map(SecretString::from),
        client_certificate_data: remote.certificate.clone(),
        client_key_data: remote.key.clone().map(SecretString::from),
        ..AuthInfo::default()
    };
    Ok(config)
}
