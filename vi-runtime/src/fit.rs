//! What a fit knows: draws, summaries, the ELBO, predictions.

mod density;
mod discrete;
mod refine;

use std::cell::RefCell;
use std::fmt;
use std::rc::Rc;

use burn::module::Module;

use crate::any_tensor::AnyTensor;
use crate::error::{Error, Result, list};
use crate::execution::Executed;
use crate::objective::Elbo;
use crate::predictive::{Draw, draw};
use crate::program::{Draws, DrawsSource, Latents, ParamScope, ParamStore, Program};
use crate::stop::Stopped;
use crate::svi::{EVALUATE, Prepared, SviState, evaluate};
use crate::table::Table;
use vi_graph::Key;

pub use discrete::Decode;
pub use refine::{AmortisationGap, Refine, Refined, RefinedSite};

/// A fitted guide with its model.
pub struct Fit<M, P> {
    prepared: Prepared<M, P>,
    /// Where the steps ended.
    last: SviState,
    /// What the fit uses: the mean of the iterates, where one was asked for.
    state: Option<SviState>,
    history: Vec<f64>,
    executed: Executed,
    stopped: Stopped,
}

impl<M: Program, P: Program> fmt::Debug for Fit<M, P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Fit").field("state", self.used()).field("steps", &self.history.len()).finish_non_exhaustive()
    }
}

impl<M: Program, P: Program> Fit<M, P> {
    /// `states` are where the steps ended and, where one was asked for, the mean of the iterates.
    pub(crate) fn new(
        prepared: Prepared<M, P>,
        (last, state): (SviState, Option<SviState>),
        history: Vec<f64>,
        executed: Executed,
        stopped: Stopped,
    ) -> Self {
        Fit { prepared, last, state, history, executed, stopped }
    }

    fn used(&self) -> &SviState {
        self.state.as_ref().unwrap_or(&self.last)
    }

    /// The guide that was fitted.
    pub(crate) fn guide(&self) -> &P {
        &self.prepared.guide
    }

    /// The parameters in use.
    pub(crate) fn params(&self) -> Result<Rc<RefCell<ParamStore>>> {
        self.used().params()
    }

    /// Why no more steps were made.
    pub fn stopped(&self) -> &Stopped {
        &self.stopped
    }

    /// How the steps were run, and why eagerly where they could not be compiled.
    pub fn executed(&self) -> &Executed {
        &self.executed
    }

    /// The estimate of the ELBO that each step of this run made, in order.
    pub fn history(&self) -> &[f64] {
        &self.history
    }

    /// The ELBO with its standard error, from 1 000 draws of the guide.
    ///
    /// # Errors
    /// Those of a run of model or guide.
    pub fn elbo(&self) -> Result<Elbo> {
        self.elbo_from(1_000)
    }

    /// The ELBO from a chosen number of draws.
    ///
    /// # Errors
    /// Those of a run of model or guide; [`Error::Config`] for 0 draws.
    pub fn elbo_from(&self, draws: usize) -> Result<Elbo> {
        evaluate(&self.prepared, self.used(), draws)
    }

    /// Draws from the guide, one field a latent or deterministic site: `fit.posterior(1_000)?.mu`.
    ///
    /// Sites that the model enumerates are not among them, and what is computed from such a site is no draw of the posterior:
    /// [`infer_discrete`](Self::infer_discrete) has both. Collapsed sites are drawn given all others.
    ///
    /// # Errors
    /// Those of a run of model or guide.
    pub fn posterior(&self, draws: usize) -> Result<M::Latents> {
        M::Latents::collect(&mut self.draws(draws)?)
    }

    /// Draws from the guide by site name, sites of submodels and names made at run time included.
    ///
    /// # Errors
    /// Those of a run of model or guide.
    pub fn draws(&self, draws: usize) -> Result<DrawsSource> {
        self.simulate(&self.prepared.model, "posterior", draws, Draw::Posterior)
    }

    /// Simulates every observed site from draws of the guide: the posterior predictive.
    ///
    /// A site that the model enumerates is drawn anew given the others, as for a unit that is not among the data; a collapsed one comes
    /// from its distribution given the data.
    ///
    /// # Errors
    /// Those of a run of model or guide.
    pub fn predictive(&self, draws: usize) -> Result<DrawsSource> {
        self.simulate(&self.prepared.model, "predictive", draws, Draw::Predictive)
    }

