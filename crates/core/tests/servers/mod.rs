//! Proxies and a TLS server that are not ours, each started for one test with a configuration of its own.
#![allow(dead_code, reason = "each test program takes what it needs")]

#[path = "../../../../tests/not_run.rs"]
mod not_run;

use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, DnType, ExtendedKeyUsagePurpose, IsCa,
    KeyPair,
};
use std::fmt::Write;
use std::fs::{self, File};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

const PATIENCE: Duration = Duration::from_secs(20);

/// What a proxy is told to ask for.
pub(crate) const USER: &str = "sam";
pub(crate) const PASSWORD: &str = "canary-pass-52d1";

/// Whether the programs are there. Where they are not, the test cannot run, which is a failure in CI.
pub(crate) fn are_there(programs: &[&str]) -> bool {
    let missing: Vec<_> = programs
        .iter()
        .filter(|program| path_of(program).is_none())
        .collect();
    if missing.is_empty() {
        return true;
    }
    not_run::not_run(&format!(
        "needs {missing:?}: INSTALL=1 tests/require proxies"
    ));
    false
}

fn path_of(program: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path)
        .chain([PathBuf::from("/usr/sbin")])
        .map(|directory| directory.join(program))
        .find(|file| file.is_file())
}

/// A program that listens on a port of this machine. It ends, and its files go, when this is dropped.
pub(crate) struct Server {
    child: Child,
    directory: tempfile::TempDir,
    pub(crate) port: u16,
    _lock: ports::Lock,
}

impl Server {
    /// Starts a program whose configuration, which `configure` makes from its port and directory, is in the file
    /// `config`. Arguments may hold `{config}`, `{directory}` and `{port}`.
    fn start(program: &str, arguments: &[&str], configure: &dyn Fn(u16, &Path) -> String) -> Self {
        let directory = tempfile::tempdir().unwrap();
        let (port, lock) = ports::free();
        let config = directory.path().join("config");
        fs::write(&config, configure(port, directory.path())).unwrap();
        let arguments = arguments.iter().map(|argument| {
            argument
                .replace("{config}", config.to_str().unwrap())
                .replace("{directory}", directory.path().to_str().unwrap())
                .replace("{port}", &port.to_string())
        });
        let output = File::create(directory.path().join("output")).unwrap();
        let child = Command::new(path_of(program).unwrap())
            .args(arguments)
            .stdin(Stdio::null())
            .stdout(output.try_clone().unwrap())
            .stderr(output)
            .spawn()
            .unwrap();
        let mut server = Self {
            child,
            directory,
            port,
            _lock: lock,
        };
        assert!(
            server.answers(),
            "{program} does not start: {}",
            server.everything_it_wrote()
        );
        server
    }

    fn answers(&mut self) -> bool {
        let began = Instant::now();
        while began.elapsed() < PATIENCE && self.child.try_wait().unwrap().is_none() {
            if TcpStream::connect(("127.0.0.1", self.port)).is_ok() {
                return self.child.try_wait().unwrap().is_none();
            }
            thread::sleep(Duration::from_millis(5));
        }
        false
    }

    /// Its log and its output.
    pub(crate) fn everything_it_wrote(&self) -> String {
        let mut text = String::new();
        for name in ["output", "log"] {
            if let Ok(bytes) = fs::read(self.directory.path().join(name)) {
                text.push_str(&String::from_utf8_lossy(&bytes));
            }
        }
        text
    }

