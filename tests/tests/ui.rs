//! What the macros say about wrong programs, and the unusual programs that they accept.
//!
//! Every `ui/<group>/<mistake>.rs` must fail to compile with the errors in the `.stderr` beside it; `UI_BLESS=1` writes
//! those. Every `ui/pass/*.rs` must compile without a warning. A file is compiled by `rustc` alone against the
//! `vi-runtime` that this test was built with, so nothing of Burn is built again.
//!
//! Directives, each on a line of its own: `//@ errors 3`, the number of errors where it is not 1; `//@ build`, for errors
//! that only code generation finds; `//@ edition 2021`.

use std::error::Error;
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::{env, fs, thread};

type Result<T> = std::result::Result<T, Box<dyn Error + Send + Sync>>;

/// Where the tail of a message begins that names the library's own code, which changes without the user's program.
const LIBRARY: [&str; 7] = [
    "the following other types implement",
    "required by a bound in `",
    "note: required for",
    "evaluation of `",
    "note: inside `",
    "the full name for the type has been written",
    "this error originates in",
];

#[test]
fn every_mistake_has_its_message() -> Result<()> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("ui");
    let compiler = Compiler::find(&root)?;
    let mut files = Vec::new();
    for group in entries(&root)? {
        files.extend(entries(&group)?.into_iter().filter(|file| file.extension().is_some_and(|extension| extension == "rs")));
    }
    let (next, failures) = (AtomicUsize::new(0), Mutex::new(Vec::new()));
    thread::scope(|scope| {
        for _ in 0..thread::available_parallelism().map_or(1, usize::from) {
            scope.spawn(|| {
                while let Some(file) = files.get(next.fetch_add(1, Ordering::Relaxed)) {
                    let problem = compiler.check(file).unwrap_or_else(|error| Some(error.to_string()));
                    if let (Some(problem), Ok(mut failures)) = (problem, failures.lock()) {
                        failures.push(format!("{}: {problem}", file.display()));
                    }
                }
            });
        }
    });
    let mut failures = failures.into_inner().map_err(|error| error.to_string())?;
    failures.sort();
    assert!(files.len() > 50, "only {} files in {}", files.len(), root.display());
    assert!(failures.is_empty(), "{} of {} files:\n\n{}", failures.len(), files.len(), failures.join("\n\n"));
    Ok(())
}

fn entries(folder: &Path) -> Result<Vec<PathBuf>> {
    let mut paths = fs::read_dir(folder)?.map(|entry| Ok(entry?.path())).collect::<Result<Vec<_>>>()?;
    paths.sort();
    Ok(paths)
}

/// `rustc` with the library of this build.
struct Compiler {
    root: PathBuf,
    library: PathBuf,
    output: PathBuf,
}

impl Compiler {
    /// Takes the newest `vi-runtime` beside this test's executable that a program can be compiled against: cargo keeps
    /// those of other features and of earlier sources in the same folder.
    fn find(root: &Path) -> Result<Self> {
        let dependencies = env::current_exe()?.parent().ok_or("the test has no folder")?.to_owned();
        let mut libraries = Vec::new();
        for path in entries(&dependencies)? {
            let name = path.file_name().unwrap_or_default().to_string_lossy();
            if name.starts_with("libvi_runtime-") && name.ends_with(".rlib") {
                libraries.push((fs::metadata(&path)?.modified()?, path));
            }
        }
        libraries.sort();
        let output = Path::new(env!("CARGO_TARGET_TMPDIR")).join("ui");
        fs::create_dir_all(&output)?;
        let probe = output.join("probe.rs");
        fs::write(&probe, "use vi_runtime::prelude::*; #[model] fn probe() {} fn main() {}")?;
        while let Some((_, library)) = libraries.pop() {
            let compiler = Compiler { root: root.to_owned(), library, output: output.clone() };
            if compiler.run(&probe, "2024", "metadata", &[])?.0 {
                return Ok(compiler);
            }
        }
        Err(format!("no usable vi-runtime in {}", dependencies.display()).into())
    }

