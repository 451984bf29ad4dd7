//! Programs as values: a function bound to its arguments.

use std::rc::Rc;

use super::arg::{Args, Fingerprint};
use super::context::Ctx;
use super::draws::Latents;
use super::handler::Marker;
use super::rank::{RankList, Ranks};
use crate::any_tensor::AnyTensor;
use crate::error::Result;
use crate::operand::Placement;

/// Names and ranks of the latent sites that are known at compile time.
#[derive(Clone, Copy, Debug)]
pub struct SiteRanks {
    pub(crate) names: &'static [&'static str],
    pub(crate) ranks: RankList,
}

impl SiteRanks {
    /// Nothing is known before the program runs.
    pub const UNKNOWN: SiteRanks = SiteRanks { names: &[], ranks: [0; 64] };
}

/// A model or a guide with its arguments: something that can be run.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a program",
    label = "expected a bound `#[model]` or `#[guide]`",
    note = "call the annotated function with its arguments first: `my_model(data)`"
)]
pub trait Program {
    /// What one run returns.
    type Output;
    /// The named draws of its latent and deterministic sites.
    type Latents: Latents;
    /// What is known at compile time about its latent sites.
    const SITES: SiteRanks = SiteRanks::UNKNOWN;

    /// Runs it once.
    ///
    /// # Errors
    /// Those of its statements.
    fn run(&self, ctx: &Ctx) -> Result<Self::Output>;

    /// The same program with each tensor of its arguments replaced by what `f` makes of it (same rank and kind).
    #[must_use]
    fn map_tensors(&self, f: &mut dyn FnMut(AnyTensor) -> AnyTensor) -> Self
    where
        Self: Sized;

    /// The same program with all tensors of its arguments at `to`.
    #[must_use]
    fn place(&self, to: &Placement) -> Self
    where
        Self: Sized,
    {
        self.map_tensors(&mut |tensor| tensor.place(&to.device, to.dtype))
    }

    /// Shows the tensors of its arguments, in a fixed order.
    fn visit_tensors(&self, f: &mut dyn FnMut(&AnyTensor));

    /// Adds all that is not the elements of a tensor and that a run depends on, besides parameters and key.
    fn fingerprint(&self, key: &mut Fingerprint);
}

impl<P: Program + Clone> Program for &P {
    type Output = P::Output;
    type Latents = P::Latents;
    const SITES: SiteRanks = P::SITES;

    fn run(&self, ctx: &Ctx) -> Result<P::Output> {
        (**self).run(ctx)
    }
    fn map_tensors(&self, _: &mut dyn FnMut(AnyTensor) -> AnyTensor) -> Self {
        self
    }
    fn visit_tensors(&self, f: &mut dyn FnMut(&AnyTensor)) {
        (**self).visit_tensors(f);
    }
    fn fingerprint(&self, key: &mut Fingerprint) {
        (**self).fingerprint(key);
    }
}

/// An annotated function bound to its arguments.
pub struct Bound<A, F, O, L, R> {
    args: A,
    body: F,
    output: Marker<(O, L, R)>,
}

impl<A: Args, F, O, L, R> Bound<A, F, O, L, R>
where
    F: Fn(&Ctx, &A) -> Result<O> + Clone,
{
    /// Binds `body` to `args`; the macros call it.
    pub fn new(args: A, body: F, _: R) -> Self {
        Bound { args, body, output: Marker::default() }
    }
}

impl<A: Clone, F: Clone, O, L, R> Clone for Bound<A, F, O, L, R> {
    fn clone(&self) -> Self {
        Bound { args: self.args.clone(), body: self.body.clone(), output: Marker::default() }
    }
}

impl<A, F, O, L: Latents, R> std::fmt::Debug for Bound<A, F, O, L, R> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Bound").field("sites", &L::NAMES).finish_non_exhaustive()
    }
}

impl<A: Args, F, O, L: Latents, R: Ranks> Program for Bound<A, F, O, L, R>
where
    F: Fn(&Ctx, &A) -> Result<O> + Clone,
{
    type Output = O;
    type Latents = L;
    const SITES: SiteRanks = SiteRanks { names: L::NAMES, ranks: R::RANKS };

    fn run(&self, ctx: &Ctx) -> Result<O> {
        (self.body)(ctx, &self.args)
    }

    fn map_tensors(&self, f: &mut dyn FnMut(AnyTensor) -> AnyTensor) -> Self {
        let args = self.args.map_tensors(f);
        Bound { args, body: self.body.clone(), output: Marker::default() }
    }

    fn visit_tensors(&self, f: &mut dyn FnMut(&AnyTensor)) {
        self.args.visit_tensors(f);
    }

    fn fingerprint(&self, key: &mut Fingerprint) {
        // The type of the body names the annotated function.
        key.write_str(std::any::type_name::<F>());
        self.args.fingerprint(key);
    }
}

impl<A: Args, F, O, L: Latents, R: Ranks> Bound<A, F, O, L, R>
where
    A: 'static,
    O: 'static,
    L: 'static,
    R: 'static,
    F: Fn(&Ctx, &A) -> Result<O> + Clone + 'static,
{
    /// The program behind a type that can be named: programs of one output and one set of sites fit in one `Vec`.
    pub fn boxed(self) -> BoxedProgram<O, L> {
        BoxedProgram { program: Rc::new(self), latents: Marker::default() }
    }
}

trait DynProgram<O> {
    fn run(&self, ctx: &Ctx) -> Result<O>;
    fn map_tensors(&self, f: &mut dyn FnMut(AnyTensor) -> AnyTensor) -> Rc<dyn DynProgram<O>>;
    fn visit_tensors(&self, f: &mut dyn FnMut(&AnyTensor));
    fn fingerprint(&self, key: &mut Fingerprint);
}

impl<P: Program + 'static> DynProgram<P::Output> for P {
    fn run(&self, ctx: &Ctx) -> Result<P::Output> {
        Program::run(self, ctx)
    }
    fn map_tensors(&self, f: &mut dyn FnMut(AnyTensor) -> AnyTensor) -> Rc<dyn DynProgram<P::Output>> {
        Rc::new(Program::map_tensors(self, f))
    }
    fn visit_tensors(&self, f: &mut dyn FnMut(&AnyTensor)) {
        Program::visit_tensors(self, f);
    }
    fn fingerprint(&self, key: &mut Fingerprint) {
        Program::fingerprint(self, key);
    }
}

/// A program whose type does not name its body.
pub struct BoxedProgram<O, L> {
    program: Rc<dyn DynProgram<O>>,
    latents: Marker<L>,
}

impl<O, L> Clone for BoxedProgram<O, L> {
    fn clone(&self) -> Self {
        BoxedProgram { program: Rc::clone(&self.program), latents: Marker::default() }
    }
}

impl<O, L: Latents> Program for BoxedProgram<O, L> {
    type Output = O;
    type Latents = L;

    fn run(&self, ctx: &Ctx) -> Result<O> {
        self.program.run(ctx)
    }
    fn map_tensors(&self, f: &mut dyn FnMut(AnyTensor) -> AnyTensor) -> Self {
        BoxedProgram { program: self.program.map_tensors(f), latents: Marker::default() }
    }
    fn visit_tensors(&self, f: &mut dyn FnMut(&AnyTensor)) {
        self.program.visit_tensors(f);
    }
    fn fingerprint(&self, key: &mut Fingerprint) {
        self.program.fingerprint(key);
    }
}