    /// Waits until its log says something as often as this.
    pub(crate) fn wait_until_written(&self, words: &str, times: usize) -> String {
        let began = Instant::now();
        loop {
            let text = self.everything_it_wrote();
            if text.matches(words).count() >= times {
                return text;
            }
            assert!(began.elapsed() < PATIENCE, "{words:?} is not in: {text}");
            thread::sleep(Duration::from_millis(5));
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[cfg(target_os = "linux")]
mod ports {
    use std::net::TcpListener;
    use std::os::linux::net::SocketAddrExt;
    use std::os::unix::net::{SocketAddr, UnixDatagram};

    pub(super) type Lock = UnixDatagram;

    /// A port that the system gives no connection, and no other test takes while the lock lives: `tests/hosts/ports.py` says why.
    pub(super) fn free() -> (u16, Lock) {
        let take = |port: &u16| {
            let name = SocketAddr::from_abstract_name(format!("polyai-chat-test-port-{port}"));
            let lock = UnixDatagram::bind_addr(&name.unwrap()).ok()?;
            TcpListener::bind(("127.0.0.1", *port)).ok()?;
            Some((*port, lock))
        };
        let first = 12_000 + u16::try_from(std::process::id() % 7_000).unwrap();
        (first..20_000).find_map(|port| take(&port)).unwrap()
    }
}

#[cfg(not(target_os = "linux"))]
mod ports {
    pub(super) type Lock = ();

    /// The proxies of these tests are programs of Linux.
    pub(super) fn free() -> (u16, Lock) {
        unreachable!("there is no such program here")
    }
}

/// An HTTP proxy.
pub(crate) fn tinyproxy(with_password: bool) -> Server {
    tinyproxy_that_logs("Info", with_password)
}

/// An HTTP proxy for many connections at a time: it would wait for the disk after every line of its log.
pub(crate) fn tinyproxy_without_log() -> Server {
    tinyproxy_that_logs("Critical", false)
}

fn tinyproxy_that_logs(level: &str, with_password: bool) -> Server {
    Server::start(
        "tinyproxy",
        &["-d", "-c", "{config}"],
        &|port, directory| {
            let mut config = format!(
                "Port {port}\nListen 127.0.0.1\nTimeout 600\nMaxClients 200\nLogLevel {level}\nLogFile \"{}/log\"\n",
                directory.display()
            );
            if with_password {
                writeln!(config, "BasicAuth {USER} {PASSWORD}").unwrap();
            }
            config
        },
    )
}

/// A SOCKS 5 proxy.
pub(crate) fn microsocks(with_password: bool) -> Server {
    let mut arguments = vec!["-i", "127.0.0.1", "-p", "{port}"];
    if with_password {
        arguments.extend(["-u", USER, "-P", PASSWORD]);
    }
    Server::start("microsocks", &arguments, &|_, _| String::new())
}

/// TLS in front of another server, so that an HTTP proxy becomes an HTTPS proxy. `more` are lines of its configuration.
pub(crate) fn stunnel(before: &Server, identity: &Identity, more: &str) -> Server {
    Server::start("stunnel4", &["{config}"], &|port, directory| {
        let (certificate, key) = identity.write_to(directory);
        format!(
            "foreground = yes\npid =\ndebug = 6\n[tls]\naccept = 127.0.0.1:{port}\nconnect = 127.0.0.1:{}\ncert = {}\nkey = {}\n{more}\n",
            before.port,
            certificate.display(),
            key.display(),
        )
    })
}

/// A TLS server in front of the simulator at `upstream`; `more` are directives of its server. It closes a connection after
/// every answer, and writes protocol, resumption (`r` or `.`) and the client's certificate to its log.
pub(crate) fn nginx(upstream: &str, identity: &Identity, more: &str) -> Server {
    Server::start("nginx", &["-c", "{config}"], &|port, directory| {
        let (certificate, key) = identity.write_to(directory);
        let here = directory.display();
        let temporary: String = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"]
            .iter()
            .map(|kind| format!("{kind}_temp_path {here}/{kind};\n"))
            .collect();
        format!(
            "user root;\ndaemon off;\nmaster_process off;\npid {here}/pid;\nerror_log stderr;\nevents {{}}\nhttp {{\n\
             {temporary}\
             log_format tls '$ssl_protocol reused=$ssl_session_reused verified=$ssl_client_verify $ssl_client_s_dn $status;';\n\
             access_log {here}/log tls;\n\
             server {{\nlisten 127.0.0.1:{port} ssl;\nssl_certificate {};\nssl_certificate_key {};\n\
             keepalive_requests 1;\n{more}\nlocation / {{ proxy_pass {upstream}; }}\n}}\n}}\n",
            certificate.display(),
            key.display(),
        )
    })
}

/// A certificate authority of a test.
pub(crate) struct Authority(CertifiedIssuer<'static, KeyPair>);

/// A certificate and its key, in PEM.
pub(crate) struct Identity {
    pub(crate) certificate: String,
    pub(crate) key: String,
}

impl Authority {
    pub(crate) fn new(name: &str) -> Self {
        let mut params = CertificateParams::default();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.distinguished_name.push(DnType::CommonName, name);
        Self(CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap())
    }

    pub(crate) fn pem(&self) -> String {
        self.0.pem()
    }

    /// For a server with these names and addresses.
    pub(crate) fn server(&self, names: &[&str]) -> Identity {
        let names: Vec<String> = names.iter().map(|&name| name.to_owned()).collect();
        let mut params = CertificateParams::new(names).unwrap();
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
        self.identity(params)
    }

    /// For a client with this name.
    pub(crate) fn client(&self, name: &str) -> Identity {
        let mut params = CertificateParams::default();
        params.distinguished_name.push(DnType::CommonName, name);
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
        self.identity(params)
    }

    fn identity(&self, params: CertificateParams) -> Identity {
        let key = KeyPair::generate().unwrap();
        Identity {
            certificate: params.signed_by(&key, &self.0).unwrap().pem(),
            key: key.serialize_pem(),
        }
    }
}

impl Identity {
    /// Writes both into files.
    pub(crate) fn write_to(&self, directory: &Path) -> (PathBuf, PathBuf) {
        let files = (directory.join("certificate.pem"), directory.join("key.pem"));
        fs::write(&files.0, &self.certificate).unwrap();
        fs::write(&files.1, &self.key).unwrap();
        files
    }
}