    /// Success, and what rustc said.
    fn run(&self, file: &Path, edition: &str, emit: &str, flags: &[&str]) -> Result<(bool, String)> {
        let mut search = OsString::from("dependency=");
        search.push(self.library.parent().unwrap_or(Path::new(".")));
        let mut library = OsString::from("vi_runtime=");
        library.push(&self.library);
        let name: String = file.to_string_lossy().chars().map(|c| if c.is_alphanumeric() { c } else { '_' }).collect();
        let run = Command::new(env::var_os("RUSTC").unwrap_or_else(|| "rustc".into()))
            .args(["--edition", edition, "--crate-type=bin", "--crate-name=ui", "--color=never", "--diagnostic-width=140"])
            .arg(format!("--emit={emit}"))
            .arg("-o")
            .arg(self.output.join(format!("{name}.{emit}")))
            .arg("-L")
            .arg(search)
            .arg("--extern")
            .arg(library)
            .args(flags)
            .arg(file.strip_prefix(&self.root).unwrap_or(file))
            // Paths in messages begin here, and no file of the library is found from here to be quoted.
            .current_dir(&self.root)
            .output()?;
        Ok((run.status.success(), String::from_utf8_lossy(&run.stderr).into_owned()))
    }

    /// What is wrong with one file.
    fn check(&self, file: &Path) -> Result<Option<String>> {
        let source = fs::read_to_string(file)?;
        let directive = |name: &str| source.lines().find_map(|line| line.strip_prefix("//@ ")?.strip_prefix(name)).map(str::trim);
        let edition = directive("edition").unwrap_or("2024");
        let emit = if directive("build").is_some() { "obj" } else { "metadata" };
        if file.parent().is_some_and(|group| group.ends_with("pass")) {
            let (success, said) = self.run(file, edition, "metadata", &["-Dwarnings"])?;
            return Ok((!success).then(|| format!("does not compile\n{said}")));
        }
        let (success, said) = self.run(file, edition, emit, &["-Awarnings"])?;
        if success {
            return Ok(Some("compiles".into()));
        }
        let said = normalise(&said);
        let (count, expected) = (said.lines().filter(|line| is_error(line)).count(), directive("errors").unwrap_or("1").parse()?);
        if count != expected {
            return Ok(Some(format!("{count} errors instead of {expected}\n{said}")));
        }
        let beside = file.with_extension("stderr");
        if env::var_os("UI_BLESS").is_some() {
            fs::write(&beside, &said)?;
            return Ok(None);
        }
        let wanted = fs::read_to_string(&beside).unwrap_or_default();
        Ok((said != wanted).then(|| format!("rustc said\n{said}\ninstead of\n{wanted}")))
    }
}

fn is_error(line: &str) -> bool {
    line.starts_with("error: ") || line.starts_with("error[")
}

/// Messages without rustc's counts and without the tails that speak of the library.
fn normalise(said: &str) -> String {
    let mut text = String::new();
    for message in said.split("\n\n") {
        let lines: Vec<&str> = message.lines().filter(|line| !line.is_empty()).collect();
        let end = lines.iter().position(|line| LIBRARY.iter().any(|mark| line.contains(mark))).unwrap_or(lines.len());
        let last = lines[..end].iter().rposition(|line| line.trim() != "|").map_or(0, |last| last + 1);
        let is_summary = lines
            .first()
            .is_some_and(|line| line.starts_with("error: aborting") || line.starts_with("Some errors") || line.starts_with("For more"));
        let is_library = lines.iter().any(|line| line.contains("--> vi-runtime/") || line.contains("--> /")) && !is_error(lines[0]);
        if last == 0 || is_summary || is_library {
            continue;
        }
        for line in &lines[..last] {
            let line = if line.contains("--> vi-runtime/") { line.split(':').next().unwrap_or(line) } else { line };
            text.push_str(line.trim_end());
            text.push('\n');
        }
        text.push('\n');
    }
    text.truncate(text.trim_end().len());
    text.push('\n');
    text
}
