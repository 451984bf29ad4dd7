//! What the examples share: their command line, their data, pictures.

use std::path::PathBuf;

use vi_runtime::prelude::*;

pub mod data;
pub mod picture;

/// The settings that every example takes.
pub struct Settings {
    /// `--device`: where to run, one of [`vi_runtime::device::names`].
    pub device: Device,
    /// `--steps`: how many steps each fit makes.
    pub steps: u64,
    /// `--seed`: the seed of every random number.
    pub seed: u64,
    /// `--out`: the folder that pictures are written to.
    pub out: PathBuf,
}

impl Settings {
    /// Reads the command line; prints the usage and ends the process for `--help`.
    ///
    /// # Errors
    /// An option that does not exist or a value that does not parse.
    pub fn parse(default_steps: u64) -> Result<Self> {
        use lexopt::prelude::*;
        let mut settings = Settings { device: vi_runtime::device::default(), steps: default_steps, seed: 0, out: "target/pictures".into() };
        let mut parser = lexopt::Parser::from_env();
        while let Some(argument) = parser.next().map_err(Error::other)? {
            match argument {
                Long("device") => {
                    let name = parser.value().and_then(|value| value.string()).map_err(Error::other)?;
                    settings.device = vi_runtime::device::parse(&name)?;
                }
                Long("steps") => settings.steps = parser.value().and_then(|value| value.parse()).map_err(Error::other)?,
                Long("seed") => settings.seed = parser.value().and_then(|value| value.parse()).map_err(Error::other)?,
                Long("out") => settings.out = parser.value().map_err(Error::other)?.into(),
                Long("help") | Short('h') => {
                    println!(
                        "options: --device {}   --steps {default_steps}   --seed 0   --out target/pictures",
                        vi_runtime::device::names().join("|")
                    );
                    std::process::exit(0);
                }
                other => return Err(Error::other(other.unexpected())),
            }
        }
        Ok(settings)
    }
}
