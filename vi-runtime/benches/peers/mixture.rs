//! Three normals in the plane with diagonal covariance; which point came from which is summed out.

use vi_runtime::prelude::*;

#[model]
pub fn mixture(x: Tensor<2>) {
    let weights = sample!("weights", Dirichlet::new([1.0; 3]));
    let (locs, scales) = plate!("component", 3, {
        (
            sample!("locs", Normal::new(0.0, 5.0).expand([1, 2]).independent(1)),
            sample!("scales", LogNormal::new(0.0, 1.0).expand([1, 2]).independent(1)),
        )
    });
    plate!("n", x.dims()[0], {
        let components = Normal::new(locs.unsqueeze::<3>(), scales.unsqueeze::<3>()).independent(1);
        observe!("x", MixtureSameFamily::new(&weights, components), x);
    });
}

/// Mean field in unconstrained space; the locations start apart, or nothing would tell the components from each other.
#[guide(model = mixture)]
pub fn mean_field(locs: Tensor<2>) {
    let weights = Normal::new(param!("weights.loc", [0.0; 2]), param!("weights.scale", [0.1; 2], support::Positive));
    sample!("weights", weights.transformed(biject_to(&Support::Simplex)?));
    let small = locs.full_like(0.1);
    plate!("component", 3, {
        let locs_scale = param!("locs.scale", small.clone(), support::Positive);
        sample!("locs", Normal::new(param!("locs.loc", locs), locs_scale).independent(1));
        let scales_loc = param!("scales.loc", small.zeros_like());
        sample!("scales", LogNormal::new(scales_loc, param!("scales.scale", small, support::Positive)).independent(1));
    });
}
