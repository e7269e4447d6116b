//! Reading kubeconfigs: what of them is taken, and what is refused.
//!
//! A kubeconfig can name programs to run and files to read. Neither may happen
//! on a server at the wish of whoever sends one, so only values that stand in
//! it are taken, and all else is refused by name.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use clusters_model::access::{ClusterAccess, Remote};
use kube::config::{AuthInfo, Cluster, Kubeconfig};
use secrecy::ExposeSecret;

use crate::guard;

/// What of a kubeconfig is needed; or what is to change about it.
pub(crate) fn read(text: &str, allow_private: bool) -> Result<ClusterAccess, String> {
    let config =
        Kubeconfig::from_yaml(text).map_err(|_| "it is not the YAML of a kubeconfig".to_owned())?;
    let (cluster, user) = current(&config)?;
    check_cluster(cluster)?;
    check_user(user)?;
    let server = cluster
        .server
        .as_deref()
        .ok_or("its cluster has no server")?;
    let url = guard::read_server(server, allow_private)?;
    let data = |name: &str, value: Option<&str>| {
        value
            .map(|value| checked_pem(value).map_err(|why| format!("its `{name}` {why}")))
            .transpose()
    };
    let key = user
        .client_key_data
        .as_ref()
        .map(ExposeSecret::expose_secret);
    let remote = Remote {
        server: url.to_string(),
        tls_server_name: cluster.tls_server_name.clone(),
        authority: data(
            "certificate-authority-data",
            cluster.certificate_authority_data.as_deref(),
        )?,
        token: user
            .token
            .as_ref()
            .map(|token| token.expose_secret().to_owned()),
        certificate: data(
            "client-certificate-data",
            user.client_certificate_data.as_deref(),
        )?,
        key: data("client-key-data", key)?,
    };
    if remote.certificate.is_some() != remote.key.is_some() {
        return Err(
            "its user needs both `client-certificate-data` and `client-key-data`, or neither"
                .to_owned(),
        );
    }
    if remote.token.is_none() && remote.certificate.is_none() {
        return Err(
            "its user has neither a `token` nor `client-certificate-data`; make a service account and use its token"
                .to_owned(),
        );
    }
    if let Some(token) = &remote.token
        && (token.is_empty() || !token.chars().all(|c| c.is_ascii_graphic()))
    {
        return Err(
            "its `token` is empty, or has blanks or other characters that no token has".to_owned(),
        );
    }
    Ok(ClusterAccess::Kubeconfig(Box::new(remote)))
}

/// The cluster and the user of the current context.
fn current(config: &Kubeconfig) -> Result<(&Cluster, &AuthInfo), String> {
    let name = config
        .current_context
        .as_deref()
        .filter(|name| !name.is_empty())
        .ok_or("it has no `current-context`")?;
    let context = config
        .contexts
        .iter()
        .find(|one| one.name == name)
        .and_then(|one| one.context.as_ref())
        .ok_or_else(|| format!("it has no context {name:?}"))?;
    let cluster = config
        .clusters
        .iter()
        .find(|one| one.name == context.cluster)
        .and_then(|one| one.cluster.as_ref())
        .ok_or_else(|| format!("it has no cluster {:?}", context.cluster))?;
    let user = context.user.as_deref().unwrap_or_default();
    let user = config
        .auth_infos
        .iter()
        .find(|one| one.name == user)
        .and_then(|one| one.auth_info.as_ref())
        .ok_or_else(|| format!("it has no user {user:?}"))?;
    Ok((cluster, user))
}

fn check_cluster(cluster: &Cluster) -> Result<(), String> {
    if cluster.certificate_authority.is_some() {
        return Err(file("certificate-authority"));
    }
    if cluster.insecure_skip_tls_verify == Some(true) {
        return Err(
            "it sets `insecure-skip-tls-verify`; give `certificate-authority-data` instead"
                .to_owned(),
        );
    }
    if cluster.proxy_url.is_some() {
        return Err("it sets `proxy-url`, which is not supported".to_owned());
    }
    Ok(())
}

fn check_user(user: &AuthInfo) -> Result<(), String> {
    if user.exec.is_some() {
        return Err(
            "its user runs a program (`exec`), which is never done on a server; use a `token`"
                .to_owned(),
        );
    }
    if user.auth_provider.is_some() {
        return Err(
            "its user has an `auth-provider`, which is not supported; use a `token`".to_owned(),
        );
    }
    for (name, value) in [
        ("tokenFile", &user.token_file),
        ("client-certificate", &user.client_certificate),
        ("client-key", &user.client_key),
    ] {
        if value.is_some() {
            return Err(file(name));
        }
    }
    if user.username.is_some() || user.password.is_some() {
        return Err("its user has a `username` or `password`, which Kubernetes does not take any more; use a `token`".to_owned());
    }
    if user.impersonate.is_some() || user.impersonate_groups.is_some() {
        return Err("its user acts as somebody else (`as`), which is not supported".to_owned());
    }
    Ok(())
}

