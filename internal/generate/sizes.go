package generate

// headroom is how many positions a cache has beyond its prompts, and gets more each time it is full.
const headroom = 32

// sizes chooses the shapes of programs, each of which is compiled once. The Go backend does so in no time: its shapes lie close
// to what is needed. XLA takes seconds for each: there are a few shapes, and some work on padding.
type sizes struct{ few bool }

// up rounds a number of rows up.
func (z sizes) up(n int) int {
	if !z.few {
		return padRows(n)
	}
	size := 1
	for size < n {
		size *= 4
	}
	return size
}

// rows rounds a number of rows up, of which there are never more than most.
func (z sizes) rows(n, most int) int {
	if !z.few {
		return padRows(n)
	}
	return min(z.up(n), max(n, most))
}

// length rounds a number of positions up. Few: 64, and from there two lengths for every doubling.
func (z sizes) length(n int) int {
	if !z.few {
		return padLength(n)
	}
	size := max(64, padRows(n))
	if half := size / 4 * 3; n <= half && size > 64 {
		return half
	}
	return size
}

// slots is the size of a cache that n positions are written to, and that has room to go on.
func (z sizes) slots(n int) int {
	if !z.few {
		return n + headroom
	}
	return z.length(n + 1)
}

// shrinks says whether rows are so few that it is worth to leave the others out of a state.
func (z sizes) shrinks(size, rows int) bool {
	if z.few {
		return size <= rows/4
	}
	return size <= rows/2
}

// padRows rounds a number of rows up to a power of two.
func padRows(n int) int {
	size := 1
	for size < n {
		size *= 2
	}
	return size
}

// padLength rounds a prompt's length up: by 32 at first, by an eighth of the next power of two for long ones.
func padLength(n int) int {
	step := max(32, padRows(n)/8)
	if n <= 16 {
		step = 16
	}
	return (n + step - 1) / step * step
}
