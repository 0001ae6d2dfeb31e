package lora

import (
	"cmp"
	"math"
	"math/rand/v2"
	"slices"
)

// topSingular finds the r largest singular triples of w [rows, columns] by block power iteration with fixed start vectors
// (Halko et al. 2011, arXiv:0909.4061): u [r][rows], s [r], v [r][columns]. Signs: the largest entry of v is positive.
func topSingular(w []float32, rows, columns, r int) (u [][]float64, s []float64, v [][]float64) {
	k := min(r+8, rows, columns)
	rng := rand.New(rand.NewPCG(0x70697373, 0x61)) // "pissa"
	q := make([][]float64, k)
	for i := range q {
		q[i] = make([]float64, columns)
		for j := range q[i] {
			q[i][j] = rng.NormFloat64()
		}
	}
	orthonormal(q)
	const rounds = 60
	var y [][]float64
	before := make([]float64, k)
	for range rounds {
		y = timesRows(w, q, rows, columns)
		orthonormal(y)
		q = timesColumns(w, y, rows, columns)
		lengths := orthonormal(q)
		if n := min(r, k); settled(before[:n], lengths[:n]) {
			break
		}
		copy(before, lengths)
	}
	return rayleigh(w, q, rows, columns, r)
}

func settled(before, now []float64) bool {
	for i, v := range now {
		if math.Abs(v-before[i]) > 1e-12*now[0] {
			return false
		}
	}
	return true
}

// timesRows is w q for each q: [k][columns] -> [k][rows].
func timesRows(w []float32, q [][]float64, rows, columns int) [][]float64 {
	out := make([][]float64, len(q))
	for i, x := range q {
		out[i] = make([]float64, rows)
		for row := range rows {
			sum := 0.0
			for c, v := range w[row*columns : (row+1)*columns] {
				sum += float64(v) * x[c]
			}
			out[i][row] = sum
		}
	}
	return out
}

// timesColumns is wᵀ y for each y: [k][rows] -> [k][columns].
func timesColumns(w []float32, y [][]float64, rows, columns int) [][]float64 {
	out := make([][]float64, len(y))
	for i, x := range y {
		out[i] = make([]float64, columns)
		for row := range rows {
			for c, v := range w[row*columns : (row+1)*columns] {
				out[i][c] += float64(v) * x[row]
			}
		}
	}
	return out
}

// orthonormal makes the vectors so in place (Gram-Schmidt, twice) and returns how long what was new in each was. A vector
// that brings nothing new becomes zero.
func orthonormal(q [][]float64) []float64 {
	lengths := make([]float64, len(q))
	for i, x := range q {
		before := math.Sqrt(dot(x, x))
		for range 2 {
			for _, y := range q[:i] {
				subtract(x, y, dot(x, y))
			}
		}
		length := math.Sqrt(dot(x, x))
		lengths[i] = length
		if length <= 1e-13*before {
			clear(x)
			continue
		}
		for j := range x {
			x[j] /= length
		}
	}
	return lengths
}

func dot(x, y []float64) (sum float64) {
	for i, v := range x {
		sum += v * y[i]
	}
	return sum
}

// subtract takes factor·y off x.
func subtract(x, y []float64, factor float64) {
	for i, v := range y {
		x[i] -= factor * v
	}
}

// rayleigh turns an orthonormal basis q of the wanted right vectors into the singular triples within it.
func rayleigh(w []float32, q [][]float64, rows, columns, r int) (u [][]float64, s []float64, v [][]float64) {
	y := timesRows(w, q, rows, columns)
	k := len(q)
	gram := make([][]float64, k)
	for i := range gram {
		gram[i] = make([]float64, k)
		for j := range gram[i] {
			gram[i][j] = dot(y[i], y[j])
		}
	}
	values, vectors := symmetricEigen(gram)
	order := make([]int, k)
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(values[b], values[a]) })
	u, s, v = make([][]float64, r), make([]float64, r), make([][]float64, r)
	for i := range r {
		u[i], v[i] = make([]float64, rows), make([]float64, columns)
		if i >= k {
			continue // a rank above the matrix's own: nothing is left
		}
		for j := range k {
			subtract(v[i], q[j], -vectors[j][order[i]])
			subtract(u[i], y[j], -vectors[j][order[i]])
		}
		if s[i] = math.Sqrt(dot(u[i], u[i])); s[i] > 0 {
			sign := 1.0
			if largest := slices.MaxFunc(v[i], func(a, b float64) int { return cmp.Compare(math.Abs(a), math.Abs(b)) }); largest < 0 {
				sign = -1
			}
			for j := range v[i] {
				v[i][j] *= sign
			}
			for j := range u[i] {
				u[i][j] *= sign / s[i]
			}
		}
	}
	return u, s, v
}

// symmetricEigen is Jacobi's method: values, and vectors as columns. a is used up.
func symmetricEigen(a [][]float64) (values []float64, vectors [][]float64) {
	n := len(a)
	vectors = make([][]float64, n)
	for i := range vectors {
		vectors[i] = make([]float64, n)
		vectors[i][i] = 1
	}
	for range 60 {
		moved := false
		for p := range n {
			for q := p + 1; q < n; q++ {
				if math.Abs(a[p][q]) > 1e-15*math.Sqrt(math.Abs(a[p][p]*a[q][q])) {
					rotate(a, vectors, p, q)
					moved = true
				}
			}
		}
		if !moved {
			break
		}
	}
	values = make([]float64, n)
	for i := range values {
		values[i] = a[i][i]
	}
	return values, vectors
}

// rotate zeroes a[p][q].
func rotate(a, vectors [][]float64, p, q int) {
	theta := (a[q][q] - a[p][p]) / (2 * a[p][q])
	t := math.Copysign(1, theta) / (math.Abs(theta) + math.Hypot(theta, 1))
	c := 1 / math.Hypot(t, 1)
	s := t * c
	for k := range a {
		a[k][p], a[k][q] = c*a[k][p]-s*a[k][q], s*a[k][p]+c*a[k][q]
	}
	for k := range a {
		a[p][k], a[q][k] = c*a[p][k]-s*a[q][k], s*a[p][k]+c*a[q][k]
	}
	for _, row := range vectors {
		row[p], row[q] = c*row[p]-s*row[q], s*row[p]+c*row[q]
	}
}
