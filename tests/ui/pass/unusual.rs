//! Programs made by a `macro_rules!`, statements by path, in guards, in `let … else`, under `cfg`; visibility; nesting.
#![allow(dead_code)]
use vi_runtime::prelude::*;

macro_rules! prior {
    ($program:ident, $site:literal, $scale:expr, $argument:ty) => {
        #[model]
        pub fn $program(x: $argument) -> Tensor<1> {
            let _ = &x;
            sample!($site, Normal::new(0.0, $scale))
        }
    };
}
prior!(first, "x", 1.0, &Tensor<1>);
prior!(second, "y", 2.0, Option<f64>);

#[guide(model = first)]
fn of_first(x: &Tensor<1>) {
    sample!("x", Normal::new(0.0, 1.0));
}

mod outer {
    pub(super) mod inner {
        use vi_runtime::prelude::*;

        #[model]
        pub(in crate::outer) fn hidden() {
            sample!("x", Normal::new(0.0, 1.0));
        }

        #[guide(model = self::hidden)]
        pub(crate) fn beside() {
            sample!("x", Normal::new(0.0, 1.0));
        }
    }

    #[vi_runtime::guide(model = inner::hidden)]
    fn above() {
        vi_runtime::sample!("x", vi_runtime::dist::Normal::new(0.0, 1.0));
    }
}

#[model]
fn places<'a>(kind: Option<usize>, x: &'a Tensor<1>) -> Result<Tensor<1>> {
    fn shifted<'a>(x: &'a Tensor<1>) -> &'a Tensor<1> {
        if x.dims()[0] == 1 {
            return x;
        }
        x
    }
    #[model]
    fn part() -> Tensor<1> {
        return sample!("x", Normal::new(0.0, 1.0));
    }
    let Some(kind) = kind else {
        return Ok(sample!("none", Normal::new(0.0, 1.0)));
    };
    #[cfg(any())]
    missing::call();
    let early = |y: Tensor<1>| -> Tensor<1> {
        if kind == 0 {
            return y;
        }
        y * 2.0
    };
    let value = match kind {
        n if sample!("guard", Normal::new(0.0, 1.0)).dims()[0] == n => return Err(Error::Unsupported { what: String::new(), problem: String::new() }),
        _ => sample!("other", Normal::new(shifted(x), 1.0)),
    };
    let sum = {
        let a = submodel!("a", part());
        a + submodel!("b", part())
    };
    plate!("n", 1, {
        plate!("m", 1, {
            sample!("nested", Normal::new(0.0, 1.0).expand([1, 1]));
        })
    });
    plate! {"k", 1, { sample!("braces", Normal::new(0.0, 1.0)); }}
    let _ = -sample!("negated", Normal::new(0.0, 1.0)) + plate!("j", 1, { sample!("postfix", Normal::new(0.0, 1.0)) }).exp();
    observe!("masked", Normal::new(&sum, 1.0), None::<Tensor<1>>, mask = value.clone().is_nan(),);
    let device: Device = device!();
    let _ = Tensor::<1>::zeros([1], &device);
    Ok(early(value + sum))
}

fn main() {}
