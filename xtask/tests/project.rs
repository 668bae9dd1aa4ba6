//! What the project hands out and what it is built from: packages, dependencies, the files for services and containers.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::LazyLock;
use std::{env, fs};

use serde_json::Value;

const PACKAGES: [&str; 4] = ["cln-api", "cln-codegen", "cln-primitives", "cln-runtime"];

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().to_owned()
}

fn read(name: &str) -> String {
    fs::read_to_string(root().join(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
}

fn toml(name: &str) -> toml::Table {
    toml::from_str(&read(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
}

fn cargo(arguments: &[&str]) -> String {
    let cargo = env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let output = Command::new(cargo).args(arguments).current_dir(root()).output().unwrap();
    assert!(output.status.success(), "cargo {arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

/// Every package that any target and feature needs, as `cargo metadata` has it.
static DEPENDENCIES: LazyLock<Vec<Value>> = LazyLock::new(|| {
    let metadata = cargo(&["metadata", "--format-version", "1", "--all-features", "--locked"]);
    let mut metadata: Value = serde_json::from_str(&metadata).unwrap();
    serde_json::from_value(metadata["packages"].take()).unwrap()
});

fn text<'v>(package: &'v Value, key: &str) -> &'v str {
    package[key].as_str().unwrap_or_default()
}

/// The faults of all dependencies, each with the package's name.
fn faults(fault: impl Fn(&Value) -> Option<String>) -> Vec<String> {
    assert!(DEPENDENCIES.len() > 100);
    let named = |it: &Value| fault(it).map(|fault| format!("{} {}: {fault}", text(it, "name"), text(it, "version")));
    DEPENDENCIES.iter().filter_map(named).collect()
}

#[test]
fn every_dependency_has_a_licence_of_the_list() {
    let deny = toml("deny.toml");
    let allowed = deny["licenses"]["allow"].as_array().unwrap();
    let allowed: Vec<spdx::Licensee> =
        allowed.iter().map(|it| spdx::Licensee::parse(it.as_str().unwrap()).unwrap()).collect();
    let refused = faults(|package| {
        let licence = text(package, "license");
        let expression = spdx::Expression::parse_mode(licence, spdx::ParseMode::LAX);
        let fits = expression.is_ok_and(|it| it.evaluate(|wanted| allowed.iter().any(|it| it.satisfies(wanted))));
        (!fits).then(|| format!("`{licence}`"))
    });
    assert_eq!(refused, [""; 0], "not allowed by deny.toml");
}

#[test]
fn every_dependency_comes_from_the_registry() {
    let ours = root();
    let elsewhere = faults(|package| {
        let source = package["source"].as_str();
        let known = match source {
            Some(source) => source == "registry+https://github.com/rust-lang/crates.io-index",
            None => Path::new(text(package, "manifest_path")).starts_with(&ours),
        };
        (!known).then(|| source.unwrap_or("a folder outside of the workspace").to_owned())
    });
    assert_eq!(elsewhere, [""; 0]);
}

#[test]
fn no_dependency_asks_for_a_younger_rust() {
    let number = |version: &str| -> (u64, u64) {
        let mut parts = version.split('.').map(|part| part.parse().unwrap());
        (parts.next().unwrap(), parts.next().unwrap_or_default())
    };
    let ours = toml("Cargo.toml")["workspace"]["package"]["rust-version"].as_str().unwrap().to_owned();
    let younger = faults(|package| {
        let theirs = package["rust_version"].as_str()?;
        (number(theirs) > number(&ours)).then(|| format!("needs Rust {theirs}, and we promise {ours}"))
    });
    assert_eq!(younger, [""; 0]);
    let container = read("packaging/Containerfile");
    assert!(container.contains(&format!("/rust:{ours}-slim")), "the container is built with another Rust than {ours}");
}

#[test]
fn packages_have_what_a_registry_asks_for_and_nothing_else() {
    for name in PACKAGES {
        let package = DEPENDENCIES.iter().find(|it| it["name"] == name && it["source"].is_null()).unwrap();
        for key in ["description", "license", "readme", "rust_version"] {
            assert!(!text(package, key).is_empty(), "{name} has no {key}");
        }
        for (key, most) in [("keywords", 5), ("categories", 5)] {
            let entries = package[key].as_array().unwrap();
            assert!((1..=most).contains(&entries.len()), "{name}: {key} {entries:?}");
        }
        assert_eq!(package["metadata"]["docs"]["rs"]["all-features"], true, "{name} on docs.rs");
        let features = package["features"].as_object().unwrap().keys().filter(|feature| *feature != "default");
        let readme = fs::read_to_string(Path::new(text(package, "manifest_path")).with_file_name("README.md")).unwrap();
        let groups = "one for each group of commands";
        for feature in features {
            let documented = readme.contains(&format!("`{feature}`")) || readme.contains(groups);
            assert!(documented, "{name}'s README does not tell of the feature {feature}");
        }
        let files = cargo(&["package", "--list", "--allow-dirty", "--package", name]);
        let files: BTreeSet<&str> = files.lines().collect();
        for file in ["Cargo.toml", "LICENSE-APACHE", "LICENSE-MIT", "README.md", "src/lib.rs"] {
            assert!(files.contains(file), "{name} lacks {file}");
        }
        let ours = |file: &&str| file.starts_with("src/") || !file.contains('/');
        assert!(files.iter().all(ours), "{name} has {files:?}");
    }
    for package in DEPENDENCIES.iter().filter(|it| it["source"].is_null() && !PACKAGES.contains(&text(it, "name"))) {
        assert_eq!(package["publish"], serde_json::json!([]), "{} is nobody else's", package["name"]);
    }
}

/// The values of a key in an INI-like file, in order; an empty one undoes those before.
fn directive<'t>(unit: &'t str, section: &str, key: &str) -> Vec<&'t str> {
    let mut inside = "";
    let mut values = Vec::new();
    for line in unit.lines().map(str::trim).filter(|line| !line.starts_with(['#', ';'])) {
        match (line.strip_prefix('[').and_then(|line| line.strip_suffix(']')), line.split_once('=')) {
            (Some(name), _) => inside = name,
            (None, Some((name, ""))) if inside == section && name == key => values = vec![""],
            (None, Some((name, value))) if inside == section && name == key => values.push(value),
            _ => {}
        }
    }
    values
}

#[test]
fn the_service_runs_as_nobody_else_and_sees_no_more_than_it_needs() {
    let unit = read("packaging/lnr.service");
    for (key, expected) in [
        ("User", "lnr"),
        ("Group", "lnr"),
        ("StateDirectory", "lnr"),
        ("StateDirectoryMode", "0700"),
        ("UMask", "0077"),
        ("LimitCORE", "0"),
        ("NoNewPrivileges", "yes"),
        ("CapabilityBoundingSet", ""),
        ("ProtectSystem", "strict"),
        ("ProtectHome", "yes"),
        ("PrivateTmp", "yes"),
        ("PrivateDevices", "yes"),
        ("PrivateNetwork", "yes"),
        ("RestrictAddressFamilies", "AF_UNIX"),
        ("MemoryDenyWriteExecute", "yes"),
        ("Restart", "on-failure"),
        ("KillSignal", "SIGTERM"),
    ] {
        assert_eq!(directive(&unit, "Service", key), [expected], "{key}");
    }
    let start = directive(&unit, "Service", "ExecStart");
    assert_eq!(start, ["/usr/local/bin/lnr node --dir /var/lib/lnr/node"], "its folder is in the state directory");
    assert_eq!(directive(&unit, "Install", "WantedBy"), ["multi-user.target"]);
    let user = read("packaging/lnr.sysusers");
    let user = user.lines().find(|line| !line.starts_with('#')).unwrap();
    assert!(user.starts_with("u lnr - ") && user.ends_with(" /var/lib/lnr"), "{user}");
}

/// Where systemd is installed, it has the last word.
#[test]
fn systemd_reads_the_service() {
    let analyze = |arguments: &[&str], unit: &Path| Command::new("systemd-analyze").args(arguments).arg(unit).output();
    if Command::new("systemd-analyze").arg("--version").stdout(Stdio::null()).status().is_err() {
        return;
    }
    let dir = tempfile::tempdir().unwrap();
    let unit = dir.path().join("lnr.service");
    // It looks for the program as well.
    let program = env::current_exe().unwrap();
    let text = read("packaging/lnr.service").replace("/usr/local/bin/lnr", program.to_str().unwrap());
    fs::write(&unit, text).unwrap();
    let verified = analyze(&["verify"], &unit).unwrap();
    // The units of this machine, which it reads as well, are not ours to mend.
    let said = String::from_utf8_lossy(&verified.stderr);
    assert!(!said.contains("lnr.service"), "{said}");
    let exposed = analyze(&["security", "--offline=true", "--threshold=10"], &unit).unwrap();
    assert!(exposed.status.success(), "{}", String::from_utf8_lossy(&exposed.stdout));
}

/// The instructions of a container file, their continued lines put together.
fn instructions(file: &str) -> Vec<(String, String)> {
    let file = file.replace("\\\n", " ");
    let lines = file.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#'));
    lines
        .map(|line| {
            let (name, rest) = line.split_once(' ').unwrap_or((line, ""));
            (name.to_owned(), rest.split_whitespace().collect::<Vec<_>>().join(" "))
        })
        .collect()
}

#[test]
fn the_container_has_the_program_alone_and_no_root() {
    let instructions = instructions(&read("packaging/Containerfile"));
    let known = ["FROM", "WORKDIR", "COPY", "RUN", "USER", "VOLUME", "STOPSIGNAL", "ENTRYPOINT", "CMD"];
    assert!(instructions.iter().all(|(name, _)| known.contains(&name.as_str())), "{instructions:?}");
    let stages: Vec<usize> =
        instructions.iter().enumerate().filter(|(_, (name, _))| name == "FROM").map(|(index, _)| index).collect();
    let [build, last] = stages[..] else { panic!("two stages: one builds, one runs") };
    for (name, image) in [&instructions[build], &instructions[last]] {
        let (image, stage) = image.split_once(" AS ").unwrap_or((image, ""));
        let tag = image.rsplit_once(':').map_or("", |(_, tag)| tag);
        assert!(image.starts_with("docker.io/library/") && !["", "latest"].contains(&tag), "{name} {image} {stage}");
    }
    let built = &instructions[build..last];
    assert!(built.iter().any(|(_, rest)| rest.starts_with("cargo install --locked --path runtime")), "{built:?}");
    let only = |wanted: &str| {
        let found: Vec<&str> =
            instructions[last..].iter().filter(|(name, _)| name == wanted).map(|(_, rest)| rest.as_str()).collect();
        assert_eq!(found.len(), 1, "{wanted}: {found:?}");
        found[0].to_owned()
    };
    assert_eq!(only("COPY"), "--from=build /out/bin/lnr /usr/local/bin/lnr");
    let user = only("USER");
    let id: u32 = user.split(':').next().unwrap().parse().expect("a number, which a cluster can check");
    assert!(id >= 1_000, "{user}");
    assert!(only("RUN").contains(&format!("--uid {id} ")), "the user exists");
    assert_eq!(only("VOLUME"), "/var/lib/lnr");
    assert_eq!(only("STOPSIGNAL"), "SIGTERM");
    let run: Vec<String> =
        ["ENTRYPOINT", "CMD"].iter().flat_map(|it| serde_json::from_str::<Vec<String>>(&only(it)).unwrap()).collect();
    assert_eq!(run.join(" "), "/usr/local/bin/lnr node --dir /var/lib/lnr/node");
    for ignored in [".containerignore", ".dockerignore"] {
        let ignored = read(ignored);
        assert!(ignored.lines().any(|line| line == "target") && ignored.lines().any(|line| line == ".git"));
    }
}

#[test]
fn the_changelog_is_kept() {
    let changelog = read("CHANGELOG.md");
    let headings: Vec<&str> = changelog.lines().filter_map(|line| line.strip_prefix("## ")).collect();
    assert_eq!(headings.first(), Some(&"[Unreleased]"));
    let kinds = ["Added", "Changed", "Deprecated", "Removed", "Fixed", "Security"];
    let mut found = changelog.lines().filter_map(|line| line.strip_prefix("### "));
    assert!(found.all(|kind| kinds.contains(&kind)), "{changelog}");
}