fn file(name: &str) -> String {
    format!(
        "`{name}` names a file, and files are not read; run `kubectl config view --raw --flatten` and send what it prints"
    )
}

/// Base 64 of PEM that can be read; blanks of line breaks are left out.
fn checked_pem(text: &str) -> Result<String, &'static str> {
    let text: String = text.split_whitespace().collect();
    let pem = STANDARD.decode(&text).map_err(|_| "is not base 64")?;
    match pem::parse_many(&pem) {
        Ok(parts) if !parts.is_empty() => Ok(text),
        _ => Err("holds no PEM"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PEM: &str = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";

    fn config(cluster: &str, user: &str) -> String {
        format!(
            "apiVersion: v1\nkind: Config\ncurrent-context: one\n\
             contexts: [{{name: one, context: {{cluster: c, user: u}}}}]\n\
             clusters: [{{name: c, cluster: {{{cluster}}}}}]\n\
             users: [{{name: u, user: {{{user}}}}}]\n"
        )
    }

    const SERVER: &str = "server: 'https://k8s.example.com:6443'";

    #[test]
    fn values_are_taken() {
        let pem = STANDARD.encode(PEM);
        let cluster = format!("{SERVER}, certificate-authority-data: {pem}, tls-server-name: api");
        let read = read(&config(&cluster, "token: abc"), false).unwrap();
        let ClusterAccess::Kubeconfig(remote) = read else {
            panic!("{read:?}");
        };
        assert_eq!(remote.server, "https://k8s.example.com:6443/");
        assert_eq!(remote.token.as_deref(), Some("abc"));
        assert_eq!(remote.authority, Some(pem.clone()));
        assert_eq!(remote.tls_server_name.as_deref(), Some("api"));
        let user = format!("client-certificate-data: {pem}, client-key-data: {pem}");
        assert!(super::read(&config(SERVER, &user), false).is_ok());
    }

    #[test]
    fn programs_files_and_half_truths_are_refused() {
        let pem = STANDARD.encode(PEM);
        let cases = [
            (
                SERVER,
                "exec: {apiVersion: client.authentication.k8s.io/v1, command: /bin/sh}",
                "exec",
            ),
            (SERVER, "auth-provider: {name: gcp}", "auth-provider"),
            (SERVER, "tokenFile: /etc/passwd", "tokenFile"),
            (SERVER, "token: x, client-key: /etc/shadow", "client-key"),
            (
                SERVER,
                "client-certificate: /etc/passwd",
                "client-certificate",
            ),
            (SERVER, "username: admin, password: x", "username"),
            (SERVER, "token: x, as: system:admin", "`as`"),
            (SERVER, "token: 'x y'", "token"),
            (SERVER, "token: ''", "empty"),
            (SERVER, "", "neither"),
            (SERVER, &format!("client-certificate-data: {pem}"), "both"),
            (
                SERVER,
                "client-certificate-data: '!', client-key-data: '!'",
                "base 64",
            ),
            (
                "server: 'https://k8s.example.com', certificate-authority: /etc/ca",
                "token: x",
                "certificate-authority",
            ),
            (
                "server: 'https://k8s.example.com', insecure-skip-tls-verify: true",
                "token: x",
                "insecure",
            ),
            (
                "server: 'https://k8s.example.com', proxy-url: 'http://10.0.0.1'",
                "token: x",
                "proxy-url",
            ),
            ("server: 'http://k8s.example.com'", "token: x", "https://"),
            ("server: 'https://10.0.0.1'", "token: x", "public"),
            ("tls-server-name: x", "token: x", "no server"),
        ];
        for (cluster, user, part) in cases {
            let why = read(&config(cluster, user), false).unwrap_err();
            assert!(why.contains(part), "{part}: {why}");
        }
        for (text, part) in [
            ("", "current-context"),
            ("{", "YAML"),
            ("current-context: x", "no context"),
            ("[1, 2]", "YAML"),
        ] {
            let why = read(text, false).unwrap_err();
            assert!(why.contains(part), "{part}: {why}");
        }
    }
}
