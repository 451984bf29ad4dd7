//! A method.
use vi_runtime::prelude::*;

struct Settings;

impl Settings {
    #[model]
    fn program(&self) {
        sample!("x", Normal::new(0.0, 1.0));
    }
}

fn main() {}
