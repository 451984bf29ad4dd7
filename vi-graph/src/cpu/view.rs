//! Where the elements of a node lie: a buffer and strides, so that most movement of data is none.

/// A strided window on a buffer; offsets and strides count elements, the stride of a dimension of size 1 is 0.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct View {
    /// The number of the buffer.
    pub buffer: usize,
    /// The position of the first element.
    pub offset: usize,
    /// One for each dimension of the node.
    pub strides: Vec<isize>,
}

/// The strides of `shape` in row-major order.
pub(crate) fn row_major(shape: &[usize]) -> Vec<isize> {
    let order: Vec<usize> = (0..shape.len()).collect();
    ordered(shape, &order)
}

/// The strides of `shape` when its dimensions are stored in this order, the last one innermost; dimensions that are left out
/// get stride 0.
pub(crate) fn ordered(shape: &[usize], order: &[usize]) -> Vec<isize> {
    let mut strides = vec![0; shape.len()];
    let mut step = 1;
    for &axis in order.iter().rev() {
        if shape[axis] > 1 {
            strides[axis] = step;
        }
        step *= shape[axis] as isize;
    }
    strides
}

impl View {
    /// All of a buffer in row-major order.
    pub fn dense(buffer: usize, shape: &[usize]) -> Self {
        View { buffer, offset: 0, strides: row_major(shape) }
    }

    /// Whether the elements follow each other in row-major order.
    pub fn is_dense(&self, shape: &[usize]) -> bool {
        shape.contains(&0) || self.strides == row_major(shape)
    }

    /// The same elements under another shape, where strides can say so.
    pub fn reshaped(&self, from: &[usize], to: &[usize]) -> Option<View> {
        if from.contains(&0) {
            return Some(View { buffer: self.buffer, offset: self.offset, strides: vec![0; to.len()] });
        }
        let (from, strides): (Vec<usize>, Vec<isize>) =
            from.iter().zip(&self.strides).filter(|(n, _)| **n > 1).map(|(n, s)| (*n, *s)).unzip();
        let mut result = vec![0; to.len()];
        let (mut i, mut j) = (0, 0);
        while i < from.len() {
            // The smallest groups of dimensions on both sides that have the same number of elements.
            let (first, start) = (i, j);
            let (mut have, mut want) = (from[i], 1);
            i += 1;
            loop {
                if want < have {
                    want *= to[j];
                    j += 1;
                } else if have < want {
                    have *= from[i];
                    i += 1;
                } else {
                    break;
                }
            }
            if (first..i - 1).any(|d| strides[d] != strides[d + 1] * from[d + 1] as isize) {
                return None;
            }
            let mut step = strides[i - 1];
            for d in (start..j).rev() {
                if to[d] > 1 {
                    result[d] = step;
                    step *= to[d] as isize;
                }
            }
        }
        Some(View { buffer: self.buffer, offset: self.offset, strides: result })
    }
}

/// One loop over several operands at once.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Dim {
    /// How often.
    pub count: usize,
    /// What each operand moves by.
    pub strides: Vec<isize>,
}

/// Loops over the dimensions `order` of `shape`, with neighbours merged where all operands walk on evenly.
pub(crate) fn merge(shape: &[usize], order: &[usize], operands: &[&[isize]]) -> Vec<Dim> {
    let mut dims: Vec<Dim> = Vec::new();
    for &axis in order {
        let count = shape[axis];
        if count == 1 {
            continue;
        }
        let strides: Vec<isize> = operands.iter().map(|s| s[axis]).collect();
        match dims.last_mut() {
            Some(last) if last.strides.iter().zip(&strides).all(|(outer, inner)| *outer == inner * count as isize) => {
                last.count *= count;
                last.strides = strides;
            }
            _ => dims.push(Dim { count, strides }),
        }
    }
    dims
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reshape_of_strided_elements_is_a_view_where_groups_stay_even() {
        let view = View { buffer: 0, offset: 3, strides: vec![1, 8, 2] };
        // [2, 3, 4] with strides 1, 8, 2: the last two are one run of 12 with stride 2.
        assert_eq!(view.reshaped(&[2, 3, 4], &[2, 12]).map(|v| v.strides), Some(vec![1, 2]));
        assert_eq!(view.reshaped(&[2, 3, 4], &[2, 1, 6, 2]).map(|v| v.strides), Some(vec![1, 0, 4, 2]));
        assert_eq!(view.reshaped(&[2, 3, 4], &[6, 4]), None);
        assert_eq!(View::dense(0, &[6]).reshaped(&[6], &[2, 3]).map(|v| v.strides), Some(vec![3, 1]));
        assert_eq!(View { buffer: 0, offset: 0, strides: vec![] }.reshaped(&[], &[1, 1]).map(|v| v.strides), Some(vec![0, 0]));
    }

    #[test]
    fn loops_merge_where_every_operand_is_even() {
        let shape = [4, 3, 5];
        let dims = merge(&shape, &[0, 1, 2], &[&[15, 5, 1], &[0, 0, 0]]);
        assert_eq!(dims, [Dim { count: 60, strides: vec![1, 0] }]);
        let dims = merge(&shape, &[0, 1, 2], &[&[15, 5, 1], &[0, 5, 1]]);
        assert_eq!(dims, [Dim { count: 4, strides: vec![15, 0] }, Dim { count: 15, strides: vec![1, 1] }]);
    }
}
