//! The stand-in's API over HTTP.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use actix_web::http::StatusCode;
use actix_web::web::{Bytes, Data, Query};
use actix_web::{HttpRequest, HttpResponse};
use serde_json::{Value, json};

use super::TOKEN;
use super::books::{Books, Call};

/// The kinds there are: group, plural, kind.
const KINDS: &[(&str, &str, &str)] = &[
    ("", "configmaps", "ConfigMap"),
    ("", "limitranges", "LimitRange"),
    ("", "namespaces", "Namespace"),
    ("", "nodes", "Node"),
    ("", "persistentvolumeclaims", "PersistentVolumeClaim"),
    ("", "pods", "Pod"),
    ("", "resourcequotas", "ResourceQuota"),
    ("", "secrets", "Secret"),
    ("", "services", "Service"),
    ("apps", "deployments", "Deployment"),
    ("networking.k8s.io", "ingresses", "Ingress"),
    ("networking.k8s.io", "networkpolicies", "NetworkPolicy"),
];

type Parameters = BTreeMap<String, String>;

/// What a path means.
struct Meant {
    group: String,
    resource: String,
    namespace: Option<String>,
    name: Option<String>,
    part: Option<String>,
}

impl Meant {
    fn read(path: &str) -> Option<Self> {
        let parts: Vec<&str> = path.trim_matches('/').split('/').collect();
        let (group, rest) = match parts.as_slice() {
            ["api", "v1", rest @ ..] => ("", rest),
            ["apis", group, _, rest @ ..] => (*group, rest),
            _ => return None,
        };
        let (namespace, rest) = match rest {
            ["namespaces", namespace, rest @ ..] if !rest.is_empty() => (Some(*namespace), rest),
            rest => (None, rest),
        };
        let owned = |text: Option<&&str>| text.map(|&text| text.to_owned());
        Some(Self {
            group: group.to_owned(),
            resource: owned(rest.first())?,
            namespace: namespace.map(str::to_owned),
            name: owned(rest.get(1)),
            part: owned(rest.get(2)),
        })
    }

    fn key(&self) -> String {
        let name = self.name.as_deref().unwrap_or_default();
        match &self.namespace {
            Some(namespace) => format!("{}/{namespace}/{name}", self.resource),
            None => format!("{}/{name}", self.resource),
        }
    }

    fn call(&self, verb: &'static str) -> Call {
        Call {
            group: self.group.clone(),
            resource: match &self.part {
                Some(part) => format!("{}/{part}", self.resource),
                None => self.resource.clone(),
            },
            verb,
        }
    }
}

fn lock(books: &Mutex<Books>) -> MutexGuard<'_, Books> {
    books.lock().unwrap_or_else(PoisonError::into_inner)
}

fn refused(code: u16, why: &str) -> HttpResponse {
    let status = StatusCode::from_u16(code).expect("a status");
    // Clients go by the word.
    let reason = if code == 404 { "NotFound" } else { "" };
    HttpResponse::build(status).json(json!({
        "kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Failure",
        "message": why, "reason": reason, "code": code,
    }))
}

/// Answers any call.
pub(super) async fn answer(
    books: Data<Mutex<Books>>,
    request: HttpRequest,
    body: Bytes,
) -> HttpResponse {
    if lock(&books).hangs {
        tokio::time::sleep(Duration::from_mins(1)).await;
    }
    let header = |name: &str| {
        let value = request.headers().get(name);
        value
            .and_then(|value| value.to_str().ok())
            .unwrap_or_default()
    };
    if header("authorization") != format!("Bearer {TOKEN}") {
        return refused(401, "Unauthorized");
    }
    if request.path() == "/version" {
        return HttpResponse::Ok().json(json!({
            "major": "1", "minor": "20", "gitVersion": "v1.20.2", "gitCommit": "", "gitTreeState": "",
            "buildDate": "", "goVersion": "", "compiler": "", "platform": "",
        }));
    }
    let Some(meant) = Meant::read(request.path()) else {
        return refused(404, "the server could not find the requested resource");
    };
    let parameters = Query::<Parameters>::from_query(request.query_string());
    let parameters = parameters.map(Query::into_inner).unwrap_or_default();
    let mut books = lock(&books);
    let part = meant.part.as_deref().unwrap_or(&meant.group);
    if let Some(status) = books.refused.get(part) {
        return refused(*status, "it is refused");
    }
    if meant.group == "metrics.k8s.io" {
        return metrics(&mut books, &meant);
    }
    let known = KINDS
        .iter()
        .find(|(group, plural, _)| *group == meant.group && *plural == meant.resource);
    let Some((.., kind)) = known else {
        return refused(404, "the server could not find the requested resource");
    };
    match request.method().as_str() {
        "GET" if meant.part.as_deref() == Some("log") => log(&mut books, &meant, &parameters),
        "GET" if meant.name.is_some() => get(&mut books, &meant),
        "GET" => list(&mut books, &meant, kind, &parameters),
        "PATCH" => {
            let is_apply = header("content-type") == "application/apply-patch+yaml"
                && parameters
                    .get("fieldManager")
                    .is_some_and(|name| name == "sutler")
                && parameters.get("force").is_some_and(|force| force == "true");
            if !is_apply {
                return refused(415, "only server-side apply is taken");
            }
            apply(&mut books, &meant, kind, &body)
        }
        "DELETE" => delete(&mut books, &meant),
        _ => refused(
            405,
            "the server does not allow this method on the requested resource",
        ),
    }
}

