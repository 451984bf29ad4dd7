//! Functions that cannot be programs.
//@ errors 4
use vi_runtime::prelude::*;

#[model]
async fn first() {}

#[model]
const fn second() {}

#[model]
unsafe fn third() {}

#[model]
extern "C" fn fourth() {}

fn main() {
    let _ = (first(), second(), third(), fourth());
}
