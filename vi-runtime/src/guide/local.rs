//! Sites of subsampled plates: a table with a row for each unit, of which a step reads the rows of its units.

use burn::tensor::{Int, Tensor};

use super::layout::{LatentSite, parameter};
use crate::error::Result;
use crate::operand::Placement;
use crate::program::Ctx;
use crate::support::Support;

/// The plates around a site, entered, and which units are in where the plate is subsampled.
pub(super) struct Units {
    rows: Vec<Option<Tensor<1, Int>>>,
}

impl LatentSite {
    /// Runs `body` inside the plates of the site where one is subsampled: its density then counts for all units.
    ///
    /// # Errors
    /// Those of the plates and of `body`.
    pub(super) fn inside<T>(&self, ctx: &Ctx, body: impl FnOnce(&Units) -> Result<T>) -> Result<T> {
        let mut guards = Vec::new();
        let mut rows = Vec::new();
        if self.is_local() {
            for plate in &self.plates {
                let sub = (plate.len < plate.size).then_some(plate.len);
                let (guard, index) = ctx.enter_plate(plate.name, plate.size, sub)?;
                guards.push(guard);
                rows.push(if sub.is_some() { Some(index.tensor(ctx)?) } else { None });
            }
        }
        let result = body(&Units { rows });
        // The innermost plate is left first.
        while guards.pop().is_some() {}
        result
    }

    /// The learnable tensor of the site with this name: of all units, read at those of the step.
    ///
    /// # Errors
    /// Those of the parameter.
    pub(super) fn table<const D: usize>(
        &self,
        ctx: &Ctx,
        units: &Units,
        name: String,
        support: Support,
        init: impl FnOnce(&Placement) -> Result<Tensor<D>>,
    ) -> Result<Tensor<D>> {
        let all = self.all_units(ctx, name, support, init)?;
        let rows = units.rows.iter().enumerate();
        Ok(rows.fold(all, |table, (dim, index)| match index {
            Some(index) => table.select(dim, index.clone()),
            None => table,
        }))
    }

    /// The learnable tensor of the site with this name, of all units.
    ///
    /// # Errors
    /// Those of the parameter.
    pub(super) fn all_units<const D: usize>(
        &self,
        ctx: &Ctx,
        name: String,
        support: Support,
        init: impl FnOnce(&Placement) -> Result<Tensor<D>>,
    ) -> Result<Tensor<D>> {
        parameter(ctx, name, support, || {
            let init = init(ctx.placement())?;
            let subsampled = self.plates.iter().enumerate().filter(|(dim, plate)| *dim < D && plate.len < plate.size);
            // The units of the run that looked at the prior are no others than the rest: all start alike.
            Ok(subsampled.fold(init, |table, (dim, plate)| table.mean_dim(dim).repeat_dim(dim, plate.size)))
        })
    }
}