    /// The posterior predictive of another program with the same latent sites, such as the model bound to new inputs.
    ///
    /// # Errors
    /// Those of a run of the program or the guide.
    pub fn predict<N: Program>(&self, program: &N, draws: usize) -> Result<DrawsSource> {
        self.simulate(&program.place(&self.prepared.placement), "predictive", draws, Draw::Predictive)
    }

    fn simulate<N: Program>(&self, program: &N, stream: &str, draws: usize, what: Draw) -> Result<DrawsSource> {
        let key = self.key(stream);
        let scope = ParamScope::plain(self.params()?);
        draw(program, Some((&self.prepared.model, &self.prepared.guide)), scope, key, &self.prepared.placement, draws, what)
    }

    fn key(&self, stream: &str) -> Key {
        self.last.key.fold_in(EVALUATE).site(stream)
    }

    /// Mean, standard deviation and quantiles of each element of each latent and deterministic site, from 1 000 draws.
    ///
    /// # Errors
    /// Those of [`draws`](Self::draws), and of reading them.
    pub fn summary(&self) -> Result<Summary> {
        Summary::of(&self.draws(1_000)?)
    }

    /// The ELBO with its terms, and what the history of the fit says about convergence.
    ///
    /// # Errors
    /// Those of [`elbo`](Self::elbo).
    pub fn report(&self) -> Result<Report> {
        Ok(Report {
            elbo: self.elbo()?,
            steps: self.history.len(),
            drift: drift(&self.history),
            executed: self.executed.clone(),
            stopped: self.stopped.clone(),
        })
    }

    /// The constrained value of a parameter.
    ///
    /// # Errors
    /// [`Error::Unknown`] where there is none of that name.
    pub fn param(&self, name: &str) -> Result<AnyTensor> {
        self.used().param(name)
    }

    /// The names of all parameters in the order of first use.
    pub fn param_names(&self) -> Vec<String> {
        self.last.param_names()
    }

    /// A module with its trained weights.
    ///
    /// # Errors
    /// [`Error::Unknown`] where there is none of that name, [`Error::Param`] where it has another type.
    pub fn module<N: Module + 'static>(&self, name: &str) -> Result<N> {
        let params = self.params()?;
        let found = crate::program::find_module(&ParamScope::plain(Rc::clone(&params)), name, &self.prepared.placement)?;
        found.ok_or_else(|| Error::Unknown { what: "module", name: name.to_owned(), available: list(params.borrow().module_names()) })
    }

    /// Where the steps ended: the last iterate, also where the fit uses a mean of them.
    pub fn state(&self) -> &SviState {
        &self.last
    }

    /// The state, to go on from: `svi.resume(fit.into_state())`.
    pub fn into_state(self) -> SviState {
        self.last
    }
}

/// The posterior table of a fit; `Display` prints it.
#[derive(Clone, Debug, PartialEq)]
pub struct Summary {
    /// One row an element of a site.
    pub rows: Vec<SummaryRow>,
}

/// One line of a [`Summary`].
#[derive(Clone, Debug, PartialEq)]
pub struct SummaryRow {
    /// The site, with the index of the element where the site has more than one.
    pub site: String,
    /// Mean of the draws.
    pub mean: f64,
    /// Standard deviation of the draws (divisor n − 1).
    pub sd: f64,
    /// The 5 % quantile.
    pub q05: f64,
    /// The median.
    pub q50: f64,
    /// The 95 % quantile.
    pub q95: f64,
}

impl Summary {
    /// Summarises draws element by element.
    ///
    /// # Errors
    /// A site that did not occur in every draw, or changed its shape.
    pub fn of(draws: &DrawsSource) -> Result<Self> {
        let names: Vec<String> = draws.names().map(str::to_owned).collect();
        let mut rows = Vec::new();
        for name in names {
            site_rows(&name, &draws.get(&name)?, &mut rows)?;
        }
        Ok(Summary { rows })
    }

    /// The row of a site, or of an element such as `"theta[3]"`.
    ///
    /// # Errors
    /// [`Error::Unknown`] where there is none.
    pub fn row(&self, site: &str) -> Result<&SummaryRow> {
        self.rows.iter().find(|row| row.site == site).ok_or_else(|| Error::Unknown {
            what: "row",
            name: site.to_owned(),
            available: list(self.rows.iter().map(|row| &row.site)),
        })
    }
}

