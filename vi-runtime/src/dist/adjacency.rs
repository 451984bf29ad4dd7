//! Which regions are neighbours, and what a conditional autoregression needs to know of it.

use std::rc::Rc;

use crate::error::{Error, Result};

/// Symmetric weights between the nodes of a graph, each with a neighbour, and the eigenvalues that a log determinant takes.
///
/// Data, not a parameter: it is worked through once, on the host, when it is made.
#[derive(Clone, Debug)]
pub struct Adjacency(Rc<Parts>);

#[derive(Debug)]
struct Parts {
    /// Pairs `i < j` with their weight.
    edges: Vec<(usize, usize, f64)>,
    degrees: Vec<f64>,
    eigenvalues: Vec<f64>,
}

impl Adjacency {
    /// From a symmetric matrix of weights without a diagonal: 1 for neighbours, 0 for others.
    ///
    /// # Errors
    /// [`Error::Unsupported`] where the matrix is not square or not symmetric, has a negative weight or a weight on its
    /// diagonal, or a node has no neighbour.
    pub fn dense<R: AsRef<[f64]>>(matrix: &[R]) -> Result<Self> {
        let size = matrix.len();
        let mut edges = Vec::new();
        for (i, row) in matrix.iter().enumerate() {
            let row = row.as_ref();
            if row.len() != size {
                return Err(unfit(format!("row {i} has {} elements of {size}", row.len())));
            }
            for (j, &weight) in row.iter().enumerate() {
                let back = matrix[j].as_ref().get(i).copied();
                if back != Some(weight) {
                    return Err(unfit(format!("elements ({i}, {j}) and ({j}, {i}) differ")));
                }
                if weight != 0.0 && i <= j {
                    edges.push((i, j, weight));
                }
            }
        }
        Self::of(size, edges)
    }

    /// From pairs of neighbours among `0..nodes`, each pair once in either order, all of weight 1.
    ///
    /// # Errors
    /// [`Error::Unsupported`] where a pair names a node beyond `nodes`, joins a node to itself or is given twice, or a node
    /// has no neighbour.
    pub fn edges(nodes: usize, edges: &[(usize, usize)]) -> Result<Self> {
        Self::of(nodes, edges.iter().map(|&(i, j)| (i.min(j), i.max(j), 1.0)).collect())
    }

    fn of(size: usize, mut edges: Vec<(usize, usize, f64)>) -> Result<Self> {
        edges.sort_by_key(|&(i, j, _)| (i, j));
        let mut degrees = vec![0.0; size];
        let mut last = None;
        for &(i, j, weight) in &edges {
            if j >= size || i == j || last == Some((i, j)) || !(weight > 0.0 && weight.is_finite()) {
                return Err(unfit(format!(
                    "({i}, {j}) with weight {weight} is beyond {size} nodes, on the diagonal, given twice or not positive"
                )));
            }
            last = Some((i, j));
            degrees[i] += weight;
            degrees[j] += weight;
        }
        if let Some(node) = degrees.iter().position(|&degree| degree == 0.0) {
            return Err(unfit(format!("node {node} has no neighbour")));
        }
        let mut scaled = vec![0.0; size * size];
        for &(i, j, weight) in &edges {
            let element = weight / (degrees[i] * degrees[j]).sqrt();
            scaled[i * size + j] = element;
            scaled[j * size + i] = element;
        }
        let eigenvalues = eigenvalues(scaled, size);
        Ok(Adjacency(Rc::new(Parts { edges, degrees, eigenvalues })))
    }

    /// How many nodes there are.
    pub fn nodes(&self) -> usize {
        self.0.degrees.len()
    }

    /// The sums of the weights of each node.
    pub fn degrees(&self) -> &[f64] {
        &self.0.degrees
    }

    /// The eigenvalues of `D^−½ W D^−½`, ascending: between −1 and 1, the largest being 1.
    pub fn eigenvalues(&self) -> &[f64] {
        &self.0.eigenvalues
    }

    /// Pairs `i < j` of neighbours with their weight.
    pub(crate) fn pairs(&self) -> &[(usize, usize, f64)] {
        &self.0.edges
    }
}

fn unfit(problem: String) -> Error {
    Error::Unsupported { what: "adjacency".to_owned(), problem }
}

/// The eigenvalues of a symmetric matrix, ascending: Householder's reduction to a tridiagonal matrix (Golub and Van Loan,
/// Matrix Computations, section 8.3.1), then bisection by the number of negative pivots (section 8.4.1).
fn eigenvalues(mut a: Vec<f64>, size: usize) -> Vec<f64> {
    let mut off = vec![0.0; size];
    for k in 0..size.saturating_sub(2) {
        // The reflection I − 2 v vᵀ/vᵀv of the rest maps the column below the diagonal to its first element.
        let mut v: Vec<f64> = (k + 1..size).map(|i| a[i * size + k]).collect();
        let norm = v.iter().map(|x| x * x).sum::<f64>().sqrt();
        let first = if v[0] > 0.0 { -norm } else { norm };
        off[k] = first;
        v[0] -= first;
        let square: f64 = v.iter().map(|x| x * x).sum();
        if square == 0.0 {
            continue;
        }
        let rest = k + 1;
        let p: Vec<f64> =
            (0..v.len()).map(|i| 2.0 / square * (0..v.len()).map(|j| a[(rest + i) * size + rest + j] * v[j]).sum::<f64>()).collect();
        let half = p.iter().zip(&v).map(|(p, v)| p * v).sum::<f64>() / square;
        let w: Vec<f64> = p.iter().zip(&v).map(|(p, v)| p - half * v).collect();
        for i in 0..v.len() {
            for j in 0..v.len() {
                a[(rest + i) * size + rest + j] -= v[i] * w[j] + w[i] * v[j];
            }
        }
    }
    if size > 1 {
        off[size - 2] = a[(size - 1) * size + size - 2];
    }
    let diagonal: Vec<f64> = (0..size).map(|i| a[i * size + i]).collect();
    let beside = |i: usize| off[i].abs() + if i > 0 { off[i - 1].abs() } else { 0.0 };
    let bound = (0..size).map(|i| diagonal[i].abs() + beside(i)).fold(0.0, f64::max);
    (0..size).map(|number| bisect(&diagonal, &off, number, bound * (1.0 + f64::EPSILON))).collect()
}

/// Eigenvalue `number` of a tridiagonal matrix, all of which lie within `bound`.
fn bisect(diagonal: &[f64], off: &[f64], number: usize, bound: f64) -> f64 {
    let (mut low, mut high) = (-bound, bound);
    loop {
        let middle = low + 0.5 * (high - low);
        if middle <= low || middle >= high {
            return middle;
        }
        let (mut below, mut pivot) = (0, 1.0);
        for (i, d) in diagonal.iter().enumerate() {
            let coupling = if i > 0 { off[i - 1] * off[i - 1] / pivot } else { 0.0 };
            pivot = d - middle - coupling;
            if pivot == 0.0 {
                pivot = -f64::MIN_POSITIVE;
            }
            below += usize::from(pivot < 0.0);
        }
        if below > number { high = middle } else { low = middle }
    }
}
