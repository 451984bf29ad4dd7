//! A guide's support inside the model's; supports that are known only when the program runs.
use vi_runtime::prelude::*;

#[model]
fn model(flag: bool) {
    sample!("real", Normal::new(0.0, 1.0));
    sample!("positive", Gamma::new(1.0, 1.0).expand([3]));
    if flag {
        sample!("either", Normal::new(0.0, 1.0));
    } else {
        sample!("either", Gamma::new(1.0, 1.0));
    }
    let dist = Normal::new(0.0, 1.0);
    sample!("unknown", dist);
}

#[guide(model = model)]
fn guide(flag: bool) {
    sample!("real", Gamma::new(1.0, 1.0));
    sample!("positive", Beta::new(1.0, 1.0).expand([3]));
    sample!("either", Beta::new(1.0, 1.0));
    sample!("unknown", Normal::new(0.0, 1.0));
}

fn main() {
    let _ = (model, guide);
}