fn get(books: &mut Books, meant: &Meant) -> HttpResponse {
    books.calls.push(meant.call("get"));
    if meant.resource == "resourcequotas" {
        books.count(&meant.key());
    }
    match books.objects.get(&meant.key()) {
        Some(object) => HttpResponse::Ok().json(object),
        None => refused(404, "not found"),
    }
}

fn log(books: &mut Books, meant: &Meant, parameters: &Parameters) -> HttpResponse {
    books.calls.push(meant.call("get"));
    if !books.objects.contains_key(&meant.key()) {
        return refused(404, "not found");
    }
    let lines = parameters
        .get("tailLines")
        .and_then(|text| text.parse().ok());
    let lines: usize = lines.unwrap_or(0);
    let all = ["Initializing", "Version: 1", "Editor is now accessible"];
    let shown: Vec<&str> = all[all.len().saturating_sub(lines)..].to_vec();
    HttpResponse::Ok().body(shown.join("\n"))
}

fn selected(object: &Value, selector: &str) -> bool {
    selector.split(',').all(|term| {
        let (name, value) = term.split_once('=').unwrap_or((term, ""));
        object["metadata"]["labels"][name] == value
    })
}

fn list(books: &mut Books, meant: &Meant, kind: &str, parameters: &Parameters) -> HttpResponse {
    books.calls.push(meant.call("list"));
    let selector = parameters.get("labelSelector");
    let begin = meant.key();
    let mut found: Vec<Value> = books
        .objects
        .iter()
        .filter(|(path, object)| {
            path.starts_with(&begin) && selector.is_none_or(|selector| selected(object, selector))
        })
        .map(|(_, object)| object.clone())
        .collect();
    let number = |name: &str| {
        parameters
            .get(name)
            .and_then(|text| text.parse::<usize>().ok())
    };
    let from = number("continue").unwrap_or(0).min(found.len());
    let limit = number("limit").unwrap_or(usize::MAX);
    let left = found.split_off(from);
    let more = left.len() > limit;
    let items: Vec<Value> = left.into_iter().take(limit).collect();
    let next = if more {
        (from + limit).to_string()
    } else {
        String::new()
    };
    let version = if meant.group.is_empty() {
        "v1".to_owned()
    } else {
        format!("{}/v1", meant.group)
    };
    HttpResponse::Ok().json(json!({
        "kind": format!("{kind}List"), "apiVersion": version,
        "metadata": {"resourceVersion": "1", "continue": next},
        "items": items,
    }))
}

fn apply(books: &mut Books, meant: &Meant, kind: &str, body: &[u8]) -> HttpResponse {
    let Ok(object) = serde_json::from_slice::<Value>(body) else {
        return refused(400, "the body is not JSON");
    };
    let key = meant.key();
    books.calls.push(meant.call("patch"));
    if !books.objects.contains_key(&key) {
        books.calls.push(meant.call("create"));
    }
    if let Some(status) = books.refused.get(&meant.resource) {
        return refused(*status, "it is refused");
    }
    let version = if meant.group.is_empty() {
        "v1".to_owned()
    } else {
        format!("{}/v1", meant.group)
    };
    let metadata = &object["metadata"];
    let fits = object["kind"] == kind
        && object["apiVersion"] == version
        && metadata["name"] == meant.name.as_deref().unwrap_or_default()
        && metadata["namespace"].as_str() == meant.namespace.as_deref()
        && metadata["managedFields"].is_null()
        && metadata["uid"].is_null();
    if !fits {
        return refused(400, "the object does not fit its path");
    }
    if let Some(namespace) = &meant.namespace {
        match books.objects.get(&format!("namespaces/{namespace}")) {
            None => return refused(404, "namespaces not found"),
            Some(one) if !one["metadata"]["deletionTimestamp"].is_null() => {
                return refused(403, "it is being terminated");
            }
            Some(_) => {}
        }
        if meant.resource == "persistentvolumeclaims"
            && !books.objects.contains_key(&key)
            && let Some(why) = books.over_quota(namespace)
        {
            return refused(403, &why);
        }
    }
    HttpResponse::Ok().json(books.apply(&key, object))
}

fn delete(books: &mut Books, meant: &Meant) -> HttpResponse {
    books.calls.push(meant.call("delete"));
    match books.mark(&meant.key()) {
        Some(object) => HttpResponse::Ok().json(object),
        None => refused(404, "not found"),
    }
}

/// Half a CPU and 100 MiB for everything.
fn metrics(books: &mut Books, meant: &Meant) -> HttpResponse {
    books.calls.push(meant.call("list"));
    if !books.has_metrics {
        return refused(404, "the server could not find the requested resource");
    }
    let usage = json!({"cpu": "500000000n", "memory": "102400Ki"});
    let begin = meant.key();
    let all = books.objects.iter();
    let items: Vec<Value> = all
        .filter(|(path, _)| path.starts_with(&begin))
        .map(|(_, object)| {
            let metadata = &object["metadata"];
            let named = json!({"name": metadata["name"], "namespace": metadata["namespace"]});
            if meant.resource == "nodes" {
                json!({"metadata": named, "usage": usage})
            } else {
                json!({"metadata": named, "containers": [{"name": "service", "usage": usage}]})
            }
        })
        .collect();
    HttpResponse::Ok()
        .json(json!({"kind": "List", "apiVersion": "metrics.k8s.io/v1beta1", "items": items}))
}
