//! Pages of lists, by keyset.

/// Which page is wanted: what comes after a position, at most so many.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PageRequest<P> {
    /// The position of the last item of the page before; none for the first.
    pub after: Option<P>,
    /// How many at most, 1 to [`MAX_LIMIT`].
    pub limit: u64,
}

/// The largest page.
pub const MAX_LIMIT: u64 = 100;
/// The size of a page when none is asked for.
pub const DEFAULT_LIMIT: u64 = 20;

impl<P> PageRequest<P> {
    /// The first page.
    pub fn first(limit: u64) -> Self {
        Self { after: None, limit }
    }
}

/// One page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Page<T, P> {
    /// The items.
    pub items: Vec<T>,
    /// The position after which the next page starts; none on the last page.
    pub next: Option<P>,
}

impl<T, P> Page<T, P> {
    /// Makes a page from up to `limit + 1` rows: the extra one only tells that
    /// there is more.
    pub fn from_rows(mut rows: Vec<T>, limit: u64, position: impl Fn(&T) -> P) -> Self {
        let limit = usize::try_from(limit).unwrap_or(usize::MAX);
        let more = rows.len() > limit;
        rows.truncate(limit);
        let next = if more {
            rows.last().map(position)
        } else {
            None
        };
        Self { items: rows, next }
    }

    /// The same page of other items.
    pub fn map<U>(self, f: impl FnMut(T) -> U) -> Page<U, P> {
        Page {
            items: self.items.into_iter().map(f).collect(),
            next: self.next,
        }
    }
}

/// The last of a page that is full, after which more may come: for work that
/// goes over everything page by page.
pub fn last_of_full<T>(page: &[T], limit: i64) -> Option<&T> {
    let is_full = i64::try_from(page.len()).is_ok_and(|found| found == limit);
    page.last().filter(|_| is_full)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_extra_row_tells_that_there_is_more() {
        let page = Page::from_rows(vec![1, 2, 3], 2, |&n| n);
        assert_eq!((page.items, page.next), (vec![1, 2], Some(2)));
        let last = Page::from_rows(vec![1, 2], 2, |&n| n);
        assert_eq!((last.items, last.next), (vec![1, 2], None));
        let none = Page::<i32, i32>::from_rows(vec![], 2, |&n| n);
        assert_eq!(none.next, None);
    }

    #[test]
    fn after_a_full_page_more_may_come() {
        assert_eq!(last_of_full(&[1, 2], 2), Some(&2));
        assert_eq!(last_of_full(&[1], 2), None);
        assert_eq!(last_of_full::<i32>(&[], 2), None);
    }
}
