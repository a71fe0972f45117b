//! A bucket, opened with the settings of its own environment variables. Without credentials requests go unsigned, which is
//! what public buckets want.

use std::sync::Arc;
use std::time::Duration;

use object_store::aws::AmazonS3Builder;
use object_store::azure::MicrosoftAzureBuilder;
use object_store::gcp::GoogleCloudStorageBuilder;
use object_store::{ClientOptions, ObjectStore, RetryConfig};

/// How patiently a store is asked.
#[derive(Clone, Debug)]
pub struct Patience {
    /// The longest wait for a connection.
    pub connect: Duration,
    /// The longest wait for an answer and all of its body; none where whoever reads it watches it.
    pub answer: Option<Duration>,
    /// Connections that are kept for the next request.
    pub idle: usize,
    /// How often a request is made again, at most.
    pub again: usize,
    /// How long a request is made again.
    pub retry_for: Duration,
}

impl Default for Patience {
    /// As a build has it: a request is of 8 MiB at most, and is made again for five minutes, or for as many seconds as
    /// `CORPUS_RETRY_FOR` says.
    fn default() -> Self {
        let seconds = std::env::var("CORPUS_RETRY_FOR").ok().and_then(|text| text.trim().parse().ok());
        Patience {
            connect: Duration::from_secs(15),
            answer: Some(Duration::from_secs(120)),
            idle: 32,
            again: 1 << 10,
            retry_for: Duration::from_secs(seconds.unwrap_or(300)),
        }
    }
}

fn options(patience: &Patience) -> ClientOptions {
    let mut options = ClientOptions::new()
        .with_connect_timeout(patience.connect)
        .with_pool_max_idle_per_host(patience.idle)
        .with_http1_only();
    options = match patience.answer {
        Some(time) => options.with_timeout(time),
        None => options.with_timeout_disabled(),
    };
    if let Ok(agent) = concat!("corpus/", env!("CARGO_PKG_VERSION")).parse() {
        options = options.with_user_agent(agent);
    }
    let allow_http =
        |name: &str| std::env::var(name).is_ok_and(|v| matches!(v.to_ascii_lowercase().as_str(), "true" | "1" | "yes"));
    options.with_allow_http(
        allow_http("AWS_ALLOW_HTTP") || allow_http("GOOGLE_ALLOW_HTTP") || allow_http("AZURE_ALLOW_HTTP"),
    )
}

/// Whether the environment has no credentials: no variable begins with one of `heads`. Without any the crates would ask
/// the metadata service of a cloud, which hangs elsewhere.
fn unsigned(heads: &[&str]) -> bool {
    !std::env::vars_os().any(|(name, value)| {
        let name = name.to_string_lossy().to_ascii_uppercase();
        !value.is_empty() && heads.iter().any(|h| name.starts_with(h))
    })
}

/// Variables that credentials of S3 begin with.
const AWS: [&str; 5] =
    ["AWS_ACCESS_KEY_ID", "AWS_WEB_IDENTITY", "AWS_CONTAINER_", "AWS_METADATA_ENDPOINT", "AWS_SKIP_SIGNATURE"];
/// Those of Google Cloud Storage.
const GOOGLE: [&str; 1] = ["GOOGLE_"];
/// Those of Azure.
const AZURE: [&str; 6] = [
    "AZURE_STORAGE_KEY",
    "AZURE_STORAGE_ACCOUNT_KEY",
    "AZURE_STORAGE_SAS",
    "AZURE_STORAGE_TOKEN",
    "AZURE_CLIENT",
    "AZURE_FEDERATED",
];

/// Opens a bucket; asks nobody yet.
///
/// # Errors
///
/// Variables of the environment that cannot be.
pub fn open(scheme: &str, bucket: &str, patience: &Patience) -> object_store::Result<Arc<dyn ObjectStore>> {
    let options = options(patience);
    let retry =
        RetryConfig { max_retries: patience.again, retry_timeout: patience.retry_for, ..RetryConfig::default() };
    // The builders share their methods, and no trait.
    macro_rules! built {
        ($builder:expr, $credentials:expr) => {{
            let builder = $builder.with_client_options(options).with_retry(retry);
            let builder = if unsigned(&$credentials) { builder.with_skip_signature(true) } else { builder };
            Ok(Arc::new(builder.build()?))
        }};
    }
    match scheme {
        "s3" => built!(AmazonS3Builder::from_env().with_bucket_name(bucket), AWS),
        "gs" => built!(GoogleCloudStorageBuilder::from_env().with_bucket_name(bucket), GOOGLE),
        _ => built!(MicrosoftAzureBuilder::from_env().with_container_name(bucket), AZURE),
    }
}
