//! Lower triangular matrices and the vectors of their elements.

use burn::tensor::{Int, Tensor, TensorData};

/// The elements at known places of the last dimension, one gather; places may repeat.
pub(super) fn pick<const D: usize>(x: Tensor<D>, places: &[usize]) -> Tensor<D> {
    let places: Vec<i64> = places.iter().map(|&place| place as i64).collect();
    let count = places.len();
    let places = Tensor::<1, Int>::from_data(TensorData::new(places, [count]), &x.device().inner());
    x.select(D - 1, places)
}

/// Numbers as one row, to stand beside `like`.
pub(super) fn row<const D: usize>(numbers: Vec<f64>, like: &Tensor<D>) -> Tensor<D> {
    let mut dims = [1; D];
    dims[D - 1] = numbers.len();
    Tensor::from_data(TensorData::new(numbers, dims), (&like.device().inner(), like.dtype()))
}

/// `[.., n, n]` as `[.., 1, n²]`.
pub(super) fn flatten<const D: usize>(matrix: Tensor<D>) -> Tensor<D> {
    let mut dims = matrix.dims();
    (dims[D - 2], dims[D - 1]) = (1, dims[D - 2] * dims[D - 1]);
    matrix.reshape(dims)
}

/// Where the diagonal of an `n × n` matrix stands when it is flattened.
pub(super) fn diagonal_places(size: usize) -> Vec<usize> {
    (0..size).map(|i| i * (size + 1)).collect()
}

/// `[.., n, n]` as `[rows, n, n]`.
pub(super) fn batched<const D: usize>(matrix: Tensor<D>) -> Tensor<3> {
    let dims = matrix.dims();
    matrix.reshape([dims[..D - 2].iter().product(), dims[D - 2], dims[D - 1]])
}

/// A lower triangle of size `size`, with its diagonal or without, whose elements are numbered row by row.
#[derive(Clone, Copy, Debug)]
pub(super) struct Triangle {
    pub(super) size: usize,
    diagonal: bool,
}

impl Triangle {
    /// The triangle with diagonal in matrices of `size` rows.
    pub(super) fn full(size: usize) -> Self {
        Triangle { size, diagonal: true }
    }

    /// The triangle below the diagonal in matrices of `size` rows.
    pub(super) fn strict(size: usize) -> Self {
        Triangle { size, diagonal: false }
    }

    /// The triangle with diagonal that has `count` elements.
    ///
    /// # Panics
    /// Where there is none, as Burn's own operations do where shapes do not fit.
    pub(super) fn full_of(count: usize) -> Self {
        let size = (((8 * count + 1) as f64).sqrt() as usize - 1) / 2;
        let triangle = Self::full(size);
        assert!(triangle.count() == count, "{count} numbers do not fill a triangle with its diagonal; n(n+1)/2 do");
        triangle
    }

    /// The triangle below the diagonal that has `count` elements.
    ///
    /// # Panics
    /// Where there is none.
    pub(super) fn strict_of(count: usize) -> Self {
        let triangle = Self::strict(Self::full_of(count).size + 1);
        assert!(triangle.count() == count, "{count} numbers do not fill a triangle below a diagonal; n(n-1)/2 do");
        triangle
    }

    /// The number of elements.
    pub(super) fn count(self) -> usize {
        self.start(self.size)
    }

    /// How many elements stand above `row`.
    fn start(self, row: usize) -> usize {
        row * (row + 1) / 2 - if self.diagonal { 0 } else { row }
    }

    /// The number of the element at `row`, `column`, if it belongs to the triangle.
    pub(super) fn place(self, row: usize, column: usize) -> Option<usize> {
        let inside = column < row || (self.diagonal && column == row);
        inside.then(|| self.start(row) + column)
    }

    /// The matrix `[.., n, n]` whose element at `row`, `column` is that of `[.., 1, m]` at `place(row, column)`.
    pub(super) fn unpack<const D: usize>(self, numbers: Tensor<D>, place: impl Fn(usize, usize) -> usize) -> Tensor<D> {
        let size = self.size;
        let places: Vec<usize> = (0..size * size).map(|i| place(i / size, i % size)).collect();
        let mut dims = numbers.dims();
        (dims[D - 2], dims[D - 1]) = (size, size);
        pick(numbers, &places).reshape(dims)
    }

    /// Where the elements stand in the flattened matrix, in their order.
    pub(super) fn in_matrix(self) -> Vec<usize> {
        let size = self.size;
        (0..size * size).filter(|&i| self.place(i / size, i % size).is_some()).collect()
    }

    /// The numbers of the elements on the diagonal.
    pub(super) fn on_diagonal(self) -> Vec<usize> {
        (0..self.size).filter_map(|i| self.place(i, i)).collect()
    }

    /// The shape of the numbers for matrices of a shape.
    pub(super) fn packed_shape(self, matrices: &[usize]) -> Vec<usize> {
        with_event(matrices, [1, self.count()])
    }

    /// The shape of the matrices for numbers of a shape.
    pub(super) fn matrix_shape(self, numbers: &[usize]) -> Vec<usize> {
        with_event(numbers, [self.size, self.size])
    }
}

fn with_event(shape: &[usize], event: [usize; 2]) -> Vec<usize> {
    let batch = shape.len().saturating_sub(2);
    shape[..batch].iter().copied().chain(event).collect()
}