fn site_rows(name: &str, draws: &Draws, rows: &mut Vec<SummaryRow>) -> Result<()> {
    let (values, shape) = draws.to_f64()?;
    let elements: usize = shape[1..].iter().product();
    for element in 0..elements {
        let mut column: Vec<f64> = values.iter().skip(element).step_by(elements).copied().collect();
        column.sort_by(f64::total_cmp);
        let n = column.len() as f64;
        let mean = column.iter().sum::<f64>() / n;
        let variance = column.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / (n - 1.0).max(1.0);
        rows.push(SummaryRow {
            site: if elements == 1 { name.to_owned() } else { format!("{name}[{}]", index(element, &shape[1..])) },
            mean,
            sd: variance.sqrt(),
            q05: quantile(&column, 0.05),
            q50: quantile(&column, 0.5),
            q95: quantile(&column, 0.95),
        });
    }
    Ok(())
}

fn index(mut flat: usize, shape: &[usize]) -> String {
    let mut parts = Vec::new();
    for size in shape.iter().rev() {
        parts.push((flat % size).to_string());
        flat /= size;
    }
    parts.reverse();
    parts.join(",")
}

/// Linear interpolation between order statistics (type 7 of Hyndman and Fan 1996).
fn quantile(sorted: &[f64], p: f64) -> f64 {
    let at = p * (sorted.len() - 1) as f64;
    let (low, rest) = (at.floor() as usize, at.fract());
    let high = (low + 1).min(sorted.len() - 1);
    sorted[low] + rest * (sorted[high] - sorted[low])
}

impl fmt::Display for Summary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let header = ["site", "mean", "sd", "5 %", "50 %", "95 %"].map(str::to_owned);
        let number = |x: f64| if x == 0.0 || (0.001..1e5).contains(&x.abs()) { format!("{x:.3}") } else { format!("{x:.3e}") };
        let rows = self
            .rows
            .iter()
            .map(|row| [row.site.clone(), number(row.mean), number(row.sd), number(row.q05), number(row.q50), number(row.q95)]);
        write!(f, "{}", Table::new(header, rows))
    }
}

/// How good a fit is, as far as the fit itself can tell; `Display` prints it.
#[derive(Clone, Debug, PartialEq)]
pub struct Report {
    /// The ELBO at the end.
    pub elbo: Elbo,
    /// How many steps the run made.
    pub steps: usize,
    /// Mean ELBO of the last quarter of the run minus that of the quarter before, with its standard error; absent for
    /// runs of fewer than 40 steps.
    pub drift: Option<(f64, f64)>,
    /// How the steps were run.
    pub executed: Executed,
    /// Why no more steps were made.
    pub stopped: Stopped,
}

impl Report {
    /// Whether the ELBO was still rising by more than 4 standard errors between the last two quarters of the run.
    pub fn is_rising(&self) -> bool {
        self.drift.is_some_and(|(drift, error)| drift > 4.0 * error)
    }
}

fn drift(history: &[f64]) -> Option<(f64, f64)> {
    let quarter = history.len() / 4;
    if quarter < 10 {
        return None;
    }
    let moments = |steps: &[f64]| {
        let n = steps.len() as f64;
        let mean = steps.iter().sum::<f64>() / n;
        (mean, steps.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / (n - 1.0) / n)
    };
    let (last, last_error) = moments(&history[history.len() - quarter..]);
    let (before, before_error) = moments(&history[history.len() - 2 * quarter..history.len() - quarter]);
    Some((last - before, (last_error + before_error).sqrt()))
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.elbo)?;
        if let Some((drift, error)) = self.drift {
            let verdict = if self.is_rising() { "; still rising: more steps, or a larger learning rate, will improve it" } else { "" };
            write!(f, "\n{} steps; ELBO of the last quarter against the one before: {drift:+.4} ± {error:.4}{verdict}", self.steps)?;
        }
        if self.stopped != Stopped::Steps {
            write!(f, "\n{}", self.stopped)?;
        }
        write!(f, "\nsteps run: {}", self.executed)
    }
}
